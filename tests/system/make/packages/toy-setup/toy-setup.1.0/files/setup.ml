(* The script loads a library of the build machine, and what it starts compiles for the target. *)
#use "topfind"
#require "unix"
#require "topkg"

let run command =
  print_endline ("+ " ^ command);
  flush stdout;
  match Unix.system command with Unix.WEXITED 0 -> () | _ -> exit 2

let which name =
  let found directory = Sys.file_exists (Filename.concat directory name) in
  let path = String.split_on_char ':' (Sys.getenv "PATH") in
  match List.find_opt found path with
  | Some directory -> Filename.concat directory name
  | None -> failwith (name ^ " is not on PATH")

let read file = In_channel.with_open_text file In_channel.input_all

let () =
  match Array.to_list Sys.argv |> List.tl with
  | "-configure" :: "--prefix" :: prefix :: _ ->
      Out_channel.with_open_text "setup.data" (fun channel -> output_string channel prefix);
      ignore (Topkg.Pkg.bin : _);
      run (which "ocamlfind" ^ " query toy-make");
      run (which "ocamlopt" ^ " -version")
  | [ "-build" ] -> run (which "ocamlbuild" ^ " -use-ocamlfind src/toy_setup.native src/toysetup.cma src/toysetup.cmxa")
  | [ "-install" ] ->
      run (which "ocamlfind" ^ " install toy-setup META _build/src/toysetup.*");
      run (Printf.sprintf "mkdir -p %s/bin && cp _build/src/toy_setup.native %s/bin/toy_setup" (read "setup.data") (read "setup.data"))
  | _ -> exit 2
