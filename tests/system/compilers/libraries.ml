(* The libraries unix, threads and str. *)
let piped () =
  let input, output = Unix.pipe () in
  match Unix.fork () with
  | 0 ->
    Unix.close input;
    ignore (Unix.write_substring output "from the child" 0 14);
    Unix._exit 7
  | child ->
    Unix.close output;
    let buffer = Bytes.create 100 in
    let length = Unix.read input buffer 0 100 in
    let status = match snd (Unix.waitpid [] child) with Unix.WEXITED n -> n | _ -> -1 in
    Printf.printf "%s %d\n%!" (Bytes.sub_string buffer 0 length) status

let timed () =
  let now = Unix.gettimeofday () in
  Printf.printf "%b %b\n" (now > 1.5e9) (abs_float (now -. Unix.time ()) < 2.);
  let tm = Unix.gmtime 1.7e9 in
  Printf.printf "%d-%d-%d %d:%d:%d\n" (tm.tm_year + 1900) (tm.tm_mon + 1) tm.tm_mday tm.tm_hour tm.tm_min tm.tm_sec;
  let length = (Unix.stat Sys.argv.(0)).st_size in
  Printf.printf "%b %b\n" (length > 1000) ((Unix.LargeFile.stat Sys.argv.(0)).st_size = Int64.of_int length);
  (try ignore (Unix.openfile "/nonexistent" [O_RDONLY] 0) with Unix.Unix_error (e, f, a) ->
    Printf.printf "%s %s %s\n" (Unix.error_message e) f a)

let socket () =
  let a, b = Unix.socketpair PF_UNIX SOCK_STREAM 0 in
  ignore (Unix.write_substring a "ping" 0 4);
  let ready, _, _ = Unix.select [b] [] [] 1. in
  let buffer = Bytes.create 10 in
  Printf.printf "%d %s\n" (List.length ready) (Bytes.sub_string buffer 0 (Unix.read b buffer 0 10));
  print_endline (Unix.string_of_inet_addr (Unix.inet_addr_of_string "192.168.1.2"))

let threaded () =
  let mutex = Mutex.create () and condition = Condition.create () in
  let count = ref 0 in
  let work n =
    for _ = 1 to 1000 do
      Mutex.lock mutex; incr count; Mutex.unlock mutex;
      if !count mod 100 = 0 then Thread.yield ()
    done;
    if n = 3 then begin Mutex.lock mutex; Condition.signal condition; Mutex.unlock mutex end
  in
  Mutex.lock mutex;
  let threads = List.map (Thread.create work) [1; 2; 3; 4] in
  Condition.wait condition mutex;
  Mutex.unlock mutex;
  List.iter Thread.join threads;
  let channel = Event.new_channel () in
  ignore (Thread.create (fun () -> Event.sync (Event.send channel "event")) ());
  Printf.printf "%d %s\n" !count (Event.sync (Event.receive channel))

let () =
  piped ();
  timed ();
  socket ();
  threaded ();
  print_endline (Str.global_replace (Str.regexp "\\([a-z]+\\) \\([a-z]+\\)") "\\2 \\1" "hello world");
  Printf.printf "%s\n" (String.concat "|" (Str.split (Str.regexp "[ ,]+") "a, b c,d"))
