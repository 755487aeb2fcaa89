type t = Atom of string | List of t list

module C = Csexp.Make (struct
  type nonrec t = t = Atom of string | List of t list
end)

let () =
  let value = List [ Atom "one"; List [ Atom ""; Atom "a b\nc" ]; List [] ] in
  let text = C.to_string value in
  Printf.printf "%S\n" text;
  (match C.parse_string text with
  | Ok back -> Printf.printf "same: %b\n" (back = value)
  | Error (at, message) -> Printf.printf "%d: %s\n" at message);
  match C.parse_string "(3:ab" with
  | Ok _ -> print_endline "parsed"
  | Error (at, message) -> Printf.printf "%d: %s\n" at message
