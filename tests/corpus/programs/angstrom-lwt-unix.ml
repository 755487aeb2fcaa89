open Angstrom
open Lwt.Infix

let numbers = sep_by1 (char ',') (take_while1 (function '0' .. '9' -> true | _ -> false) >>| int_of_string)

let main () =
  let input, output = Lwt_io.pipe () in
  Lwt_io.write output "10,20," >>= fun () ->
  Lwt_io.write output "12" >>= fun () ->
  Lwt_io.close output >>= fun () ->
  Angstrom_lwt_unix.parse numbers input >|= fun (rest, result) ->
  match result with
  | Ok list -> Printf.printf "%d, %d left\n" (List.fold_left ( + ) 0 list) rest.len
  | Error message -> print_endline message

let () = Lwt_main.run (main ())
