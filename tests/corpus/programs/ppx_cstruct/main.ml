[%%cstruct
type header = {
  version : uint8_t;
  length : uint16_t;
  sequence : uint32_t;
  mac : uint8_t [@len 6];
}
[@@big_endian]]

[%%cenum type kind = Data [@id 1] | Close [@id 7] [@@uint8_t]]

let () =
  let h = Cstruct.create sizeof_header in
  set_header_version h 4;
  set_header_length h 0x1234;
  set_header_sequence h 0xdeadbeefl;
  set_header_mac "\001\002\003\004\005\006" 0 h;
  Cstruct.hexdump h;
  Printf.printf "%d %x %lx\n" sizeof_header (get_header_length h) (get_header_sequence h);
  match int_to_kind 7 with Some kind -> print_endline (kind_to_string kind) | None -> print_endline "unknown"
