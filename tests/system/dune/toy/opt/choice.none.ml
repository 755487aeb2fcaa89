let choice = "none"
