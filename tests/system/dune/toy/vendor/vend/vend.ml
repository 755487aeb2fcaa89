let vendored = "vendored"
