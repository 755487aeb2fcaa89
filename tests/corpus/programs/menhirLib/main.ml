let () =
  List.iter
    (fun text ->
      let lexbuf = Lexing.from_string text in
      match Parser.main Lexer.token lexbuf with
      | n -> Printf.printf "%s = %d\n" text n
      | exception Parser.Error -> Printf.printf "%s: wrong at %d\n" text (Lexing.lexeme_start lexbuf))
    [ "1 + 2 * 3"; "(1 + 2) * 3"; "1 + * 2" ];
  (* The same automaton, step by step. *)
  let module I = Parser.MenhirInterpreter in
  let lexbuf = Lexing.from_string "2 * (3 + 4)" in
  let supplier = I.lexer_lexbuf_to_supplier Lexer.token lexbuf in
  I.loop_handle (Printf.printf "%d\n") (fun _ -> print_endline "wrong") supplier
    (Parser.Incremental.main lexbuf.lex_curr_p)
