let () =
  let name = Filename.temp_file "corpus" ".bin" in
  Out_channel.with_open_bin name (fun out -> output_string out "head and tail");
  let fd = Unix.openfile name [ Unix.O_RDWR ] 0o600 in
  let mapped = Unix_cstruct.of_fd fd in
  Printf.printf "%d %S\n" (Cstruct.length mapped) (Cstruct.to_string mapped);
  Printf.printf "%S\n" (Cstruct.to_string (Cstruct.shift mapped 9));
  Unix.close fd;
  Sys.remove name
