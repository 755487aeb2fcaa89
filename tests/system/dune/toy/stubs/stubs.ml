external stub : int -> int = "toy_stub"
