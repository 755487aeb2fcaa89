let () =
  let show path = print_endline (Fpath.to_string path) in
  let path = Fpath.(v "/usr" / "lib" // v "ocaml/../camlp4/./x.tar.gz") in
  show path;
  show (Fpath.normalize path);
  Printf.printf "%s %s %b\n" (Fpath.get_ext ~multi:true path) (Fpath.basename path) (Fpath.is_abs path);
  (match Fpath.relativize ~root:(Fpath.v "/usr/lib/a/") (Fpath.v "/usr/share/b") with
  | Some relative -> show relative
  | None -> print_endline "none");
  match Fpath.of_string "a\x00b" with Ok _ -> print_endline "a path" | Error (`Msg message) -> print_endline message
