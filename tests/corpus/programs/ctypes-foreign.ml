open Ctypes

let () =
  let abs = Foreign.foreign "labs" (long @-> returning long) in
  Printf.printf "%s\n" (Signed.Long.to_string (abs (Signed.Long.of_int (-42))));
  let length = Foreign.foreign "strlen" (string @-> returning size_t) in
  Printf.printf "%s\n" (Unsigned.Size_t.to_string (length "twelve bytes"));
  (* C calls back. *)
  let compare_t = ptr int @-> ptr int @-> returning int in
  let qsort = Foreign.foreign "qsort" (ptr int @-> size_t @-> size_t @-> Foreign.funptr compare_t @-> returning void) in
  let numbers = CArray.of_list int [ 5; 1; 4 ] in
  qsort (CArray.start numbers) (Unsigned.Size_t.of_int 3)
    (Unsigned.Size_t.of_int (sizeof int))
    (fun a b -> compare !@a !@b);
  print_endline (String.concat " " (List.map string_of_int (CArray.to_list numbers)))
