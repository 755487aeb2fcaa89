let () =
  (try Dynlink.loadfile Sys.argv.(1) with Dynlink.Error e -> print_endline (Dynlink.error_message e));
  Printf.printf "%d\n" (Hashtbl.find Registry.functions "twice" 21);
  try Dynlink.loadfile "nowhere.cmxs" with Dynlink.Error _ -> print_endline "no such plug-in"
