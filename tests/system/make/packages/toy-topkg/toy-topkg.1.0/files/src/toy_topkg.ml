let () = Toytopkg.report ()
