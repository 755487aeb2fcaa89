/* Calls by a description of the types: integers, floating point, a structure by value, and a closure. */
#include <ffi.h>
#include <stdio.h>

struct pair { double x; int n; };

static struct pair twice(struct pair p, float f, unsigned char c) {
  p.x = 2 * p.x + f;
  p.n = 2 * p.n + c;
  return p;
}

static void add(ffi_cif *cif, void *result, void **args, void *data) {
  (void)cif;
  *(ffi_sarg *)result = *(int *)args[0] + *(int *)args[1] + *(int *)data;
}

int main(void) {
  ffi_type *members[] = {&ffi_type_double, &ffi_type_sint, NULL};
  ffi_type pair = {0, 0, FFI_TYPE_STRUCT, members};
  ffi_type *types[] = {&pair, &ffi_type_float, &ffi_type_uchar};
  ffi_cif cif;
  struct pair p = {1.25, 20}, result;
  float f = 0.5f;
  unsigned char c = 2;
  void *values[] = {&p, &f, &c};
  if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 3, &pair, types) != FFI_OK) return 1;
  ffi_call(&cif, FFI_FN(twice), &result, values);
  printf("structure %g %d\n", result.x, result.n);

  void *code;
  int base = 100;
  ffi_closure *closure = ffi_closure_alloc(sizeof *closure, &code);
  ffi_type *ints[] = {&ffi_type_sint, &ffi_type_sint};
  ffi_cif sum;
  if (!closure || ffi_prep_cif(&sum, FFI_DEFAULT_ABI, 2, &ffi_type_sint, ints) != FFI_OK) return 1;
  if (ffi_prep_closure_loc(closure, &sum, add, &base, code) != FFI_OK) return 1;
  printf("closure %d\n", ((int (*)(int, int))code)(20, 3));
  ffi_closure_free(closure);
  return 0;
}
