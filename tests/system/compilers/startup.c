#include <stdio.h>
#include <caml/callback.h>
#include <caml/mlvalues.h>

int main(int argc, char **argv)
{
  (void) argc;
  caml_startup(argv);
  printf("%d\n", Int_val(caml_callback(*caml_named_value("triple"), Val_int(14))));
  return 0;
}
