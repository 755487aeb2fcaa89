let name = "none"
