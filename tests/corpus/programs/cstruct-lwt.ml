open Lwt.Infix

let () =
  Lwt_main.run
    (let input, output = Lwt_unix.pipe () in
     let frame = Cstruct.create 6 in
     Cstruct.BE.set_uint32 frame 0 0xcafef00dl;
     Cstruct.LE.set_uint16 frame 4 7;
     Lwt_cstruct.(complete (write output) frame) >>= fun () ->
     let back = Cstruct.create 6 in
     Lwt_cstruct.(complete (read input) back) >>= fun () ->
     Lwt_io.printlf "%lx %d %b" (Cstruct.BE.get_uint32 back 0) (Cstruct.LE.get_uint16 back 4) (Cstruct.equal frame back))
