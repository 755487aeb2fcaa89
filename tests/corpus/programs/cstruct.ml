let () =
  let frame = Cstruct.create 20 in
  Cstruct.BE.set_uint16 frame 0 0x0800;
  Cstruct.LE.set_uint32 frame 2 0xdeadbeefl;
  Cstruct.BE.set_uint64 frame 6 0x1122334455667788L;
  Cstruct.blit_from_string "cross" 0 frame 14 5;
  Cstruct.hexdump frame;
  let tail = Cstruct.shift frame 14 in
  Printf.printf "%d %S\n" (Cstruct.length tail) (Cstruct.to_string ~len:5 tail);
  Printf.printf "%b\n" (Cstruct.equal (Cstruct.of_hex "0800 efbe adde") (Cstruct.sub frame 0 6));
  Printf.printf "%d\n" (Cstruct.compare (Cstruct.of_string "ab") (Cstruct.of_string "ac"));
  match Cstruct.sub frame 15 6 with
  | _ -> print_endline "no bound"
  | exception Invalid_argument _ -> print_endline "out of bounds"
