let () =
  let json = Yojson.Safe.from_string {|{"name": "xpkg", "n": [1, 2.5, -3e2, null, true], "text": "\u00e9\n", "big": 123456789012345678901}|} in
  print_endline (Yojson.Safe.to_string json);
  print_endline (Yojson.Safe.pretty_to_string (Yojson.Safe.Util.member "n" json));
  print_endline (Yojson.Basic.Util.to_string (`String "plain"));
  Seq.iter (fun j -> print_endline (Yojson.Safe.to_string j)) (Yojson.Safe.seq_from_string "1 [] \"three\"");
  try ignore (Yojson.Safe.from_string "{\"a\": }") with Yojson.Json_error message -> print_endline message
