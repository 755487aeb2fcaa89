(* Numbers, exceptions, the garbage collector, marshalling: no library but the standard one. *)
exception Mine of string * int

let rec deep n = if n = 0 then 0 else 1 + deep (n - 1)

let numbers () =
  Printf.printf "%.17g %h %e %F\n" 0.1 (1. /. 3.) 1e300 (sqrt 2.);
  Printf.printf "%g %g %b\n" (nan +. 1.) (1. /. 0.) (nan = nan);
  Printf.printf "%Ld %Lx %Lu\n" Int64.max_int 0x123456789abcdefL (-1L);
  Printf.printf "%Ld %Ld\n" (Int64.div Int64.min_int 7L) (Int64.rem (-9007199254740993L) 1000L);
  Printf.printf "%ld %lx\n" (Int32.mul 123456789l 987l) (Int32.shift_right_logical (-1l) 5);
  Printf.printf "%.3f %d\n" (Int64.to_float 0x7fffffffffffffL) (int_of_float (-1e6));
  Printf.printf "%f %f %f\n" (Float.fma 1.5 2.25 0.125) (Float.round 2.5) (ldexp 0.75 10);
  List.iter (fun d -> Printf.printf "%d:%d,%d " d (1000003 / d) (-1000003 mod d)) [1; 3; 7; 10; 641; -13];
  Printf.printf "\n%d %d %d\n" (123456 * 777) ((-5) asr 1) (0x3fffffff land 12345)

let divided n = Printf.printf "%d %d %d %d\n" (n / 7) (n mod 10) (n / -3) (n / 1000)

let matched s = match s with
  | "" -> 0 | "a" -> 1 | "abcd" -> 2 | "abcdefgh" -> 3 | "\xff\xfe\xfd\xfc" -> 4
  | "h\xc3\xa9llo" -> 5 | "\x80" -> 6 | "zzzzzzzzzzzzzzz" -> 7 | _ -> -1

let exceptions () =
  (try raise (Mine ("x", 3)) with Mine (s, n) -> Printf.printf "Mine %s %d\n" s n);
  (try ignore (List.assoc 1 []) with Not_found -> print_endline "Not_found");
  (try ignore ([| 1 |].(Sys.opaque_identity 5)) with Invalid_argument m -> print_endline m);
  (try ignore (1 / Sys.opaque_identity 0) with Division_by_zero -> print_endline "Division_by_zero");
  Printf.printf "%d\n" (deep 10_000)

let collected () =
  let table = Hashtbl.create 10 and finalised = ref 0 in
  for i = 1 to 50_000 do
    let block = Bytes.make (1 + i mod 600) 'x' in
    if i mod 100 = 0 then Gc.finalise (fun _ -> incr finalised) block;
    if i mod 7 = 0 then Hashtbl.replace table (i mod 997) block
  done;
  Gc.compact ();
  let total = Hashtbl.fold (fun _ b n -> n + Bytes.length b) table 0 in
  let weak = Weak.create 1 in
  Weak.set weak 0 (Some (ref (Sys.opaque_identity 1)));
  Gc.full_major ();
  Printf.printf "%d %b %b\n" total (!finalised > 300) (Weak.check weak 0)

type tree = Leaf | Node of tree * float * string * tree

let marshalled () =
  let rec make n = if n = 0 then Leaf else Node (make (n - 1), float n /. 3., string_of_int n, make (n - 1)) in
  let value = (make 10, [| 1.5; nan |], Int64.min_int, -1l, 0x3fffffff) in
  let text = Marshal.to_string value [] in
  let (tree, floats, long, word, int) : tree * float array * int64 * int32 * int = Marshal.from_string text 0 in
  Printf.printf "%d %b %g %Ld %ld %d\n" (Hashtbl.hash tree) (tree = make 10) floats.(0) long word int;
  print_endline (Digest.to_hex (Digest.string (Marshal.to_string (tree, long, word) [Marshal.No_sharing])))

let () =
  numbers ();
  List.iter divided (List.map Sys.opaque_identity [0; 1; 6; 7; 999_999_937; -1; -7; -999_999_937]);
  List.iter (fun s -> Printf.printf "%d " (matched s))
    [""; "a"; "abcd"; "abcdefgh"; "\xff\xfe\xfd\xfc"; "h\xc3\xa9llo"; "\x80"; "zzzzzzzzzzzzzzz"; "b"; "\x7f"];
  print_newline ();
  exceptions ();
  collected ();
  marshalled ();
  Printf.printf "%s %s\n" (Printexc.to_string (Failure "end")) (String.concat "," (List.map string_of_float [1e-7; 123.]))
