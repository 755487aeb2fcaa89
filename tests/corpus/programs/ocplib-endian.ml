let () =
  let b = Bytes.make 16 '\000' in
  EndianBytes.BigEndian.set_int64 b 0 0x0102030405060708L;
  EndianBytes.LittleEndian.set_int32 b 8 0x0a0b0c0dl;
  EndianBytes.BigEndian.set_double b 8 (-1.5e300);
  String.iter (fun c -> Printf.printf "%02x" (Char.code c)) (Bytes.to_string b);
  print_newline ();
  Printf.printf "%Lx %lx %h\n"
    (EndianBytes.LittleEndian.get_int64 b 0)
    (EndianBytes.BigEndian.get_int32 b 4)
    (EndianBytes.BigEndian.get_double b 8);
  let big = Bigarray.Array1.create Bigarray.char Bigarray.c_layout 8 in
  EndianBigstring.LittleEndian.set_int16 big 2 (-2);
  Printf.printf "%d %d\n" (EndianBigstring.LittleEndian.get_int16 big 2) (EndianBigstring.BigEndian.get_uint16 big 2);
  match EndianBytes.BigEndian.get_int64 b 9 with
  | _ -> print_endline "no bound"
  | exception Invalid_argument _ -> print_endline "out of bounds"
