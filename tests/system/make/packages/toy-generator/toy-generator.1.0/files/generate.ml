let () = print_endline "let made = true"
