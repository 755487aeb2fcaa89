open Angstrom

let spaces = skip_while (fun c -> c = ' ')
let token p = p <* spaces
let number = token (take_while1 (function '0' .. '9' -> true | _ -> false) >>| int_of_string)
let symbol c f = token (char c) *> return f
let rec chain e op = e >>= fun first -> rest first e op
and rest acc e op = lift2 (fun f x -> f acc x) op e >>= (fun acc -> rest acc e op) <|> return acc

let expression =
  fix (fun expression ->
      let factor = token (char '(') *> expression <* token (char ')') <|> number in
      let term = chain factor (symbol '*' ( * ) <|> symbol '/' ( / )) in
      chain term (symbol '+' ( + ) <|> symbol '-' ( - )))

let () =
  List.iter
    (fun text ->
      match parse_string ~consume:All (spaces *> expression) text with
      | Ok n -> Printf.printf "%s = %d\n" text n
      | Error message -> Printf.printf "%s: %s\n" text message)
    [ "1 + 2 * 3"; "(1 + 2) * 3"; "100 / 7 - 4"; "1 +" ];
  (* Input in pieces, with binary numbers. *)
  let state = Buffered.parse (both BE.any_uint16 LE.any_int32) in
  let state = List.fold_left (fun s piece -> Buffered.feed s (`String piece)) state [ "\x01"; "\x02\x03"; "\x00\x00\x00" ] in
  match Buffered.state_to_result (Buffered.feed state `Eof) with
  | Ok (a, b) -> Printf.printf "%d %ld\n" a b
  | Error message -> print_endline message
