let x = Surely_not_there.x
