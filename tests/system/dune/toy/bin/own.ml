let vendored = Vend.vendored
