int toy_extra(int x) { return 2 * x; }
