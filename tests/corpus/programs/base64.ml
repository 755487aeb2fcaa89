let () =
  let text = "cross\000compiled \255" in
  let plain = Base64.encode_exn text in
  print_endline plain;
  print_endline (Base64.encode_exn ~pad:false ~alphabet:Base64.uri_safe_alphabet text);
  Printf.printf "%b\n" (Base64.decode_exn plain = text);
  (match Base64.decode "????" with Ok _ -> print_endline "decoded" | Error (`Msg m) -> print_endline m);
  let buffer = Buffer.create 100 in
  let encoder = Base64_rfc2045.encoder (`Buffer buffer) in
  String.iter (fun c -> ignore (Base64_rfc2045.encode encoder (`Char c))) (String.make 70 'x');
  ignore (Base64_rfc2045.encode encoder `End);
  Printf.printf "%S\n" (Buffer.contents buffer)
