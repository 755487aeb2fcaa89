let () = Printf.printf "configure: %s, machine %d\n" Config.arch (Toymake.machine ())
