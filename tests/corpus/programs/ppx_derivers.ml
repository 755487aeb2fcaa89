type Ppx_derivers.deriver += Mine of string

let () =
  Ppx_derivers.register "mine" (Mine "first");
  (match Ppx_derivers.lookup "mine" with Some (Mine name) -> print_endline name | _ -> print_endline "lost");
  Printf.printf "%d\n" (List.length (Ppx_derivers.derivers ()))
