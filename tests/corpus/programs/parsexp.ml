let () =
  (match Parsexp.Many.parse_string "(a b) c ; comment\n(d (e))" with
  | Ok sexps -> List.iter (fun s -> print_endline (Sexplib0.Sexp.to_string s)) sexps
  | Error _ -> print_endline "wrong");
  match Parsexp.Single.parse_string "(a" with
  | Ok _ -> print_endline "whole"
  | Error e -> print_endline (Parsexp.Parse_error.message e)
