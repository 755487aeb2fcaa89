(* SPDX-License-Identifier: ISC *)

(* A program for the inside of the kernel that uses what such programs use. Every step says
   what it found; a step that fails ends the program with code 1. *)

open Lwt.Infix

let say format = Printf.printf (format ^^ "\n%!")
let failures = ref 0

let check what ok =
  if not ok then incr failures;
  say "%-10s %s" what (if ok then "ok" else "FAILED")

let floats () =
  let close a b = Float.abs (a -. b) < 1e-12 in
  let harmonic = ref 0. in
  for i = 1 to 1000 do
    harmonic := !harmonic +. (1. /. float_of_int i)
  done;
  check "floats"
    (close (4. *. atan 1.) 3.141592653589793
    && close !harmonic 7.485470860550345
    && Printf.sprintf "%.6f %.3e %h %s" (2. /. 3.) 12345.678 0.1 (string_of_float 1e300)
       = "0.666667 1.235e+04 0x1.999999999999ap-4 1e+300"
    && float_of_string "0x1.8p1" = 3.
    && Float.is_nan (sqrt (-1.)))

exception Wanted of int

let exceptions () =
  let rec deep n = if n = 0 then raise (Wanted 42) else 1 + deep (n - 1) in
  let caught = try deep 1000 with Wanted n -> n in
  let bounds = try Char.code (Bytes.get (Bytes.create 3) (Sys.opaque_identity 3)) with Invalid_argument _ -> -1 in
  let rec endless n = 1 + endless (Sys.opaque_identity n) in
  let overflow = try endless 0 with Stack_overflow -> -2 in
  check "exceptions" (caught = 42 && bounds = -1 && overflow = -2)

(* A few MiB of short-lived and some long-lived data: minor and major collections must run. *)
let collections () =
  let kept = Hashtbl.create 16 in
  for i = 1 to 200_000 do
    let text = string_of_int i in
    if i mod 1000 = 0 then Hashtbl.replace kept i text
  done;
  let sum = Hashtbl.fold (fun i text sum -> assert (int_of_string text = i); sum + i) kept 0 in
  Gc.full_major ();
  let stat = Gc.quick_stat () in
  say "%d minor and %d major collections, heap %d words" stat.Gc.minor_collections
    stat.Gc.major_collections stat.Gc.heap_words;
  check "gc" (sum = 20_100_000 && stat.Gc.minor_collections > 0 && stat.Gc.major_collections > 0)

let effects () =
  let open struct
    type _ Effect.t += Ask : int -> int Effect.t
  end in
  let answer =
    Effect.Deep.try_with
      (fun () -> Effect.perform (Ask 20) + Effect.perform (Ask 1))
      ()
      {
        Effect.Deep.effc =
          (fun (type a) (e : a Effect.t) ->
            match e with
            | Ask n -> Some (fun (k : (a, _) Effect.Deep.continuation) -> Effect.Deep.continue k (2 * n))
            | _ -> None);
      }
  in
  check "effects" (answer = 42)

let buffers () =
  let c = Cstruct.create 16 in
  Cstruct.BE.set_uint32 c 0 0xcafebabel;
  Cstruct.LE.set_uint64 c 8 0x0102030405060708L;
  let page = OS.Io_page.get 2 in
  let p = OS.Io_page.to_cstruct page in
  Cstruct.blit c 0 p 4096 16;
  check "cstruct"
    (Cstruct.get_uint8 c 0 = 0xca
    && Cstruct.get_uint8 p (4096 + 8) = 8
    && Cstruct.length p = 8192
    && Cstruct.BE.get_uint32 (Cstruct.sub p 4096 4) 0 = 0xcafebabel)

let sleeping () =
  let begun = OS.Clock.uptime_ns () in
  let order = Buffer.create 3 in
  let task name seconds =
    OS.Time.sleep seconds >|= fun () -> Buffer.add_string order name
  in
  Lwt.join [ task "c" 0.03; task "a" 0.01; task "b" 0.02 ] >>= fun () ->
  let ms = (OS.Clock.uptime_ns () - begun) / 1_000_000 in
  Lwt.catch
    (fun () -> OS.Time.with_timeout 0.01 (fun () -> OS.Time.sleep 10.) >|= fun () -> false)
    (function OS.Time.Timeout -> Lwt.return_true | e -> Lwt.fail e)
  >|= fun timed_out ->
  say "slept %d ms" ms;
  check "sleep" (Buffer.contents order = "abc" && ms >= 30 && ms < 10_000 && timed_out)

let main () =
  say "OCaml %s in the kernel" Sys.ocaml_version;
  floats ();
  exceptions ();
  collections ();
  effects ();
  buffers ();
  Lwt.pause () >>= sleeping >>= fun () ->
  Lwt.catch
    (fun () -> Lwt.fail (Wanted 7))
    (function Wanted 7 -> Lwt.return_unit | e -> Lwt.fail e)
  >>= fun () -> OS.Console.log_s "goodbye"

let () =
  OS.Main.run (main ());
  if !failures > 0 then exit 1
