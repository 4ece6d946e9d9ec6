/* A small persistent thread pool: numbered tasks, taken in order by whoever is free.
 *
 * What a task computes must depend on its number only, never on the worker: then results have the same
 * bits for any number of threads. `worker` (0 .. threads-1) is for picking scratch memory. The calling
 * thread works too, as worker 0. One gnt_threads_for at a time per pool. */
#ifndef GNT_POOL_H
#define GNT_POOL_H

#include <stddef.h>

#include "kernels/status.h"

typedef struct gnt_threads gnt_threads;
typedef void gnt_task(void *arg, size_t task, unsigned worker);

/* threads 0: as many as this process may run on. ENOMEM, or EDEVICE when a thread can't be started. */
GNT_MUST_CHECK gnt_status gnt_threads_open(unsigned threads, gnt_threads **pool);
void gnt_threads_close(gnt_threads *pool); /* NULL is fine */
unsigned gnt_threads_count(const gnt_threads *pool);

/* Runs fn(arg, 0 .. n_tasks-1, worker); returns when all are done. */
void gnt_threads_for(gnt_threads *pool, size_t n_tasks, gnt_task *fn, void *arg);
/* The same for work that is worth only so many threads: no more are woken. Those still awake join in; 1: the caller. */
void gnt_threads_for_few(gnt_threads *pool, unsigned threads, size_t n_tasks, gnt_task *fn, void *arg);

#endif
