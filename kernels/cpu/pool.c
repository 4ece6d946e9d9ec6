#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define MAX_THREADS 1024u
/* A worker looks for the next round this often before it sleeps: rounds of a training step follow
 * each other within microseconds, a wake-up costs tens of them. */
#define SPINS 2000

typedef struct worker {
    gnt_threads *pool;
    pthread_t thread;
    unsigned number;
} worker;

struct gnt_threads {
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    atomic_ulong round; /* changes when a new set of tasks is there */
    unsigned busy;      /* workers not yet back from this round; under lock */
    bool stop;          /* under lock */
    atomic_size_t next;
    size_t n_tasks;
    gnt_task *fn;
    void *arg;
    unsigned n_workers; /* started threads; the caller is one more */
    worker *workers;
};

static void take_tasks(gnt_threads *pool, unsigned number)
{
    for (;;) {
        size_t task = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (task >= pool->n_tasks) return;
        pool->fn(pool->arg, task, number);
    }
}

/* True when a round other than `seen` has begun, false when the pool is closing. */
static bool wait_round(gnt_threads *pool, unsigned long seen)
{
    for (int i = 0; i < SPINS && atomic_load_explicit(&pool->round, memory_order_relaxed) == seen; i++) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    pthread_mutex_lock(&pool->lock);
    while (!pool->stop && atomic_load(&pool->round) == seen) pthread_cond_wait(&pool->wake, &pool->lock);
    bool go = !pool->stop;
    pthread_mutex_unlock(&pool->lock);
    return go;
}

static void *worker_main(void *arg)
{
    worker *self = arg;
    gnt_threads *pool = self->pool;
    for (unsigned long seen = 0; wait_round(pool, seen);) {
        seen++;
        take_tasks(pool, self->number);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0) pthread_cond_signal(&pool->idle);
        pthread_mutex_unlock(&pool->lock);
    }
    return NULL;
}

static unsigned usable_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set)) return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

gnt_status gnt_threads_open(unsigned threads, gnt_threads **out)
{
    if (threads == 0) threads = usable_cores();
    if (threads > MAX_THREADS) return GNT_EINVAL;
    gnt_threads *pool = calloc(1, sizeof *pool);
    if (!pool) return GNT_ENOMEM;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->idle, NULL);
    pool->workers = calloc(threads, sizeof *pool->workers);
    if (!pool->workers) {
        gnt_threads_close(pool);
        return GNT_ENOMEM;
    }
    for (unsigned i = 1; i < threads; i++) {
        worker *w = &pool->workers[pool->n_workers];
        w->pool = pool;
        w->number = i;
        if (pthread_create(&w->thread, NULL, worker_main, w)) {
            gnt_threads_close(pool);
            return GNT_EDEVICE;
        }
        pool->n_workers++;
    }
    *out = pool;
    return GNT_OK;
}

void gnt_threads_close(gnt_threads *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->n_workers; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->idle);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}

unsigned gnt_threads_count(const gnt_threads *pool)
{
    return pool->n_workers + 1;
}

void gnt_threads_for(gnt_threads *pool, size_t n_tasks, gnt_task *fn, void *arg)
{
    if (n_tasks <= 1 || pool->n_workers == 0) {
        for (size_t i = 0; i < n_tasks; i++) fn(arg, i, 0);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->fn = fn;
    pool->arg = arg;
    pool->n_tasks = n_tasks;
    atomic_store(&pool->next, 0);
    pool->busy = pool->n_workers;
    atomic_fetch_add(&pool->round, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    take_tasks(pool, 0);
    pthread_mutex_lock(&pool->lock);
    while (pool->busy) pthread_cond_wait(&pool->idle, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
