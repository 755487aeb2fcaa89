open Bos

let get = function Ok value -> value | Error (`Msg message) -> failwith message

let () =
  let directory = Fpath.v (Filename.get_temp_dir_name ()) in
  let file = Fpath.(directory / Printf.sprintf "corpus-bos-%d" (Unix.getpid ())) in
  get (OS.File.write_lines file [ "one"; "two" ]);
  print_endline (String.concat "," (get (OS.File.read_lines file)));
  Printf.printf "%b\n" (get (OS.File.exists file));
  get (OS.File.delete file);
  Printf.printf "%b\n" (get (OS.File.exists file));
  Printf.printf "%s\n" (Cmd.to_string Cmd.(v "cp" % "-r" % "a b" % p (Fpath.v "c")));
  match OS.Env.(parse "CORPUS_NO_SUCH_VARIABLE" (parser "int" int_of_string_opt) ~absent:7) with
  | Ok number -> Printf.printf "%d\n" number
  | Error (`Msg message) -> print_endline message
