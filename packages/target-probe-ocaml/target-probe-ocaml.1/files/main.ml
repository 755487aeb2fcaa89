let () =
  let values = List.init 100 succ in
  let total = Target_probe.sum values in
  for _ = 1 to 100 do ignore (Array.init 10_000 float_of_int) done;
  Gc.full_major ();
  match Target_probe.first_above 41 values with
  | Some found ->
    Printf.printf "OCaml %s, %d bits, sum %d, third %.3f, found %d\n"
      Sys.ocaml_version Sys.word_size total (float_of_int total /. 3.) found
  | None -> exit 2
