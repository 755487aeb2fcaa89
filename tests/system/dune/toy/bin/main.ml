let say name value = Printf.printf "%s: %s\n" name value

let () =
  say "generated"
    (String.concat " "
       [ By_run.here; By_exe.here; By_bin.here; By_name.here; By_dep.here; By_shell.here; By_script.here ]);
  say "probed" (Printf.sprintf "%s %d %s" Probe.Probed.arch Probe.Probed.long Probe.Probed.architecture);
  say "values" (Arch.chosen ^ " " ^ Values.values);
  say "rewritten" (Printf.sprintf "%d %d %d" Rewritten.answer Staged.answer Filtered.answer);
  say "stubs" (string_of_int (Stubs.stub 1));
  say "choice" Choice.choice;
  say "virtual" Virt.name;
  say "calc" (string_of_int (Calc.Parser.sum Calc.Lexer.token (Lexing.from_string "1 + 20 + 21")))
