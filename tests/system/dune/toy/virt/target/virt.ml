let name = "target"
