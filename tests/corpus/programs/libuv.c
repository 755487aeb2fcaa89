/* A message from a thread, timers, work in the pool of threads and questions to the file system. */
#include <stdio.h>
#include <uv.h>

static uv_timer_t timer;
static uv_async_t async;
static int ticks, done;

static void tick(uv_timer_t *handle) {
  printf("tick %d\n", ++ticks);
  if (ticks == 3) uv_close((uv_handle_t *)handle, NULL);
}

static void told(uv_async_t *handle) {
  printf("a thread told %s\n", (const char *)handle->data);
  uv_close((uv_handle_t *)handle, NULL);
}

static void tell(void *text) {
  async.data = text;
  uv_async_send(&async);
}

static void work(uv_work_t *request) { *(int *)request->data = 6 * 7; }

static void worked(uv_work_t *request, int status) { printf("worked: %d, %d\n", *(int *)request->data, status); }

static void stat_done(uv_fs_t *request) {
  printf("/: directory %d; ", request->result == 0 && (request->statbuf.st_mode & 0170000) == 0040000);
  printf("/none: %s\n", uv_err_name((int)(long)request->data));
  uv_fs_req_cleanup(request);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  uv_thread_t thread;
  uv_async_init(loop, &async, told);
  uv_thread_create(&thread, tell, "something");
  uv_run(loop, UV_RUN_DEFAULT);
  uv_thread_join(&thread);
  uv_timer_init(loop, &timer);
  uv_timer_start(&timer, tick, 1, 1);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_work_t request = {.data = &done};
  uv_queue_work(loop, &request, work, worked);
  uv_run(loop, UV_RUN_DEFAULT);
  uv_fs_t missing, root;
  root.data = (void *)(long)uv_fs_stat(loop, &missing, "/none", NULL);
  uv_fs_req_cleanup(&missing);
  uv_fs_stat(loop, &root, "/", stat_done);
  uv_run(loop, UV_RUN_DEFAULT);
  printf("closed: %d\nversion %s\n", uv_loop_close(loop), uv_version_string());
  return 0;
}
