let () =
  let text = "0123456789abcdef" in
  let a = Bigstringaf.of_string ~off:0 ~len:16 text in
  (* Overlapping, and of either byte order. *)
  Bigstringaf.blit a ~src_off:0 a ~dst_off:4 ~len:8;
  print_endline (Bigstringaf.to_string a);
  Printf.printf "%x %x %Lx\n" (Bigstringaf.get_int16_be a 0) (Bigstringaf.get_int16_le a 0) (Bigstringaf.get_int64_be a 8);
  Bigstringaf.set_int32_be a 0 0x41424344l;
  print_endline (Bigstringaf.substring a ~off:0 ~len:6);
  let b = Bigstringaf.of_string ~off:0 ~len:4 "ABCD" in
  Printf.printf "%d %d\n" (Bigstringaf.memcmp a 0 b 0 4) (Bigstringaf.memchr a 0 'C' 16)
