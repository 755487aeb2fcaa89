{ open Parser }
rule token = parse
| ' '+ { token lexbuf }
| ['0'-'9']+ as n { INT (int_of_string n) }
| '+' { PLUS }
| '*' { TIMES }
| '(' { OPEN }
| ')' { CLOSE }
| eof { EOF }
