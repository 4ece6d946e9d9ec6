/* Lanes on one market and score are stepped from trade to trade; asking for paths (all of them NULL) steps every bar in
 * full. Both give every lane the same bits, whatever its neighbours are, and the oracle's. */
#include "kernels/cpu/stages.h"
#include "tests/test.h"

#include <stdio.h>

#include "tests/sim_books.h"
#include "tests/sim_kernels.h"

enum { ROUNDS = 240 };

static void differ(const char *kernel, uint64_t round, size_t lane, const char *than, const gnt_sim_totals *got,
                   const gnt_sim_totals *expected)
{
    char a[600], b[600];
    sim_totals_print(a, sizeof a, got);
    sim_totals_print(b, sizeof b, expected);
    fail_msg("%s round %llu lane %zu\n  got %s\n  %s %s", kernel, (unsigned long long)round, lane, a, than, b);
}

static void stretches_change_no_bit(void **state)
{
    (void)state;
    static books b;
    static const gnt_sim_path none[LANES];
    gnt_sim_totals quick[LANES], whole[LANES];
    sim_kernel kernels[3];
    size_t n_kernels = sim_kernels_here(kernels), n_ruined = 0, n_fills = 0, n_bars = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        books_make(&b, round);
        for (size_t k = 0; k < n_kernels; k++) {
            kernels[k].run(b.lane, 0, b.n, quick, NULL);
            kernels[k].run(b.lane, 0, b.n, whole, none);
            for (size_t i = 0; i < b.n; i++) {
                if (!sim_same_totals(&quick[i], &whole[i]))
                    differ(kernels[k].name, round, i, "every bar", &quick[i], &whole[i]);
                if (!sim_same_totals(&whole[i], &b.expected[i]))
                    differ(kernels[k].name, round, i, "oracle", &whole[i], &b.expected[i]);
            }
        }
        for (size_t i = 0; i < b.n; i++) {
            n_ruined += b.expected[i].ruined;
            n_fills += b.expected[i].n_fills;
            n_bars += b.expected[i].n_bars;
        }
    }
    if (n_ruined < 30 || n_fills < 30000 || n_bars < 2 * n_fills)
        fail_msg("%zu ruined, %zu fills in %zu bars: the books prove too little", n_ruined, n_fills, n_bars);
}

/* A book whose equity comes near 0 under charges: the stretch's bounds must give up in time. */
static void near_ruin(void **state)
{
    (void)state;
    static market m;
    gnt_sim_totals quick, expected;
    sim_kernel kernels[3];
    size_t n_kernels = sim_kernels_here(kernels), n_ruined = 0, n_alive = 0;
    market_make(&m, 2);
    double *open = m.storage, *close = m.storage + 3 * BARS;
    for (int step = 0; step < 400; step++) {
        for (size_t t = 0; t < BARS; t++) { /* a short at 100 is gone at 200 */
            open[t] = t < 100 ? 100 : 100 + .5 * (double)(t - 100) * (step % 20) / 10;
            close[t] = open[t] * (t % 3 == 1 ? 1.004 : 1);
            m.score[t] = .2;
        }
        gnt_strategy s = sim_plain();
        s.shorts = true;
        s.fill = (gnt_fill)(step % 3);
        s.borrow_bp = 100 * (step % 7);
        s.cash_rate = step % 5 == 4 ? .03 : 0;
        s.margin_bp = step % 4 == 3 ? 300 : 0;
        gnt_sim_lane lane = {&m.view, &s, m.score, NULL, 90, BARS};
        ref_simulate(&lane, &expected, NULL);
        n_ruined += expected.ruined;
        n_alive += !expected.ruined;
        for (size_t k = 0; k < n_kernels; k++) {
            kernels[k].run(&lane, 0, 1, &quick, NULL);
            if (!sim_same_totals(&quick, &expected))
                differ(kernels[k].name, (uint64_t)step, 0, "oracle", &quick, &expected);
        }
    }
    if (n_ruined < 50 || n_alive < 50) fail_msg("%zu ruined, %zu not: the steps prove too little", n_ruined, n_alive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stretches_change_no_bit),
        cmocka_unit_test(near_ruin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
