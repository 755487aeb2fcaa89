let () =
  let decoder = Uutf.decoder ~encoding:`UTF_8 (`String "h\xc3\xa9\xff\xe2\x82\xac\xf0\x9f\x90\xab") in
  let buffer = Buffer.create 32 in
  let encoder = Uutf.encoder `UTF_16BE (`Buffer buffer) in
  let rec loop () =
    match Uutf.decode decoder with
    | `Uchar u ->
        Printf.printf "U+%04X at %d\n" (Uchar.to_int u) (Uutf.decoder_byte_count decoder);
        ignore (Uutf.encode encoder (`Uchar u));
        loop ()
    | `Malformed bytes ->
        Printf.printf "malformed %S\n" bytes;
        loop ()
    | `End -> ignore (Uutf.encode encoder `End)
    | `Await -> assert false
  in
  loop ();
  String.iter (fun c -> Printf.printf "%02x" (Char.code c)) (Buffer.contents buffer);
  print_newline ()
