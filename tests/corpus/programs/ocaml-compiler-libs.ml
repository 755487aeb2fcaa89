open Ocaml_common

let () =
  let text = "let rec f x = if x < 1 then 1 else x * f (x - 1)" in
  let tree = Parse.implementation (Lexing.from_string text) in
  Format.printf "%a@." Pprintast.structure tree;
  print_endline (String.concat "." (Longident.flatten (Longident.parse "A.B.c")))
