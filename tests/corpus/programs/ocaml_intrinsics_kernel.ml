open Ocaml_intrinsics_kernel

let () =
  Printf.printf "%d %d %d\n"
    (Int.count_set_bits 0b101101)
    (Int64.count_leading_zeros 1L)
    (Int64.count_trailing_zeros 256L);
  Printf.printf "%g %g\n" (Float.min 1.0 2.0) (Float.max 1.0 2.5)
