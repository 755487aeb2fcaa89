let () = Printf.printf "ocamlbuild: machine %d, built on %d\n" (Toymake.machine ()) Made.word_size
