open Sexplib.Std

type shape = Circle of { radius : float } | Polygon of (int * int) list | Empty [@@deriving sexp]
type drawing = { name : string; shapes : shape list; scale : int option [@sexp.option] } [@@deriving sexp]

let () =
  let drawing = { name = "a b"; shapes = [ Circle { radius = 1.5 }; Polygon [ (0, 1); (2, 3) ]; Empty ]; scale = Some 2 } in
  let sexp = sexp_of_drawing drawing in
  print_endline (Sexplib.Sexp.to_string sexp);
  assert (drawing_of_sexp sexp = drawing);
  print_endline (Sexplib.Sexp.to_string ([%sexp_of: shape list] drawing.shapes));
  try ignore (shape_of_sexp (Sexplib.Sexp.of_string "(Square 1)"))
  with Sexplib.Conv.Of_sexp_error (_, at) -> print_endline ("not a shape: " ^ Sexplib.Sexp.to_string at)
