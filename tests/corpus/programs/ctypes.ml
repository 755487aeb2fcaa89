open Ctypes

(* Structures whose layout is that of the target's C. *)
type pair

let pair : pair structure typ = structure "pair"
let small = field pair "small" int8_t
let large = field pair "large" int64_t
let () = seal pair

let () =
  let p = make pair in
  setf p small (-3);
  setf p large 1_000_000_000_000L;
  Printf.printf "%d %Ld\n" (getf p small) (getf p large);
  Printf.printf "%d %d\n" (offsetof large) (sizeof pair);
  let squares = CArray.of_list int32_t (List.map Int32.of_int [ 1; 4; 9 ]) in
  let second = CArray.start squares +@ 1 in
  second <-@ 5l;
  print_endline (String.concat " " (List.map Int32.to_string (CArray.to_list squares)));
  print_endline (string_of_typ (ptr (ptr pair)));
  print_endline (string_of_fn (int @-> ptr char @-> returning size_t));
  Printf.printf "%s\n" (Unsigned.UInt16.to_string (Unsigned.UInt16.of_int 65537))
