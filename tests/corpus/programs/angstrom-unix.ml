open Angstrom

let line = take_till (fun c -> c = '\n') <* end_of_line

let () =
  let input, output = Unix.pipe () in
  let written = "first\nsecond\nthird\n" in
  ignore (Unix.write_substring output written 0 (String.length written));
  Unix.close output;
  let rest, result = Angstrom_unix.parse_many line print_endline (Unix.in_channel_of_descr input) in
  Printf.printf "%d left, %s\n" rest.len (match result with Ok () -> "all read" | Error message -> message)
