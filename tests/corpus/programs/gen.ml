let () =
  let squares = Gen.map (fun n -> n * n) (Gen.int_range 1 10) in
  Printf.printf "%d\n" (Gen.fold ( + ) 0 squares);
  let pairs = Gen.product (Gen.of_list [ 1; 2 ]) (Gen.of_list [ "a"; "b" ]) in
  Gen.iter (fun (n, s) -> Printf.printf "%d%s " n s) pairs;
  print_newline ();
  let again = GenM.of_gen (Gen.take 3 (Gen.iterate 1 (( * ) 2))) |> fun memo -> memo in
  ignore again;
  Gen.group (Gen.of_string "aabccc")
  |> Gen.iter (fun run -> Printf.printf "%d " (List.length run));
  print_newline ()
