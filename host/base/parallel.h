/* One function over many items by several threads (layer 0): for reading files; kernels have their own pool. */
#ifndef GNT_PARALLEL_H
#define GNT_PARALLEL_H

#include <stddef.h>

/* Calls fn(arg, i) once for each i < n, items taken in order by whoever is free, and returns when all are done. threads
 * 0: as many as this process may run on. The caller works too; a thread that can't be had is done without. What fn does
 * must depend on i only. */
void gnt_parallel_for(unsigned threads, size_t n, void (*fn)(void *arg, size_t i), void *arg);

#endif
