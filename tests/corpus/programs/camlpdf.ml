(* A page with a compressed content stream, written to memory and read again. *)
let page =
  {
    (Pdfpage.blankpage Pdfpaper.a4) with
    Pdfpage.content =
      [ Pdfops.stream_of_ops [ Pdfops.Op_q; Pdfops.Op_w 2.; Pdfops.Op_re (10., 10., 50., 20.); Pdfops.Op_S; Pdfops.Op_Q ] ];
  }

let () =
  let pdf, root = Pdfpage.add_pagetree [ page; page ] (Pdf.empty ()) in
  let pdf = Pdfpage.add_root root [] pdf in
  Pdfcodec.encode_pdfstream pdf Pdfcodec.Flate (List.hd page.Pdfpage.content);
  let output, bytes = Pdfio.input_output_of_bytes 4096 in
  Pdfwrite.pdf_to_output None false pdf output;
  let text = Pdfio.extract_bytes_from_input_output output bytes in
  let again = Pdfread.pdf_of_input None None (Pdfio.input_of_bytes text) in
  let pages = Pdfpage.pages_of_pagetree again in
  Printf.printf "%d pages\n" (List.length pages);
  List.iter
    (fun page ->
      let ops = Pdfops.parse_operators again page.Pdfpage.resources page.Pdfpage.content in
      print_endline (String.concat " " (List.map Pdfops.string_of_op ops)))
    pages;
  print_endline (Digest.to_hex (Digest.string (Pdfcryptprimitives.sha256 (Pdfio.input_of_string "text"))))
