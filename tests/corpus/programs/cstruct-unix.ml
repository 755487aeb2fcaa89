let () =
  let name = Filename.temp_file "corpus" ".bin" in
  let fd = Unix.openfile name [ Unix.O_RDWR ] 0o600 in
  Unix_cstruct.write fd [ Cstruct.of_string "head "; Cstruct.of_string "and tail" ];
  let mapped = Unix_cstruct.of_fd fd in
  Printf.printf "%d %S\n" (Cstruct.length mapped) (Cstruct.to_string mapped);
  ignore (Unix.lseek fd 5 Unix.SEEK_SET);
  let rest = Cstruct.create 8 in
  Printf.printf "%d %S\n" (Unix_cstruct.read fd rest) (Cstruct.to_string rest);
  Unix.close fd;
  Sys.remove name
