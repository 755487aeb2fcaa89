open Ppxlib

(* [%seconds 1 :: 30] is 90. *)
let expand ~ctxt e =
  let loc = Expansion_context.Extension.extension_point_loc ctxt in
  match e with
  | [%expr [%e? minutes] :: [%e? seconds]] -> [%expr ([%e minutes] * 60) + [%e seconds]]
  | _ -> Location.raise_errorf ~loc "minutes :: seconds"

let extension = Extension.V3.declare "seconds" Expression Ast_pattern.(single_expr_payload __) expand
let () = Driver.register_transformation "seconds" ~rules:[ Context_free.Rule.extension extension ]
