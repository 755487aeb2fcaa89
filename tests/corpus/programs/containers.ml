let () =
  let v = CCVector.of_list [ 5; 3; 9; 1 ] in
  CCVector.sort' Int.compare v;
  print_endline (CCVector.to_string ~sep:", " string_of_int v);
  print_endline (CCString.pad ~side:`Left 12 "right");
  Printf.printf "%d\n" (CCInt.popcount 0xff0);
  (match CCSexp.parse_string "(a (b \"c d\") 12)" with
  | Ok sexp -> print_endline (CCSexp.to_string sexp)
  | Error message -> print_endline message);
  let parser = CCParse.(sep ~by:(char ',') (skip_white *> U.int)) in
  (match CCParse.parse_string parser "1, 22,333" with
  | Ok numbers -> Printf.printf "%d\n" (CCList.fold_left ( + ) 0 numbers)
  | Error message -> print_endline message);
  print_endline (CCUnix.escape_str "it's");
  print_endline (String.concat " " (CCList.map string_of_int CCList.(1 -- 5)))
