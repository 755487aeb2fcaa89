(* As little of a driver as dune asks for. *)
let mappers : Ast_mapper.mapper list ref = ref []
let register mapper = mappers := mapper :: !mappers
let structure str = List.fold_left (fun str (m : Ast_mapper.mapper) -> m.structure m str) str !mappers

let whole source output =
  let channel = open_in_bin source in
  let lexbuf = Lexing.from_channel channel in
  Location.init lexbuf source;
  let str = structure (Parse.implementation lexbuf) in
  close_in channel;
  let out = open_out_bin output in
  output_string out Config.ast_impl_magic_number;
  output_value out source;
  output_value out str;
  close_out out

let main () =
  if Array.exists (( = ) "--as-ppx") Sys.argv then (
    let n = Array.length Sys.argv in
    Ast_mapper.apply ~source:Sys.argv.(n - 2) ~target:Sys.argv.(n - 1)
      { Ast_mapper.default_mapper with structure = (fun _ str -> structure str) })
  else
    let output = ref "" and source = ref "" in
    Arg.parse_argv ~current:(ref 0) 
      Sys.argv
      [
        ("-o", Set_string output, ""); ("--impl", Set_string source, ""); ("--intf", Set_string source, "");
        ("--cookie", String ignore, ""); ("-corrected-suffix", String ignore, ""); ("-diff-cmd", String ignore, "");
        ("--dump-ast", Unit ignore, "");
      ]
      (fun other -> source := other) "";
    whole !source !output
