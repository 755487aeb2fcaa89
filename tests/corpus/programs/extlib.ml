open ExtLib

let () =
  let words = String.nsplit "a,b,,c" "," in
  Printf.printf "%d %s\n" (List.length words) (String.join "|" words);
  let array = DynArray.create () in
  List.iter (DynArray.add array) (List.init 5 (fun n -> n * n));
  DynArray.delete array 1;
  Printf.printf "%s\n" (String.join " " (List.map string_of_int (DynArray.to_list array)));
  let numbers = Enum.filter (fun n -> n mod 3 = 0) (List.enum [ 3; 4; 6; 7; 9 ]) in
  Printf.printf "%d\n" (Enum.fold ( + ) 0 numbers);
  let output = IO.output_string () in
  IO.write_i32 output 0x01020304;
  Printf.printf "%S\n" (IO.close_out output);
  let map = PMap.add "b" 2 (PMap.add "a" 1 PMap.empty) in
  PMap.iter (fun key value -> Printf.printf "%s=%d\n" key value) map
