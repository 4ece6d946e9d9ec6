/* The thread pool: every task once, whatever the number of threads and rounds; and what opening refuses. */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernels/cpu/pool.h"
#include "kernels/kernels.h"
#include "tests/test.h"

enum { MOST = 300 };

typedef struct tally {
    atomic_int done[MOST];
    atomic_int bad_worker;
    unsigned threads;
} tally;

static void count(void *arg, size_t task, unsigned worker)
{
    tally *t = arg;
    atomic_fetch_add(&t->done[task], 1);
    if (worker >= t->threads) atomic_store(&t->bad_worker, 1);
}

static void every_task_runs_once(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 5; threads++) {
        gnt_threads *pool = NULL;
        tally t = {.threads = threads};
        assert_int_equal(gnt_threads_open(threads, &pool), GNT_OK);
        assert_int_equal(gnt_threads_count(pool), threads);
        for (int round = 1; round <= 200; round++) {
            gnt_threads_for(pool, (size_t)(round % MOST), count, &t);
            for (int i = 0; i < MOST; i++) { /* task i has run in every round that had more than i tasks */
                int want = round > i ? round - i : 0;
                if (atomic_load(&t.done[i]) != want)
                    fail_msg("threads %u, round %d, task %d: %d runs, want %d", threads, round, i,
                             atomic_load(&t.done[i]), want);
            }
        }
        assert_int_equal(atomic_load(&t.bad_worker), 0);
        gnt_threads_close(pool);
    }
    gnt_threads_close(NULL);
}

/* Tasks and pauses longer than anybody looks for news: workers and the caller sleep and must be woken. */
static void slow_count(void *arg, size_t task, unsigned worker)
{
    usleep(500);
    count(arg, task, worker);
}

static void sleepers_wake(void **state)
{
    (void)state;
    for (unsigned threads = 2; threads <= 5; threads++)
        for (unsigned woken = 1; woken <= threads + 1; woken++) {
            gnt_threads *pool = NULL;
            tally t = {.threads = threads};
            assert_int_equal(gnt_threads_open(threads, &pool), GNT_OK);
            for (int n = 0; n <= 6; n++) {
                usleep(500);
                gnt_threads_for_few(pool, woken, (size_t)n, slow_count, &t);
                for (int i = 0; i < MOST; i++)
                    if (atomic_load(&t.done[i]) != (n > i ? n - i : 0))
                        fail_msg("threads %u, woken %u, %d tasks: task %d ran %d times", threads, woken, n, i,
                                 atomic_load(&t.done[i]));
            }
            assert_int_equal(atomic_load(&t.bad_worker), 0);
            gnt_threads_close(pool);
        }
}

static void opening_refuses_what_it_cannot_do(void **state)
{
    (void)state;
    gnt_threads *pool = NULL;
    gnt_device *dev = NULL;
    assert_int_equal(gnt_threads_open(100000, &pool), GNT_EINVAL);
    assert_null(pool);
    assert_int_equal(gnt_cpu_ops()->open(1, "sse9", &dev), GNT_EINVAL);
    assert_null(dev);
    gnt_cpu_ops()->close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(sleepers_wake),
        cmocka_unit_test(opening_refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
