let functions : (string, int -> int) Hashtbl.t = Hashtbl.create 3
