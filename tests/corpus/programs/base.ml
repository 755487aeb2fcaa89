open Base

let () =
  let table = Map.of_alist_exn (module String) [ ("b", 2); ("a", 1) ] in
  let print text = Stdlib.print_endline text in
  print (Sexp.to_string (Map.sexp_of_m__t (module String) sexp_of_int table));
  (* Bit counts, integer powers and hashes are C stubs, chosen by a probe. *)
  print (Int.to_string (Int.popcount 0xff00ff));
  print (Int.to_string (Int64.ctz 1024L));
  print (Int.to_string (Int.pow 3 20));
  print (Int.to_string (String.hash "cross"));
  print (Float.to_string (Float.round_decimal 3.14159 ~decimal_digits:2));
  print (String.concat ~sep:"," (List.map ~f:Int.to_string (List.sort [ 3; 1; 2 ] ~compare:Int.compare)));
  print (Int63.to_string Int63.max_value);
  match Or_error.try_with (fun () -> Option.value_exn (None : int option)) with
  | Ok _ -> print "some"
  | Error _ -> print "none"
