open Lwt.Infix

let () =
  let event, push = Lwt_react.E.create () in
  let stream = Lwt_react.E.to_stream (Lwt_react.E.map (fun n -> n * 10) event) in
  let total = Lwt_react.S.fold ( + ) 0 event in
  let main =
    List.iter push [ 1; 2; 3 ];
    Lwt_stream.nget 3 stream >>= fun values ->
    Lwt_io.printl (String.concat "," (List.map string_of_int values)) >>= fun () ->
    Lwt_io.printlf "%d" (Lwt_react.S.value total) >>= fun () ->
    let next = Lwt_react.E.next event in
    push 7;
    next >>= fun n -> Lwt_io.printlf "next %d" n
  in
  Lwt_main.run main
