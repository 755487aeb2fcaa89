let () =
  let squares = Gen.map (fun n -> n * n) (Gen.int_range 1 10) in
  Printf.printf "%d\n" (Gen.fold ( + ) 0 squares);
  let pairs = Gen.product (Gen.of_list [ 1; 2 ]) (Gen.of_list [ "a"; "b" ]) in
  Gen.iter (fun (n, s) -> Printf.printf "%d%s " n s) pairs;
  print_newline ();
  let again = Gen.persistent (Gen.take 4 (Gen.iterate 1 (( * ) 2))) in
  Printf.printf "%d %d\n" (Gen.fold ( + ) 0 (again ())) (Gen.length (again ()));
  Gen.group (Gen.of_string "aabccc")
  |> Gen.iter (fun run -> Printf.printf "%d " (List.length run));
  print_newline ()
