%token <int> INT
%token PLUS TIMES OPEN CLOSE EOF
%left PLUS
%left TIMES
%start <int> main
%%
let main := ~ = expr; EOF; <>
let expr :=
  | INT
  | OPEN; ~ = expr; CLOSE; <>
  | a = expr; PLUS; b = expr; { a + b }
  | a = expr; TIMES; b = expr; { a * b }
