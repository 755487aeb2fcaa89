#include <caml/alloc.h>
#include <caml/bigarray.h>
#include <caml/callback.h>
#include <caml/memory.h>
#include <caml/mlvalues.h>

value stub_add(value n, value x, value text)
{
  return caml_copy_double(Long_val(n) + Double_val(x) + caml_string_length(text));
}

value stub_sum(value array)
{
  int64_t sum = 0;
  for (intnat i = 0; i < Caml_ba_array_val(array)->dim[0]; i++) sum += ((int32_t *) Caml_ba_data_val(array))[i];
  return caml_copy_int64(sum);
}

value stub_callback(value f)
{
  CAMLparam1(f);
  CAMLlocal1(text);
  text = caml_callback(f, Val_int(42));
  CAMLreturn(text);
}
