let temporary suffix = Filename.temp_file "corpus" suffix

let () =
  let text = String.concat "" (List.init 500 (fun n -> Printf.sprintf "line %d\n" n)) in
  let name = temporary ".gz" in
  let out = Gzip.open_out name in
  Gzip.output_substring out text 0 (String.length text);
  Gzip.close_out out;
  let input = Gzip.open_in name in
  let buffer = Bytes.create (String.length text) in
  Gzip.really_input input buffer 0 (Bytes.length buffer);
  Gzip.close_in input;
  Sys.remove name;
  Printf.printf "%b\n" (Bytes.to_string buffer = text);
  let name = temporary ".zip" in
  let archive = Zip.open_out name in
  Zip.add_entry text archive "a/lines.txt" ~mtime:1e9;
  Zip.close_out archive;
  let archive = Zip.open_in name in
  List.iter
    (fun entry -> Printf.printf "%s %d %lx\n" entry.Zip.filename entry.Zip.uncompressed_size entry.Zip.crc)
    (Zip.entries archive);
  Printf.printf "%b\n" (Zip.read_entry archive (Zip.find_entry archive "a/lines.txt") = text);
  Zip.close_in archive;
  Sys.remove name
