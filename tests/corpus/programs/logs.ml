let source = Logs.Src.create "corpus" ~doc:"what this program says"

module Log = (val Logs.src_log source)
module Log_lwt = (val Logs_lwt.src_log source)

let options = [| "corpus"; "-v" |]

let () =
  Logs_threaded.enable ();
  let level = Cmdliner.Cmd.v (Cmdliner.Cmd.info "corpus") (Logs_cli.level ()) in
  (match Cmdliner.Cmd.eval_value ~argv:options level with
  | Ok (`Ok level) -> Logs.set_level level
  | _ -> print_endline "no level");
  let ppf = Format.std_formatter in
  Logs.set_reporter (Logs_fmt.reporter ~pp_header:Logs.pp_header ~app:ppf ~dst:ppf ());
  Log.app (fun m -> m "begins");
  Log.info (fun m -> m "seen: %d" 3);
  Log.debug (fun m -> m "not seen");
  Lwt_main.run (Log_lwt.err (fun m -> m ~header:"bad" "an error, with lwt"));
  Printf.printf "%d errors, %d warnings\n" (Logs.err_count ()) (Logs.warn_count ());
  match Logs.level_of_string "warning" with
  | Ok level -> print_endline (Logs.level_to_string level)
  | Error (`Msg message) -> print_endline message
