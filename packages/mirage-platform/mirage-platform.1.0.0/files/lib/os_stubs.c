/* SPDX-License-Identifier: ISC
 *
 * OS's way to the kernel, compiled as part of the program. kern.h says what the module glue on
 * the other side does.
 */
#include <stdint.h>

#include <caml/bigarray.h>
#include <caml/fail.h>
#include <caml/mlvalues.h>

#include "kern.h"

intnat mirage_os_uptime_ns(value unit)
{
  (void)unit;
  return (intnat)mirage_kern_uptime();
}

intnat mirage_os_now_ns(value unit)
{
  (void)unit;
  return (intnat)mirage_kern_walltime();
}

value mirage_os_write(value text)
{
  mirage_kern_write(String_val(text), caml_string_length(text));
  return Val_unit;
}

intnat mirage_os_address_in_page(value array)
{
  return (intnat)((uintptr_t)Caml_ba_data_val(array) & 4095);
}

value mirage_os_block(intnat ns)
{
  mirage_kern_sleep((uint64_t)ns);
  return Val_unit;
}

/* There is no bytecode in the kernel; the compiler wants a name for it all the same. */
value mirage_os_bytecode(value unit)
{
  (void)unit;
  caml_failwith("OS: native code only");
}

value mirage_os_bytecode1(value argument)
{
  return mirage_os_bytecode(argument);
}
