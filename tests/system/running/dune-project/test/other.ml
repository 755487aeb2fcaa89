let () = print_endline ("other on " ^ Tested.machine ())
