let () =
  let lexer = Genlex.make_lexer [ "+"; "("; ")" ] in
  let tokens = lexer (Stream.of_string "(12 + x) 1.5 \"s\" 'c'") in
  Stream.iter
    (function
      | Genlex.Kwd word -> Printf.printf "keyword %s\n" word
      | Genlex.Ident word -> Printf.printf "name %s\n" word
      | Genlex.Int n -> Printf.printf "int %d\n" n
      | Genlex.Float x -> Printf.printf "float %g\n" x
      | Genlex.String text -> Printf.printf "string %s\n" text
      | Genlex.Char c -> Printf.printf "char %c\n" c)
    tokens;
  let numbers = Stream.from (fun n -> if n < 4 then Some (n * n) else None) in
  Stream.junk numbers;
  Printf.printf "%d\n" (List.length (Stream.npeek 9 numbers))
