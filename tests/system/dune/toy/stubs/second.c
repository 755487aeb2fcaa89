long second(long n) { return n + 40; }
