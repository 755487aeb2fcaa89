let show g = print_endline (String.concat " " (Array.to_list (Re.Group.all g)))

let () =
  let date = Re.Perl.re {|(\d{4})-(\d\d)-(\d\d)|} |> Re.compile in
  List.iter show (Re.all date "from 1999-12-31 to 2026-01-02");
  let word = Re.(compile (rep1 (alt [ rg 'a' 'z'; char '-' ]))) in
  print_endline (String.concat "," (Re.matches word "well-known: cross compilers, 12"));
  print_endline (Re.replace_string (Re.compile (Re.Glob.glob "*.ml")) ~by:"<source>" "main.ml");
  Printf.printf "%b\n" (Re.execp (Re.compile (Re.Posix.re "^(a|b)*c$")) "ababac");
  print_endline (String.concat "|" (Re.split (Re.compile (Re.rep1 Re.space)) "one  two\tthree"))
