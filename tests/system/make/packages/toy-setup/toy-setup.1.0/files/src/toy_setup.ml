let () = Printf.printf "setup: machine %d\n" (Toysetup.machine ())
