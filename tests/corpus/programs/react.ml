open React

let () =
  let clicks, click = E.create () in
  let count = S.fold ( + ) 0 clicks in
  let parity = S.map (fun n -> if n mod 2 = 0 then "even" else "odd") count in
  let told = S.map (fun text -> print_endline text) parity in
  List.iter click [ 1; 2; 4 ];
  Printf.printf "%d\n" (S.value count);
  let both = S.l2 (fun n text -> Printf.sprintf "%d is %s" n text) count parity in
  print_endline (S.value both);
  S.stop told
