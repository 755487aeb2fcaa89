module C = Configurator.V1

let () =
  C.main ~name:"toy" (fun c ->
      let defined =
        C.C_define.import c ~includes:[ "stddef.h" ]
          [ ("__aarch64__", Switch); ("__x86_64__", Switch); ("__riscv", Switch); ("__arm__", Switch); ("__SIZEOF_LONG__", Int) ]
      in
      let arch =
        List.fold_left
          (fun found (name, value) -> match value with C.C_define.Value.Switch true -> name | _ -> found)
          "none" defined
      in
      let long = match List.assoc "__SIZEOF_LONG__" defined with Int n -> n | _ -> 0 in
      let links = C.c_test c "#include <math.h>\nint main (int n, char **v) { return (int) cos(n); }" ~link_flags:[ "-lm" ] in
      C.Flags.write_sexp "flags.sexp" (if links then [ "-lm" ] else []);
      C.Flags.write_lines "probed.ml"
        [
          Printf.sprintf "let arch = %S" arch;
          Printf.sprintf "let long = %d" long;
          Printf.sprintf "let architecture = %S" (C.ocaml_config_var_exn c "architecture");
        ])
