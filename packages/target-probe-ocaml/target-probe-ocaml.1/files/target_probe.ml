(* Closures, exceptions, allocation and floats: what code generators get wrong first. *)
exception Found of int

let sum values = List.fold_left ( + ) 0 values
let first_above limit values =
  try List.iter (fun value -> if value > limit then raise (Found value)) values; None
  with Found value -> Some value
