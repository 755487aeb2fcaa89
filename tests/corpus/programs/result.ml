let half n = if n mod 2 = 0 then Result.Ok (n / 2) else Result.Error (Printf.sprintf "%d is odd" n)

let () =
  List.iter
    (fun n -> match half n with Result.Ok m -> Printf.printf "%d\n" m | Result.Error e -> print_endline e)
    [ 8; 7 ]
