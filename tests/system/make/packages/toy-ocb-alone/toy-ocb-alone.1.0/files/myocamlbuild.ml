(* A plugin runs while building, on the build machine. *)
open Ocamlbuild_plugin

let () =
  dispatch (function
    | After_rules ->
        rule "a module that is made while building" ~prod:"made.ml" (fun _ _ ->
            Echo ([ Printf.sprintf "let word_size = %d\n" Sys.word_size ], "made.ml"))
    | _ -> ())
