let () = assert (Tested.answer = 42); print_endline ("plain ran on " ^ Tested.machine ())
