external twice : int -> int = "toy_twice"
external machine : unit -> int = "toy_machine"
