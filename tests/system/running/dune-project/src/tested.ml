external machine : unit -> string = "tested_machine"
let answer = Generated.answer
