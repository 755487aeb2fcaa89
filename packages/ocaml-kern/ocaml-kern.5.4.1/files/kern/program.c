/* SPDX-License-Identifier: ISC
 *
 * Where the module glue enters the program, and how the program comes back: all C code runs on
 * the stack of the kernel thread, so the end, wherever it is reached, is a jump to the start.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <caml/callback.h>
#include <caml/mlvalues.h>

#include "kern.h"

static jmp_buf the_end;

void _exit(int status) { longjmp(the_end, 256 + (status & 255)); }

void exit(int status)
{
  fflush(stdout);
  _exit(status);
}

void abort(void)
{
  static const char text[] = "aborted\n";

  mirage_kern_write(text, sizeof text - 1);
  _exit(134);
}

extern void caml_startup(char **argv);
extern void caml_do_exit(int status);

int mirage_program(void)
{
  static char *argv[] = { "mirage", NULL };
  const value *at_exit;
  int status = setjmp(the_end);

  if (status != 0) return status - 256;
  caml_startup(argv);
  at_exit = caml_named_value("Pervasives.do_at_exit");
  if (at_exit != NULL) caml_callback_exn(*at_exit, Val_unit);
  caml_do_exit(0); /* statistics, if OCAMLRUNPARAM asks for them, then exit */
  return 0;
}
