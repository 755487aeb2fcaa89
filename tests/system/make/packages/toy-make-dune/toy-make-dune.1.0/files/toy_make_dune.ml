let () = Printf.printf "dune: machine %d, built on %d\n" (Toymake.machine ()) Made.word_size
