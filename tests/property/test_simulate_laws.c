/* Laws every book keeps, over random configurations, bars and scores. */
#include "kernels/cpu/stages.h"
#include "tests/test.h"

#include <stdio.h>

#include "tests/sim_case.h"

enum { CASES = 1500 };

static sim_case c;
static sim_paths paths;

static gnt_sim_totals run(const gnt_sim_lane *lane, sim_paths *into)
{
    gnt_sim_totals totals;
    gnt_sim_path path = sim_path(into);
    gnt_cpu_simulate_generic(lane, 0, 1, &totals, &path);
    return totals;
}

static const double *units(const sim_paths *p)
{
    return p->x[2];
}
static const double *equity(const sim_paths *p)
{
    return p->x[4];
}
static const double *position(const sim_paths *p)
{
    return p->x[7];
}

static void without_charges(gnt_strategy *s)
{
    s->commission_bp = s->half_spread_bp = s->slippage_bp = s->impact_bp = s->fee_per_trade = 0;
    s->borrow_bp = s->margin_bp = s->cash_rate = 0;
}

/* Zero costs: each bar's profit is position times price move, bar by bar. With next_open the position of bar t is
 * units[t-1] overnight and units at the mark in the session. Rounding: a few operations of size equity each. */
static void profit_is_position_times_move(void **state)
{
    (void)state;
    size_t n_checked = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        sim_case_make(&c, seed);
        without_charges(&c.strategy);
        c.strategy.fill = GNT_FILL_NEXT_OPEN;
        c.strategy.close_at_end = false;
        (void)run(&c.lane, &paths);
        const gnt_bars_view *b = &c.market.bars;
        double before = c.strategy.capital, held = 0;
        for (size_t t = c.lane.begin; t < c.lane.end; t++) {
            size_t i = t - c.lane.begin;
            double now = equity(&paths)[i], u = position(&paths)[i];
            if (now == 0) break; /* ruined: the loss beyond the equity is not booked */
            double profit = held * (b->open[t] - b->close[t - 1]) + u * (b->close[t] - b->open[t]);
            double size = before + now + fabs(held * b->open[t]) + fabs(u * b->open[t]) + fabs(u * b->close[t]);
            if (!(fabs(now - before - profit) <= 16 * 0x1p-53 * size))
                fail_msg("seed %llu bar %zu: equity moved %.17g, position times move %.17g", (unsigned long long)seed,
                         i, now - before, profit);
            before = now;
            held = units(&paths)[i];
            n_checked++;
        }
    }
    if (n_checked < 10000) fail_msg("only %zu bars checked", n_checked);
}

/* Capital + price P&L - costs = equity, when nothing is charged for holding and the book survives. */
static void the_books_balance(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        sim_case_make(&c, seed);
        c.strategy.borrow_bp = c.strategy.margin_bp = c.strategy.cash_rate = 0;
        gnt_sim_totals t = run(&c.lane, &paths);
        if (t.ruined) continue;
        double expected = c.strategy.capital + t.overnight + t.intraday - t.cost_paid;
        double size = c.strategy.capital, before = c.strategy.capital; /* money moved, whose rounding adds up */
        for (size_t i = 0; i < c.lane.end - c.lane.begin; i++) {
            size += 8 * (equity(&paths)[i] + before) * (1 + c.strategy.max_leverage + 3);
            before = equity(&paths)[i];
        }
        if (!(fabs(t.equity - expected) <= 16 * 0x1p-53 * size))
            fail_msg("seed %llu: equity %.17g, capital + P&L - costs %.17g", (unsigned long long)seed, t.equity,
                     expected);
    }
}

static void never_below_zero(void **state)
{
    (void)state;
    size_t n_ruined = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        sim_case_make(&c, seed);
        gnt_sim_totals t = run(&c.lane, &paths);
        bool gone = false;
        for (size_t i = 0; i < c.lane.end - c.lane.begin; i++) {
            double e = equity(&paths)[i], r = paths.x[5][i];
            if (!(e >= 0) || !(r >= -1) || (gone && (e != 0 || r != 0)))
                fail_msg("seed %llu bar %zu: equity %.17g, return %.17g", (unsigned long long)seed, i, e, r);
            gone |= e == 0;
        }
        if (gone != t.ruined || !(t.max_drawdown >= -1))
            fail_msg("seed %llu: ruin is not marked", (unsigned long long)seed);
        n_ruined += gone;
    }
    if (n_ruined < 20) fail_msg("only %zu books ruined", n_ruined);
}

/* A fixed-size book without fixed fees scales with its equity, so a higher proportional cost never ends higher. */
static void costs_are_monotone(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        sim_case_make(&c, seed);
        c.strategy.size = GNT_SIZE_FIXED;
        c.strategy.impact_bp = c.strategy.fee_per_trade = 0;
        c.strategy.half_spread_bp = c.strategy.slippage_bp = 0;
        c.lane.target = NULL;
        double last = INFINITY;
        for (int bp = 0; bp <= 200; bp += 20) {
            c.strategy.commission_bp = bp;
            double e = run(&c.lane, &paths).equity;
            if (!(e <= last * (1 + 1e-12)))
                fail_msg("seed %llu: %d bp end at %.17g, less cost at %.17g", (unsigned long long)seed, bp, e, last);
            last = e;
        }
    }
}

/* Bars and scores after t change nothing up to t; the score of row t acts on bar t + 1 at the earliest. */
static void no_look_ahead(void **state)
{
    (void)state;
    static sim_paths other;
    size_t n_moved = 0;
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        sim_case_make(&c, seed);
        c.strategy.close_at_end = false; /* the closing trade knows where the window ends */
        size_t n = c.lane.end - c.lane.begin, cut = seed % n;
        (void)run(&c.lane, &paths);
        uint64_t x = seed;
        for (size_t t = c.lane.begin + cut; t < SIM_T; t++) {
            c.score[t] = synth_uniform(&x); /* decided at the close of the last bar looked at, or later */
            c.target[t] = -c.target[t];
            if (t == c.lane.begin + cut) continue;
            for (int k = 0; k < 5; k++) c.storage[k * SIM_T + t] *= 1 + synth_uniform(&x);
            c.dollar_volume[t] *= 2;
            c.vol[t] += .01;
        }
        (void)run(&c.lane, &other);
        for (int k = 0; k < 8; k++)
            for (size_t i = 0; i <= cut; i++)
                if (!sim_same(paths.x[k][i], other.x[k][i]))
                    fail_msg("seed %llu: column %d of bar %zu saw past bar %zu", (unsigned long long)seed, k, i, cut);
        n_moved += cut + 1 < n && equity(&paths)[cut + 1] != equity(&other)[cut + 1];
    }
    if (n_moved < CASES / 4) fail_msg("only %zu of %d perturbations showed afterwards", n_moved, CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profit_is_position_times_move),
        cmocka_unit_test(the_books_balance),
        cmocka_unit_test(never_below_zero),
        cmocka_unit_test(costs_are_monotone),
        cmocka_unit_test(no_look_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
