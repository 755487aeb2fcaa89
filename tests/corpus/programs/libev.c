/* Timers, a pipe and an end of the loop, in the order of time. */
#include <ev.h>
#include <stdio.h>
#include <unistd.h>

static int ends[2];

static void late(EV_P_ ev_timer *w, int events) {
  (void)w, (void)events;
  puts("late timer: the end");
  ev_break(EV_A_ EVBREAK_ALL);
}

static void early(EV_P_ ev_timer *w, int events) {
  (void)w, (void)events;
#if EV_MULTIPLICITY
  (void)loop;
#endif
  puts("early timer: writes");
  if (write(ends[1], "hello", 5) != 5) _exit(1);
}

static void readable(EV_P_ ev_io *w, int events) {
  char text[16];
  (void)events;
  printf("readable: %d bytes\n", (int)read(w->fd, text, sizeof text));
  ev_io_stop(EV_A_ w);
}

int main(void) {
  struct ev_loop *loop = ev_default_loop(EVBACKEND_POLL | EVBACKEND_SELECT);
  ev_timer first, second;
  ev_io io;
  if (!loop || pipe(ends) != 0) return 1;
  ev_timer_init(&second, late, 0.4, 0.);
  ev_timer_init(&first, early, 0.05, 0.);
  ev_io_init(&io, readable, ends[0], EV_READ);
  ev_timer_start(loop, &second);
  ev_timer_start(loop, &first);
  ev_io_start(loop, &io);
  ev_run(loop, 0);
  printf("version %d.%d\n", ev_version_major(), ev_version_minor());
  return 0;
}
