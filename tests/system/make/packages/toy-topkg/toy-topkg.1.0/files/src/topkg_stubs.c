#include <caml/mlvalues.h>

value toy_word_bits(value unit)
{
  (void) unit;
  return Val_int(8 * sizeof(value));
}
