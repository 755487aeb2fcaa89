external bits : unit -> int = "toy_word_bits"

let report () =
  Printf.printf "topkg: machine %d, bits %d, built on %d\n" (Toymake.machine ()) (bits ()) Made.word_size
