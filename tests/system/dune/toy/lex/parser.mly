%token <int> INT
%token PLUS EOF
%left PLUS
%start sum
%type <int> sum
%%
sum: expr EOF { $1 }
expr: INT { $1 } | expr PLUS expr { $1 + $3 }
