let () =
  let buffer = Cstruct.of_string "four bytes" in
  let sexp = Cstruct_sexp.sexp_of_t (Cstruct.sub buffer 0 4) in
  print_endline (Sexplib.Sexp.to_string sexp);
  print_endline (Cstruct.to_string (Cstruct_sexp.t_of_sexp (Sexplib.Sexp.of_string "\"a b\"")))
