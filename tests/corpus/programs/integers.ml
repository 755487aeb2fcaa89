open Unsigned

let () =
  let top = UInt32.of_string "4294967295" in
  Printf.printf "%s %s\n" (UInt32.to_string top) (UInt32.to_string (UInt32.add top UInt32.one));
  Printf.printf "%s\n" (UInt64.to_string (UInt64.div UInt64.max_int (UInt64.of_int 3)));
  Printf.printf "%d %d\n" (UInt8.to_int (UInt8.of_int 300)) (UInt16.to_int UInt16.max_int);
  Printf.printf "%d\n" (UInt64.compare UInt64.max_int UInt64.one);
  Printf.printf "%s\n" (Signed.Int32.to_string (Signed.Int32.shift_left Signed.Int32.minus_one 31));
  Printf.printf "%d %d %d\n" Size_t.(to_int (of_int 7)) UInt.(to_int (of_int 70000)) Signed.Int.(rem 17 5);
  Printf.printf "%s\n" (UInt64.to_hexstring (UInt64.of_string "0xfedcba9876543210"))
