let double n =
  let%lwt () = Lwt.pause () in
  if n < 0 then Lwt.fail (Invalid_argument "negative") else Lwt.return (2 * n)

let main () =
  let%lwt a = double 21 and b = double 1 in
  Printf.printf "%d %d\n" a b;
  let%lwt text = try%lwt double (-1) |> Lwt.map string_of_int with Invalid_argument why -> Lwt.return why in
  print_endline text;
  match%lwt double 0 with
  | 0 -> (for%lwt i = 1 to 3 do print_endline (string_of_int i); Lwt.pause () done) [%lwt.finally Lwt.return (print_endline "end")]
  | _ -> Lwt.return_unit

let () = Lwt_main.run (main ())
