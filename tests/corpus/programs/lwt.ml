open Lwt.Infix

let copy from into =
  Lwt_io.read_line from >>= fun line ->
  Lwt_io.write_line into (String.uppercase_ascii line) >>= fun () -> Lwt_io.close into

let main =
  let from_child, to_parent = Lwt_io.pipe () and from_parent, to_child = Lwt_io.pipe () in
  let worker = copy from_parent to_parent in
  Lwt_io.write_line to_child "through two pipes" >>= fun () ->
  Lwt_io.close to_child >>= fun () ->
  Lwt_io.read_line from_child >>= fun line ->
  worker >>= fun () ->
  Lwt_io.printl line >>= fun () ->
  Lwt.pick [ (Lwt_unix.sleep 0.01 >|= fun () -> "short"); (Lwt_unix.sleep 30. >|= fun () -> "long") ] >>= fun first ->
  Lwt_io.printl first >>= fun () ->
  Lwt_process.pread ("", [| "/bin/echo"; "a process" |]) >>= fun said ->
  Lwt_io.print said >>= fun () ->
  Lwt_preemptive.detach (fun n -> n * n) 12 >>= fun square ->
  Lwt_io.printlf "%d" square >>= fun () ->
  Lwt.catch (fun () -> Lwt.fail_with "caught") (function Failure message -> Lwt_io.printl message | e -> Lwt.fail e)

let () = Lwt_main.run main
