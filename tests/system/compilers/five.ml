(* What only OCaml 5 has: domains, atomics and effects. *)
open Effect
open Effect.Deep
type _ Effect.t += Ask : int -> int Effect.t

let () =
  let total = Atomic.make 0 in
  let work n () = for i = 1 to 10_000 do Atomic.fetch_and_add total (i * n) |> ignore done; n in
  let domains = List.map (fun n -> Domain.spawn (work n)) [1; 2; 3] in
  let results = List.map Domain.join domains in
  Printf.printf "%d %d\n" (Atomic.get total) (List.fold_left ( + ) 0 results);
  let lists = List.map (fun n -> Domain.spawn (fun () -> List.length (List.init (n * 50_000) (fun i -> [i])))) [1; 2] in
  List.iter (fun d -> Printf.printf "%d\n" (Domain.join d)) lists;
  let rec deep n = if n = 0 then perform (Ask 1) else 1 + deep (n - 1) in
  let answer =
    match_with (fun () -> perform (Ask 20) + deep 100_000) ()
      { retc = (fun n -> n); exnc = raise;
        effc = (fun (type a) (e : a Effect.t) ->
          match e with
          | Ask n -> Some (fun (k : (a, _) continuation) -> Gc.compact (); continue k (n * 2))
          | _ -> None) }
  in
  Printf.printf "%d\n" answer
