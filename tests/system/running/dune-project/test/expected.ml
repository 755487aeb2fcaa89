let () = print_endline ("expected on " ^ Tested.machine ())
