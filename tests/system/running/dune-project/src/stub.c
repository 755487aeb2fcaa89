#include <caml/alloc.h>
#include <caml/mlvalues.h>

value tested_machine(value unit)
{
  (void)unit;
#if defined(__aarch64__)
  return caml_copy_string("aarch64");
#elif defined(__x86_64__) && defined(__GLIBC__)
  return caml_copy_string("this machine");
#elif defined(__x86_64__)
  return caml_copy_string("x86_64-musl");
#else
  return caml_copy_string("another machine");
#endif
}
