module Words = CCTrie.MakeList (struct
  type t = int

  let compare = Int.compare
end)

let () =
  let bits = CCBV.of_list [ 1; 4; 63; 64; 100 ] in
  Printf.printf "%d %b %b\n" (CCBV.cardinal bits) (CCBV.get bits 63) (CCBV.get bits 62);
  let queue = CCFQueue.of_list [ 1; 2; 3 ] in
  print_endline (String.concat "," (List.map string_of_int (CCFQueue.to_list (CCFQueue.snoc queue 4))));
  let trie = Words.of_list [ ([ 1; 2 ], "a"); ([ 1 ], "b"); ([ 3 ], "c") ] in
  Words.iter (fun key value -> Printf.printf "%d:%s " (List.length key) value) trie;
  print_newline ();
  let ral = CCRAL.of_list [ 10; 20; 30 ] in
  Printf.printf "%d %d\n" (CCRAL.get_exn ral 1) (CCRAL.length (CCRAL.cons 0 ral))
