let () =
  let pair = Fmt.(pair ~sep:(any " -> ") string int) in
  Fmt.pr "@[<v>%a@]@." (Fmt.list pair) [ ("one", 1); ("two", 2) ];
  Fmt.pr "%a@." Fmt.(Dump.list (Dump.option float)) [ Some 1.5; None ];
  Fmt.pr "%a %a@." Fmt.byte_size 123456 Fmt.uint64_ns_span 1_500_000_000L;
  Fmt.pr "%a@." (Fmt.result ~ok:Fmt.int ~error:Fmt.string) (Error "no");
  print_endline (Fmt.str "%a" Fmt.(list ~sep:comma int) [ 1; 2; 3 ])

let () =
  Fmt_tty.setup_std_outputs ~style_renderer:`None ~utf_8:false ();
  Fmt.pr "%a@." Fmt.(styled `Bold string) "plain";
  let colour = Cmdliner.Cmd.v (Cmdliner.Cmd.info "corpus") (Fmt_cli.style_renderer ()) in
  match Cmdliner.Cmd.eval_value ~argv:[| "corpus"; "--color=always" |] colour with
  | Ok (`Ok (Some `Ansi_tty)) ->
      Fmt.set_style_renderer Fmt.stdout `Ansi_tty;
      Fmt.pr "%a@." Fmt.(styled `Bold string) "bold"
  | _ -> print_endline "no colour"
