let () = Hashtbl.replace Registry.functions "twice" (fun n -> 2 * n); Printf.printf "loaded %.1f\n%!" 1.5
