open Cmdliner

let say loud count names =
  let text = Printf.sprintf "%d %s" count (String.concat "+" names) in
  print_endline (if loud then String.uppercase_ascii text else text)

let command =
  let loud = Arg.(value & flag & info [ "l"; "loud" ] ~doc:"Speak up.") in
  let count = Arg.(value & opt int 1 & info [ "n"; "count" ] ~docv:"N" ~doc:"How often.") in
  let names = Arg.(non_empty & pos_all string [] & info [] ~docv:"NAME") in
  Cmd.v (Cmd.info "say" ~version:"1") Term.(const say $ loud $ count $ names)

let run arguments =
  let code = Cmd.eval ~err:Format.std_formatter ~argv:(Array.of_list ("say" :: arguments)) command in
  Printf.printf "-> %d\n%!" code

let () =
  run [ "a"; "b" ];
  run [ "-ln"; "3"; "c" ];
  run [ "--count=x"; "c" ];
  run [];
  run [ "--version" ]
