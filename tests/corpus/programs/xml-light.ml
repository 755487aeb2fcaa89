let () =
  let tree = Xml.parse_string "<a x='1'><b>t &lt; u</b><c/></a>" in
  print_endline (Xml.to_string_fmt tree);
  Printf.printf "%s %s %d\n" (Xml.tag tree) (Xml.attrib tree "x") (List.length (Xml.children tree));
  let checked = Dtd.check (Dtd.parse_string "<!ELEMENT a (b, c)> <!ATTLIST a x CDATA #REQUIRED> <!ELEMENT b (#PCDATA)> <!ELEMENT c EMPTY>") in
  print_endline (Xml.to_string (Dtd.prove checked "a" tree));
  match Xml.parse_string "<a>" with
  | exception Xml.Error error -> print_endline (Xml.error error)
  | _ -> print_endline "parsed"
