(* SPDX-License-Identifier: ISC *)

(** What a program in the FreeBSD kernel has of an operating system. *)

(** Time passing and time of day. *)
module Clock : sig
  (** Nanoseconds since the machine was started; never goes back. *)
  val uptime_ns : unit -> int

  (** Nanoseconds since 1970-01-01 00:00 UTC. *)
  val now_ns : unit -> int

  (** Seconds since 1970-01-01 00:00 UTC. *)
  val time : unit -> float
end

(** The system's console, which the kernel also keeps in its message buffer. *)
module Console : sig
  (** Writes the text as it is, at once. [Stdlib.print_string] and the like reach the same
      place when their channel is flushed, at the latest at the program's end. *)
  val write : string -> unit

  (** Writes the text and a newline. *)
  val log : string -> unit

  val log_s : string -> unit Lwt.t
  val printf : ('a, unit, string, unit) format4 -> 'a
end

(** Waiting. *)
module Time : sig
  (** [sleep s] is done [s] seconds from now, at once when [s <= 0.].
      It can be cancelled. *)
  val sleep : float -> unit Lwt.t

  exception Timeout

  (** [with_timeout s f] is [f ()], or fails with {!Timeout} (and cancels [f ()]) when that
      takes longer than [s] seconds. *)
  val with_timeout : float -> (unit -> 'a Lwt.t) -> 'a Lwt.t
end

(** Whole pages, aligned to a page, as devices want them. *)
module Io_page : sig
  type t = Cstruct.buffer

  (** Bytes. *)
  val page_size : int

  (** [get n] is [n] new zeroed pages. They are freed when nothing refers to them.
      @raise Invalid_argument when [n <= 0].
      @raise Out_of_memory when the kernel has none. *)
  val get : int -> t

  val to_cstruct : t -> Cstruct.t
  val length : t -> int
end

(** The main loop. *)
module Main : sig
  exception Deadlock

  (** [run t] runs the program's threads until [t] is done, and sleeps in the kernel while
      there is nothing to do.
      @raise Deadlock when [t] can never be done: nothing runs and nobody sleeps. *)
  val run : 'a Lwt.t -> 'a
end
