#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { MOST_THREADS = 64 };

typedef struct work {
    atomic_size_t next;
    size_t n;
    void (*fn)(void *arg, size_t i);
    void *arg;
} work;

static void *take_items(void *arg)
{
    work *w = arg;
    for (;;) {
        size_t i = atomic_fetch_add_explicit(&w->next, 1, memory_order_relaxed);
        if (i >= w->n) return NULL;
        w->fn(w->arg, i);
    }
}

static unsigned n_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set)) return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

void gnt_parallel_for(unsigned threads, size_t n, void (*fn)(void *arg, size_t i), void *arg)
{
    work w = {.n = n, .fn = fn, .arg = arg};
    pthread_t thread[MOST_THREADS];
    unsigned wanted = threads ? threads : n_processors(), started = 0;
    if (wanted > n) wanted = (unsigned)n;
    while (started + 1 < wanted && started < MOST_THREADS &&
           pthread_create(&thread[started], NULL, take_items, &w) == 0)
        started++;
    take_items(&w);
    for (unsigned i = 0; i < started; i++) pthread_join(thread[i], NULL);
}
