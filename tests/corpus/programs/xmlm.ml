let () =
  let input = Xmlm.make_input ~strip:true (`String (0, "<a x='1 &amp; 2'><b/> text &#233; </a>")) in
  let buffer = Buffer.create 80 in
  let output = Xmlm.make_output ~nl:true ~indent:(Some 2) (`Buffer buffer) in
  let rec copy depth =
    let signal = Xmlm.input input in
    Xmlm.output output signal;
    match signal with
    | `El_start _ -> copy (depth + 1)
    | `El_end -> if depth > 1 then copy (depth - 1)
    | `Data _ | `Dtd _ -> copy depth
  in
  copy 0;
  print_string (Buffer.contents buffer);
  match Xmlm.input (Xmlm.make_input (`String (0, "<a><"))) with
  | exception Xmlm.Error ((line, column), error) ->
      Printf.printf "%d:%d %s\n" line column (Xmlm.error_message error)
  | _ -> print_endline "a document type"
