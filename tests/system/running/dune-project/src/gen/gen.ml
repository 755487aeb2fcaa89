let () = print_endline "let answer = 42"
