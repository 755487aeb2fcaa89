/* Digits of e by the spigot of Rabinowitz and Wagon's series, a factorial, a modular power and an inverse. */
#include <gmp.h>
#include <stdio.h>

int main(void) {
  mpz_t a, b, p, q, r;
  mpz_inits(a, b, p, q, r, NULL);
  mpz_fac_ui(a, 100);
  gmp_printf("100! = %Zd\n", a);
  mpz_set_ui(p, 0);
  mpz_set_ui(q, 1);
  for (unsigned i = 120; i > 0; i--) { /* e - 1 = p / q */
    mpz_add(r, p, q);
    mpz_mul_ui(q, q, i);
    mpz_set(p, r);
  }
  mpz_ui_pow_ui(r, 10, 100);
  mpz_mul(p, p, r);
  mpz_tdiv_q(p, p, q);
  gmp_printf("e - 1 = %Zd / 10^100\n", p);
  mpz_set_str(b, "123456789012345678901234567890", 10);
  mpz_ui_pow_ui(q, 2, 521);
  mpz_sub_ui(q, q, 1);
  mpz_powm(r, b, a, q);
  gmp_printf("power %Zx\n", r);
  printf("prime %d, inverse %d\n", mpz_probab_prime_p(q, 20) > 0, mpz_invert(r, b, q));
  gmp_printf("inverse %Zx\n", r);
  mpz_mul(r, r, b);
  mpz_mod(r, r, q);
  gmp_printf("product %Zd, limbs of 100! in bytes %zu\n", r, (mpz_sizeinbase(a, 2) + 7) / 8);
  mpz_clears(a, b, p, q, r, NULL);
  return 0;
}
