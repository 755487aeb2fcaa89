let () = Printf.printf "let word_size = %d\n" Sys.word_size
