let () = Callback.register "triple" (fun n -> 3 * n); print_string "started "; flush stdout
