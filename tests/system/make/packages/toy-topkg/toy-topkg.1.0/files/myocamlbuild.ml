(* A plugin runs while building, on the build machine. *)
open Ocamlbuild_plugin

let () =
  dispatch (function
    | After_rules ->
        rule "a module that is made while building" ~prod:"src/made.ml" (fun _ _ ->
            Echo ([ Printf.sprintf "let word_size = %d\n" Sys.word_size ], "src/made.ml"));
        flag [ "link"; "ocaml"; "library"; "byte"; "stubs_toytopkg" ] (S [ A "-dllib"; A "-ltoytopkg" ]);
        flag [ "link"; "ocaml"; "stubs_toytopkg" ] (S [ A "-cclib"; A "-ltoytopkg"; A "-ccopt"; A "-Lsrc" ]);
        dep [ "link"; "ocaml"; "stubs_toytopkg" ] [ "src/libtoytopkg.a" ]
    | _ -> ())
