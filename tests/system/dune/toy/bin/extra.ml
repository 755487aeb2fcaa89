let () = print_endline (Own.vendored ^ " " ^ Probe.Probed.architecture)
