(* SPDX-License-Identifier: ISC *)

module Clock = struct
  external uptime_ns : unit -> (int[@untagged])
    = "mirage_os_bytecode" "mirage_os_uptime_ns"
  [@@noalloc]

  external now_ns : unit -> (int[@untagged])
    = "mirage_os_bytecode" "mirage_os_now_ns"
  [@@noalloc]

  let time () = float_of_int (now_ns ()) *. 1e-9
end

module Console = struct
  external write : string -> unit = "mirage_os_write" [@@noalloc]

  let log text = write (text ^ "\n")

  let log_s text =
    log text;
    Lwt.return_unit

  let printf format = Printf.ksprintf write format
end

module Time = struct
  (* Sleepers by the time they wake up at (ns of uptime), in the order they went to sleep. *)
  module Queue = Map.Make (struct
    type t = int * int

    let compare (at, n) (at', n') =
      match Int.compare at at' with 0 -> Int.compare n n' | c -> c
  end)

  let sleepers = ref Queue.empty
  let count = ref 0

  let sleep seconds =
    if not (seconds > 0.) then Lwt.return_unit
    else
      let ns = Float.min (seconds *. 1e9) 1e18 in
      let key = (Clock.uptime_ns () + int_of_float ns, !count) in
      let task, waker = Lwt.task () in
      incr count;
      sleepers := Queue.add key waker !sleepers;
      Lwt.on_cancel task (fun () -> sleepers := Queue.remove key !sleepers);
      task

  (* Wakes everybody whose time has come; the nanoseconds until the next one, if any. *)
  let rec wake () =
    match Queue.min_binding_opt !sleepers with
    | None -> None
    | Some (((at, _) as key), waker) ->
        let left = at - Clock.uptime_ns () in
        if left > 0 then Some left
        else begin
          sleepers := Queue.remove key !sleepers;
          Lwt.wakeup_later waker ();
          wake ()
        end

  exception Timeout

  let with_timeout seconds f =
    let timeout = Lwt.bind (sleep seconds) (fun () -> Lwt.fail Timeout) in
    Lwt.pick [ timeout; f () ]
end

module Io_page = struct
  type t = Cstruct.buffer

  let page_size = 4096

  external address_in_page : t -> (int[@untagged])
    = "mirage_os_bytecode1" "mirage_os_address_in_page"
  [@@noalloc]

  (* The kernel's allocator puts headers before blocks, so one page more is taken and the part
     that is aligned is used. *)
  let get n =
    if n <= 0 then invalid_arg "OS.Io_page.get";
    let length = n * page_size in
    let raw = Bigarray.(Array1.create char c_layout (length + page_size)) in
    let past = address_in_page raw in
    let skip = if past = 0 then 0 else page_size - past in
    let pages = Bigarray.Array1.sub raw skip length in
    Bigarray.Array1.fill pages '\000';
    pages

  let to_cstruct page = Cstruct.of_bigarray page
  let length = Bigarray.Array1.dim
end

module Main = struct
  exception Deadlock

  external block : (int[@untagged]) -> unit
    = "mirage_os_bytecode1" "mirage_os_block"
  [@@noalloc]

  let rec run t =
    Lwt.wakeup_paused ();
    match Lwt.poll t with
    | Some result -> result
    | None ->
        (match Time.wake () with
        | _ when Lwt.paused_count () > 0 -> ()
        | Some ns -> if Lwt.is_sleeping t then block ns
        | None -> if Lwt.is_sleeping t then raise Deadlock);
        run t
end
