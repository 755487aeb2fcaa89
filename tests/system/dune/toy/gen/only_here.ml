(* Linked with a library that the build machine alone has. *)
let words = Configurator.V1.Flags.extract_blank_separated_words Sys.argv.(1)
let () = Printf.printf "let here = %S\n" (String.concat " " words)
