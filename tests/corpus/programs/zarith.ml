let () =
  let big = Z.pow (Z.of_int 7) 300 in
  print_endline (Z.to_string big);
  Printf.printf "%d %s\n" (Z.numbits big) (Z.format "%#x" (Z.rem big (Z.of_string "0xffffffffffffffff")));
  let prime = Z.nextprime (Z.of_string "1000000000000000000000") in
  print_endline (Z.to_string (Z.powm (Z.of_int 3) big prime));
  print_endline (Z.to_string (Z.invert (Z.of_int 12345) prime));
  print_endline (Q.to_string Q.(of_string "22/7" - (of_int 3 / of_string "1/10")));
  Printf.printf "%b %d\n" (Z.fits_int (Z.of_int max_int)) (Z.compare (Z.neg big) Z.zero);
  match Z.of_string "12x" with exception Invalid_argument message -> print_endline message | _ -> ()
