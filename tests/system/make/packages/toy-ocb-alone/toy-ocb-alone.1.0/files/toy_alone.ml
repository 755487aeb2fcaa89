let () = Printf.printf "alone: %d, built on %d\n" Sys.word_size Made.word_size
