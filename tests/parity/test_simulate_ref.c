/* The vectorised simulator against the scalar oracle: the same bits for every instruction set, grouping and range. */
#include "kernels/cpu/stages.h"
#include "tests/ref/ref_simulate.h"
#include "tests/test.h"

#include <stdio.h>

#include "tests/sim_case.h"
#include "tests/sim_kernels.h"

enum { N = 240, ROUNDS = 16 };

static sim_case cases[N];
static sim_paths expected_paths[N], got_paths[N];

static void check(const char *what, size_t i, const gnt_sim_totals *got, const gnt_sim_totals *expected)
{
    static const char *const names[] = {"price_fill", "target", "units", "cash", "equity", "ret", "cost", "position"};
    char a[600], b[600];
    for (int k = 0; k < 8; k++)
        for (int t = 0; t < SIM_T; t++)
            if (!sim_same(got_paths[i].x[k][t], expected_paths[i].x[k][t]))
                fail_msg("%s lane %zu bar %d %s: %.17g, oracle %.17g", what, i, t, names[k], got_paths[i].x[k][t],
                         expected_paths[i].x[k][t]);
    if (sim_same_totals(got, expected)) return;
    sim_totals_print(a, sizeof a, got);
    sim_totals_print(b, sizeof b, expected);
    fail_msg("%s lane %zu\n  got    %s\n  oracle %s", what, i, a, b);
}

/* 16 x 240 random books on every instruction set present, whole and in odd ranges. */
static void random_books(void **state)
{
    (void)state;
    static gnt_sim_lane lanes[N];
    static gnt_sim_totals expected[N], got[N];
    static gnt_sim_path paths[N];
    sim_kernel kernels[3];
    size_t n_kernels = sim_kernels_here(kernels), n_ruined = 0, n_fills = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < N; i++) {
            sim_case_make(&cases[i], round * N + i + 1);
            lanes[i] = cases[i].lane;
            gnt_sim_path path = sim_path(&expected_paths[i]);
            ref_simulate(&lanes[i], &expected[i], &path);
            n_ruined += expected[i].ruined;
            n_fills += expected[i].n_fills;
        }
        for (size_t k = 0; k < n_kernels; k++) {
            size_t step = round % 2 ? 1 + round : N; /* ranges that don't fill vectors too */
            for (size_t i = 0; i < N; i++) paths[i] = sim_path(&got_paths[i]);
            for (size_t at = 0; at < N; at += step)
                kernels[k].run(lanes, at, at + step < N ? at + step : N, got, paths);
            for (size_t i = 0; i < N; i++) check(kernels[k].name, i, &got[i], &expected[i]);
        }
    }
    if (n_ruined < 50 || n_fills < 20000)
        fail_msg("%zu ruined books and %zu fills: the cases prove too little", n_ruined, n_fills);
}

/* Lanes that share every input take another loading path. */
static void shared_inputs(void **state)
{
    (void)state;
    static gnt_sim_lane lanes[19];
    static gnt_strategy strategies[19];
    gnt_sim_totals got[19], expected;
    sim_kernel kernels[3];
    uint64_t x = 77;
    sim_case_make(&cases[0], 5);
    for (size_t i = 0; i < 19; i++) {
        strategies[i] = sim_strategy(&x);
        lanes[i] = (gnt_sim_lane){&cases[0].market, &strategies[i], cases[0].score, NULL, 25, 85};
    }
    for (size_t k = 0, n = sim_kernels_here(kernels); k < n; k++) {
        kernels[k].run(lanes, 0, 19, got, NULL);
        for (size_t i = 0; i < 19; i++) {
            ref_simulate(&lanes[i], &expected, NULL);
            if (!sim_same_totals(&got[i], &expected))
                fail_msg("%s lane %zu differs from the oracle", kernels[k].name, i);
        }
    }
}

/* The table splits lanes over threads: any number of them, the same bits. */
static void any_thread_count(void **state)
{
    (void)state;
    static gnt_sim_lane lanes[N];
    static gnt_sim_totals one[N], many[N];
    for (size_t i = 0; i < N; i++) {
        sim_case_make(&cases[i], 9000 + i);
        lanes[i] = cases[i].lane;
    }
    const gnt_ops *ops = gnt_cpu_ops();
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        gnt_device *dev = NULL;
        assert_int_equal(ops->open(threads, NULL, &dev), GNT_OK);
        assert_int_equal(ops->simulate(dev, lanes, N, threads == 1 ? one : many, NULL), GNT_OK);
        ops->close(dev);
        for (size_t i = 0; threads > 1 && i < N; i++) assert_true(sim_same_totals(&one[i], &many[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_books),
        cmocka_unit_test(shared_inputs),
        cmocka_unit_test(any_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
