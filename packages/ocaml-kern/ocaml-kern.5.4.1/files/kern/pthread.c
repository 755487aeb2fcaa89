/* SPDX-License-Identifier: ISC */
#include <pthread.h>

int pthread_join(pthread_t t, void **result)
{
  (void)t;
  (void)result;
  return ESRCH;
}
