/* Nothing but the language, so that it compiles where there is no C library. */
int target_probe_sum(const int *values, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++) sum += values[i];
  return sum;
}
