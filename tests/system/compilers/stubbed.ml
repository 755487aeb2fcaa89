external add : int -> float -> string -> float = "stub_add"
external array_sum : (int32, Bigarray.int32_elt, Bigarray.c_layout) Bigarray.Array1.t -> int64 = "stub_sum"
external callback : (int -> string) -> string = "stub_callback"
let () =
  Printf.printf "%.2f\n" (add 40 2.5 "abc");
  let numbers = Bigarray.Array1.init Bigarray.int32 Bigarray.c_layout 10 (fun i -> Int32.of_int (i * 1000003)) in
  Printf.printf "%Ld\n" (array_sum numbers);
  print_endline (callback (fun n -> "called with " ^ string_of_int n));
  (try ignore (callback (fun _ -> failwith "through C")) with Failure m -> print_endline m)
