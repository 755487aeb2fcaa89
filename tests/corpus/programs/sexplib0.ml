open Sexplib0

let () =
  let sexp = Sexp_conv.(sexp_of_list (sexp_of_pair sexp_of_int sexp_of_string)) [ (1, "one"); (2, "two words") ] in
  print_endline (Sexp.to_string_mach sexp);
  print_endline (Sexp.to_string_hum ~indent:2 (List [ Atom "deep"; sexp; List [] ]));
  let pairs = Sexp_conv.(list_of_sexp (pair_of_sexp int_of_sexp string_of_sexp)) sexp in
  Printf.printf "%d %s\n" (fst (List.nth pairs 1)) (snd (List.nth pairs 1));
  (try ignore (Sexp_conv.int_of_sexp (Atom "x"))
   with Sexp_conv.Of_sexp_error (_, at) -> print_endline ("not an int: " ^ Sexp.to_string at));
  print_endline (Sexp.to_string (Sexp_conv.sexp_of_float 0.1))
