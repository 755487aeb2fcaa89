let text =
  {|opam-version: "2.0"
depends: ["ocaml" {>= "4.08" & os != "win32"} "dune" {build}]
url { src: "https://example.org/a.tgz" }
|}

let () =
  let file = OpamParser.FullPos.string text "opam" in
  print_string (OpamPrinter.FullPos.opamfile file);
  List.iter
    (fun (item : OpamParserTypes.FullPos.opamfile_item) ->
      let line, column = item.pos.start in
      Printf.printf "%d.%d " line column)
    file.file_contents;
  print_newline ();
  match OpamParser.FullPos.string "depends: [" "broken" with
  | _ -> print_endline "parsed"
  | exception OpamLexer.Error message -> print_endline message
  | exception Stdlib.Parsing.Parse_error -> print_endline "parse error"
