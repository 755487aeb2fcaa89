let show parts = print_endline (String.concat "|" parts)

let () =
  show (Stringext.split "a,b,,c" ~on:',');
  show (Stringext.split ~max:2 "a,b,,c" ~on:',');
  show (Stringext.full_split "1+2-3" ~on:'+');
  show (Stringext.split_trim_left "x , y" ~on:"," ~trim:" ");
  (match Stringext.cut "key=value=more" ~on:"=" with
  | Some (key, value) -> Printf.printf "%s -> %s\n" key value
  | None -> print_endline "no cut");
  Printf.printf "%b %b\n"
    (Stringext.find_from "needle in hay" ~pattern:"in" = Some 7)
    (Stringext.string_after "abc" 1 = "bc");
  print_endline (Stringext.replace_all "one two one" ~pattern:"one" ~with_:"1")
