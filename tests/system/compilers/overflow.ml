(* A stack that is used up is an exception, and there is stack again once it is caught. *)
let rec deep n = if n = 0 then 0 else 1 + deep (n - 1)

let () =
  for _ = 1 to 2 do
    (try ignore (deep 1_000_000_000) with Stack_overflow -> print_endline "Stack_overflow");
    Printf.printf "%d\n" (deep 10_000)
  done
