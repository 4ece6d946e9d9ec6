/* Lanes on one market and score are stepped from trade to trade; asking for paths (all of them NULL) steps every bar in
 * full. Both give every lane the same bits, whatever its neighbours are, and the oracle's. */
#include "kernels/cpu/stages.h"
#include "tests/ref/ref_simulate.h"
#include "tests/test.h"

#include <stdio.h>

#include "tests/sim_case.h"
#include "tests/sim_kernels.h"

enum { BARS = 330, LANES = 90, ROUNDS = 240 };

typedef struct market {
    double storage[5 * BARS], dollar_volume[BARS], vol[BARS], score[BARS];
    gnt_sim_market view;
} market;

/* Scores that stay on a side for about `stay` bars, some missing, some exactly at a threshold. Every fourth market is
 * violent enough to ruin shorts and levered books, every fourth nearly still, with closes that repeat. */
static void market_make(market *m, uint64_t seed)
{
    uint64_t x = seed * 2654435761u + 1;
    double z = 0, stay = 1 - 1 / sim_between(&x, 1, 60);
    m->view.bars = synth_bars(x, BARS, seed % 4 == 0 ? .9 : seed % 4 == 1 ? .002 : .04, m->storage);
    double *open = m->storage, *close = m->storage + 3 * BARS;
    for (size_t t = 0; t < BARS; t++) {
        if (seed % 4 == 1 && t > 0 && sim_pick(&x, 3)) open[t] = close[t] = close[t - 1];
        z = stay * z + sim_between(&x, -1, 1);
        m->dollar_volume[t] = t < 20 ? NAN : sim_between(&x, 1e6, 1e9);
        m->vol[t] = sim_pick(&x, 20) ? sim_between(&x, .001, .05) : 0;
        m->score[t] = sim_pick(&x, 25) == 0 ? NAN : sim_pick(&x, 25) == 0 ? .5 : .5 + .5 * z / (1 + fabs(z));
    }
    m->view.dollar_volume_20 = m->dollar_volume;
    m->view.vol_20 = m->vol;
}

/* Lanes mix everything in some rounds; in others most switches are off, as in a sweep of costs and thresholds. */
static gnt_strategy strategy_make(uint64_t *x, uint64_t round)
{
    gnt_strategy s = sim_strategy(x), plain = sim_plain();
    if (round % 3 == 0) return s;
    plain.upper = .5 + .01 * sim_pick(x, round % 2 ? 2 : 12);
    plain.lower = sim_pick(x, 2) ? plain.upper : 1 - plain.upper;
    plain.commission_bp = sim_pick(x, 12);
    plain.shorts = round % 5 < 2;
    plain.between = s.between;
    plain.fill = round % 7 < 3 ? GNT_FILL_NEXT_OPEN : s.fill;
    plain.cash_rate = round % 8 == 7 ? s.cash_rate : 0;
    plain.fee_per_trade = round % 9 == 8 ? s.fee_per_trade : 0;
    plain.rebalance = round % 11 == 10 ? s.rebalance : GNT_REBALANCE_ON_CHANGE;
    plain.size = round % 13 == 12 ? s.size : GNT_SIZE_FIXED;
    plain.capital = s.capital;
    plain.close_at_end = s.close_at_end;
    return plain;
}

static void differ(const char *kernel, uint64_t round, size_t lane, const char *than, const gnt_sim_totals *got,
                   const gnt_sim_totals *expected)
{
    char a[600], b[600];
    sim_totals_print(a, sizeof a, got);
    sim_totals_print(b, sizeof b, expected);
    fail_msg("%s round %llu lane %zu\n  got %s\n  %s %s", kernel, (unsigned long long)round, lane, a, than, b);
}

typedef struct books {
    market m;
    gnt_strategy strategy[LANES];
    gnt_sim_lane lane[LANES];
    gnt_sim_totals expected[LANES];
    size_t n;
} books;

static void books_make(books *b, uint64_t round)
{
    uint64_t x = round * 40503 + 7;
    market_make(&b->m, round);
    size_t begin = 21 + sim_pick(&x, 100), end = begin + 1 + sim_pick(&x, (unsigned)(BARS - begin));
    bool uneven = round % 6 == 5;
    b->n = 1 + sim_pick(&x, LANES);
    for (size_t i = 0; i < b->n; i++) {
        b->strategy[i] = strategy_make(&x, round);
        if (round % 4 == 2) { /* vectors that decide alike step as a team */
            const gnt_strategy *like = &b->strategy[0];
            b->strategy[i].upper = like->upper;
            b->strategy[i].lower = like->lower;
            b->strategy[i].shorts = like->shorts;
            b->strategy[i].between = like->between;
        }
        size_t last = uneven ? begin + 1 + sim_pick(&x, (unsigned)(end - begin)) : end;
        b->lane[i] = (gnt_sim_lane){&b->m.view, &b->strategy[i], b->m.score, NULL, begin, last};
        ref_simulate(&b->lane[i], &b->expected[i], NULL);
    }
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
