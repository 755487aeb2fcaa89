let () = assert (By_run.here = "run")
