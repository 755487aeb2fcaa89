(* SPDX-License-Identifier: ISC *)

(* The smallest program for the inside of the kernel that waits for something. *)

open Lwt.Infix

let () =
  OS.Main.run
    ( OS.Console.log_s "hello from the kernel" >>= fun () ->
      OS.Time.sleep 0.1 >>= fun () ->
      OS.Console.log_s "goodbye" )
