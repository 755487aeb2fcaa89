open Num

let rec factorial n = if n = 0 then Int 1 else Int n */ factorial (n - 1)

let () =
  print_endline (string_of_num (factorial 60));
  print_endline (string_of_num (num_of_string "12345678901234567890/98765432109876543210" +/ Int 1));
  print_endline (approx_num_fix 40 (Int 1 // Int 7));
  let big = Big_int.power_int_positive_int 3 200 in
  let quotient, rest = Big_int.quomod_big_int big (Big_int.big_int_of_string "987654321987654321") in
  Printf.printf "%s %s\n" (Big_int.string_of_big_int quotient) (Big_int.string_of_big_int rest);
  Printf.printf "%d\n" (Nat.length_of_digit * Big_int.num_digits_big_int big / 64)
