(* What depends on the size of a word. The native-code compiler computes most of it while it compiles, bytecode computes
   it while it runs: the two must agree, which a compiler with other integers than the target's does not achieve. *)
let () =
  Printf.printf "%d %d %d %d\n" max_int Sys.int_size Sys.word_size Nativeint.size;
  Printf.printf "%d %d %d\n" ((-1) lsr 1) (max_int + 1) (min_int asr 3);
  Printf.printf "%d %d %d\n" (max_int * 3) (0x2aaaaaaa * 7) ((max_int + 2) / 5);
  Printf.printf "%nd %nx %nd\n" Nativeint.max_int (Nativeint.shift_right_logical (-1n) 3) (Nativeint.mul 0x7fffffffn 3n);
  Printf.printf "%b %b\n" (max_int + 1 < 0) (0x3fffffff + 1 > 0);
  let n = Sys.opaque_identity (max_int - 12345) in
  List.iter (fun m -> Printf.printf "%d %d %d " (m / 7) (m mod 1000) (m / -641)) [n; -n; min_int];
  Printf.printf "\n%h %h\n" (0.1 +. 0.2) (1. /. 3. *. 3.3);
  Printf.printf "%d %d\n" (Hashtbl.hash max_int land 0) (String.length (Marshal.to_string (max_int, min_int) []));
  Printf.printf "%d\n" (match n with 1 -> 1 | 1073741823 -> 2 | -1073741824 -> 3 | _ -> 4)
