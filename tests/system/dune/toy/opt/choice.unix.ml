let choice = "unix"
