#include <caml/mlvalues.h>
extern int toy_extra(int);

value toy_twice(value x) { return Val_int(toy_extra(Int_val(x))); }
value toy_machine(value unit)
{
  (void) unit;
#if defined(__aarch64__)
  return Val_int(1);
#elif defined(__riscv)
  return Val_int(2);
#elif defined(__arm__)
  return Val_int(3);
#else
  return Val_int(0);
#endif
}
