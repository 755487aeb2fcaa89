let () =
  let channel = open_in_bin Sys.argv.(1) in
  let text = really_input_string channel (in_channel_length channel) in
  print_string (String.concat "42" (String.split_on_char '$' text))
