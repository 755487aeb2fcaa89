let () = print_endline (Tested.machine ())
