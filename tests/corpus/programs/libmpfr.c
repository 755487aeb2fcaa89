/* Constants to many digits, rounding in all directions, special values. */
#include <mpfr.h>
#include <stdio.h>

int main(void) {
  mpfr_t x, y;
  mpfr_init2(x, 1000);
  mpfr_init2(y, 1000);
  mpfr_const_pi(x, MPFR_RNDN);
  mpfr_printf("pi %.100Rf\n", x);
  mpfr_sqrt_ui(x, 163, MPFR_RNDN);
  mpfr_const_pi(y, MPFR_RNDN);
  mpfr_mul(x, x, y, MPFR_RNDN);
  mpfr_exp(x, x, MPFR_RNDN);
  mpfr_printf("exp(pi*sqrt(163)) %.40Rf\n", x);
  mpfr_zeta_ui(x, 3, MPFR_RNDN);
  mpfr_printf("zeta(3) %.60Rf\n", x);
  mpfr_set_prec(y, 5);
  static const mpfr_rnd_t all[] = {MPFR_RNDN, MPFR_RNDZ, MPFR_RNDU, MPFR_RNDD, MPFR_RNDA};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    int inexact = mpfr_set_si(y, -1001, all[i]);
    mpfr_printf("%s %Rg (%d)\n", mpfr_print_rnd_mode(all[i]), y, (inexact > 0) - (inexact < 0));
  }
  mpfr_set_si(y, -1, MPFR_RNDN);
  mpfr_sqrt(y, y, MPFR_RNDN);
  printf("sqrt(-1) is a number %d\n", !mpfr_nan_p(y));
  mpfr_clears(x, y, (mpfr_ptr)0);
  printf("version %s\n", mpfr_get_version());
  return 0;
}
