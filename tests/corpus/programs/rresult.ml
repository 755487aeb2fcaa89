open Rresult

let half n = if n mod 2 = 0 then Ok (n / 2) else R.error_msgf "%d is odd" n

let () =
  let show = function Ok n -> Printf.printf "%d\n" n | Error (`Msg message) -> print_endline message in
  show (half 12 >>= half);
  show (half 6 >>= half);
  show (half 7 |> R.reword_error_msg (fun message -> R.msg ("again: " ^ message)));
  show (R.kignore_error ~use:(fun _ -> Ok 0) (half 1))
