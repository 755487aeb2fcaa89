let () = Printf.printf "let here = %S\n" Sys.argv.(1)
