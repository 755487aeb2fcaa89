let text =
  "package: a\nversion: 2\ndepends: b >= 1 | c\n\npackage: b\nversion: 1\ninstalled: true\n\nrequest: \ninstall: a\n\n"

let () =
  let parser = Cudf_parser.from_IO_in_channel (IO.input_string text) in
  let _, packages, request = Cudf_parser.parse parser in
  List.iter
    (fun package -> Printf.printf "%s %d %b\n" package.Cudf.package package.Cudf.version package.Cudf.installed)
    packages;
  (match request with
  | Some request -> Printf.printf "install %s\n" (Cudf_types_pp.string_of_vpkglist request.Cudf.install)
  | None -> print_endline "no request");
  let universe = Cudf.load_universe packages in
  Printf.printf "%d %d\n" (Cudf.universe_size universe) (Cudf.installed_size universe);
  match Cudf_checker.is_consistent universe with
  | true, _ -> print_endline "consistent"
  | false, _ -> print_endline "broken"
