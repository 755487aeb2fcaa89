open Astring

let () =
  print_endline (String.concat ~sep:"|" (String.cuts ~empty:false ~sep:"," "a,b,,c"));
  (match String.cut ~rev:true ~sep:"." "archive.tar.gz" with
  | Some (stem, kind) -> Printf.printf "%s %s\n" stem kind
  | None -> print_endline "no dot");
  let words = String.Sub.fields ~empty:false (String.sub "  two  words ") in
  print_endline (String.concat ~sep:"/" (List.map String.Sub.to_string words));
  let names = String.Set.of_list [ "b"; "a"; "b" ] in
  Printf.printf "%d %s\n" (String.Set.cardinal names) (String.Ascii.escape "caf\xc3\xa9\n");
  print_endline (match String.to_int "0x1f" with Some n -> string_of_int n | None -> "none")
