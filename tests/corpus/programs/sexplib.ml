open Sexplib

let () =
  let sexp = Sexp.of_string "(a (b \"c d\") ; comment\n #| more |# (1 2))" in
  print_endline (Sexp.to_string sexp);
  print_endline (Sexp.to_string (Conv.sexp_of_list Conv.sexp_of_int [ 1; 2; 3 ]));
  try ignore (Sexp.of_string "(a (b") with Failure _ -> print_endline "unfinished"
