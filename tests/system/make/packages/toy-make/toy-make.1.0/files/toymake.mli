val twice : int -> int

val machine : unit -> int
(** 0 x86-64, 1 arm64, 2 riscv, 3 arm *)
