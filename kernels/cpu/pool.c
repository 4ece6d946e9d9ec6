#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_THREADS 1024u
/* A thread looks for news this often before it sleeps (some 20 us): rounds of a training step follow each other
 * within microseconds, a wake-up costs tens of them, and a core that waits longer is better given back. */
#define SPINS 2000

typedef struct worker {
    gnt_threads *pool;
    pthread_t thread;
    unsigned number;
} worker;

/* A round is open while `left` is positive. Nobody waits for a worker that comes late: it finds no task left, or
 * those of the next round. The fields of a round are read only by who holds one of its tasks, and the caller
 * changes them only when all tasks are done. */
struct gnt_threads {
    _Alignas(64) atomic_long left; /* tasks nobody has taken; below 0 when some came in vain */
    atomic_size_t done;
    size_t n_tasks;
    gnt_task *fn;
    void *arg;
    _Alignas(64) atomic_ulong round; /* changes when a new set of tasks is there; what idle threads look at */
    atomic_uint asleep;              /* workers on `wake` */
    atomic_bool waits;               /* the caller is on `idle`, or about to */
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    unsigned n_workers; /* started threads; the caller is one more */
    worker *workers;
};

static void pause_a_little(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void take_tasks(gnt_threads *pool, unsigned number)
{
    for (long left; (left = atomic_fetch_sub(&pool->left, 1)) > 0;) {
        size_t n_tasks = pool->n_tasks;
        pool->fn(pool->arg, n_tasks - (size_t)left, number);
        if (atomic_fetch_add(&pool->done, 1) + 1 < n_tasks || !atomic_load(&pool->waits)) continue;
        pthread_mutex_lock(&pool->lock);
        pthread_cond_signal(&pool->idle);
        pthread_mutex_unlock(&pool->lock);
    }
}

static bool nothing_new(gnt_threads *pool, unsigned long seen)
{
    return atomic_load(&pool->round) == seen && !atomic_load(&pool->stop);
}

/* True when a round other than `seen` has begun, false when the pool is closing. */
static bool wait_round(gnt_threads *pool, unsigned long seen)
{
    for (int i = 0; i < SPINS && nothing_new(pool, seen); i++) pause_a_little();
    if (nothing_new(pool, seen)) {
        pthread_mutex_lock(&pool->lock);
        atomic_fetch_add(&pool->asleep, 1);
        while (nothing_new(pool, seen)) pthread_cond_wait(&pool->wake, &pool->lock);
        atomic_fetch_sub(&pool->asleep, 1);
        pthread_mutex_unlock(&pool->lock);
    }
    return !atomic_load(&pool->stop);
}

static void *worker_main(void *arg)
{
    worker *self = arg;
    gnt_threads *pool = self->pool;
    for (unsigned long seen = 0; wait_round(pool, seen);) {
        seen = atomic_load(&pool->round);
        take_tasks(pool, self->number);
    }
    return NULL;
}

/* Begins a round and wakes up to n workers, if any sleep. */
static void call_workers(gnt_threads *pool, size_t n)
{
    atomic_fetch_add(&pool->round, 1);
    unsigned asleep = atomic_load(&pool->asleep);
    if (!asleep) return;
    pthread_mutex_lock(&pool->lock);
    if (n < asleep)
        while (n--) pthread_cond_signal(&pool->wake);
    else
        pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_done(gnt_threads *pool)
{
    for (int i = 0; i < SPINS && atomic_load(&pool->done) < pool->n_tasks; i++) pause_a_little();
    if (atomic_load(&pool->done) == pool->n_tasks) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->waits, true);
    while (atomic_load(&pool->done) < pool->n_tasks) pthread_cond_wait(&pool->idle, &pool->lock);
    atomic_store(&pool->waits, false);
    pthread_mutex_unlock(&pool->lock);
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
    gnt_threads *pool = aligned_alloc(64, sizeof *pool);
    if (!pool) return GNT_ENOMEM;
    memset(pool, 0, sizeof *pool);
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
    atomic_store(&pool->stop, true);
    call_workers(pool, pool->n_workers);
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
    gnt_threads_for_few(pool, MAX_THREADS, n_tasks, fn, arg);
}

void gnt_threads_for_few(gnt_threads *pool, unsigned threads, size_t n_tasks, gnt_task *fn, void *arg)
{
    if (n_tasks <= 1 || threads <= 1 || pool->n_workers == 0) {
        for (size_t i = 0; i < n_tasks; i++) fn(arg, i, 0);
        return;
    }
    pool->fn = fn;
    pool->arg = arg;
    pool->n_tasks = n_tasks;
    atomic_store(&pool->done, 0);
    atomic_store(&pool->left, (long)n_tasks);
    call_workers(pool, (n_tasks < threads ? n_tasks : threads) - 1);
    take_tasks(pool, 0);
    wait_done(pool);
}
