let machine = Toymake.machine
