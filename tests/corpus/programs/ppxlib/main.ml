let () =
  Printf.printf "%d\n" [%seconds 1 :: 30];
  let open Ppxlib in
  let tree = Parse.expression (Lexing.from_string "fun x -> (x, [%other x])") in
  let count =
    object
      inherit [int] Ast_traverse.fold as super
      method! expression e n = super#expression e (n + 1)
    end
  in
  Printf.printf "%d expressions: %s\n" (count#expression tree 0) (Pprintast.string_of_expression tree)
