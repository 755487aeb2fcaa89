open FileUtil

let () =
  print_endline (FilePath.UnixPath.reduce "a/b/../c/./d");
  print_endline (FilePath.UnixPath.make_relative "/usr/lib" "/usr/share/x");
  print_endline (FilePath.UnixPath.replace_extension "a/b.tar" "zip");
  let directory = Filename.temp_file "corpus" ".d" in
  Sys.remove directory;
  mkdir ~parent:true (FilePath.concat directory "sub");
  let file = FilePath.concat directory "f.txt" in
  touch file;
  cp [ file ] (FilePath.concat directory "sub/g.txt");
  let found = find (And (Is_file, Has_extension "txt")) directory (fun names name -> FilePath.basename name :: names) [] in
  print_endline (String.concat " " (List.sort compare found));
  rm ~recurse:true [ directory ];
  Printf.printf "%b\n" (test Exists directory)
