#include <stdio.h>
#include <stdlib.h>

int target_probe_sum(const int *values, int count);

int main(void) {
  int count = 100, *values = malloc(count * sizeof *values);
  if (values == NULL) return 2;
  for (int i = 0; i < count; i++) values[i] = i + 1;
  double quotient = (double)target_probe_sum(values, count) / 3.0;
  printf("%d bits, sum %d, third %.3f\n", (int)(8 * sizeof(void *)), target_probe_sum(values, count), quotient);
  free(values);
  return 0;
}
