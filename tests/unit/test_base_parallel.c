/* One function over many items: each item once, whatever the threads. */
#include "host/base/parallel.h"
#include "tests/test.h"

#include <stdatomic.h>

enum { N = 5000 };

static atomic_int seen[N];

static void see(void *arg, size_t i)
{
    atomic_fetch_add(&seen[i], *(int *)arg);
}

static void each_item_once(void **state)
{
    (void)state;
    static const unsigned threads[] = {0, 1, 2, 7, 1000};
    static const size_t count[] = {0, 1, 2, 63, N};
    int total = 0, step = 1;
    for (size_t a = 0; a < sizeof threads / sizeof *threads; a++)
        for (size_t b = 0; b < sizeof count / sizeof *count; b++) {
            for (size_t i = 0; i < N; i++) atomic_store(&seen[i], 0);
            gnt_parallel_for(threads[a], count[b], see, &step);
            for (size_t i = 0; i < N; i++) {
                int want = i < count[b], got = atomic_load(&seen[i]);
                if (got != want) fail_msg("%u threads, item %zu of %zu: taken %d times", threads[a], i, count[b], got);
                total += got;
            }
        }
    assert_int_equal(total, 5 * (1 + 2 + 63 + N));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_item_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
