#include <caml/mlvalues.h>
long second(long), third(long);
value toy_stub(value n) { return Val_long(second(Long_val(n)) + third(TOY)); }
