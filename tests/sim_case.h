/* Random books for tests of the simulation: configurations, bars and scores from one seed. */
#ifndef GNT_TEST_SIM_CASE_H
#define GNT_TEST_SIM_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/synth.h"

static inline gnt_strategy sim_plain(void) /* SPEC 5's defaults, written out once more */
{
    return (gnt_strategy){.upper = .5,
                          .lower = .5,
                          .target_vol = .15,
                          .max_leverage = 1,
                          .kelly_fraction = .5,
                          .commission_bp = .5,
                          .half_spread_bp = 1,
                          .slippage_bp = 1,
                          .borrow_bp = 50,
                          .capital = 1e6,
                          .periods = 252,
                          .close_at_end = true};
}

enum { SIM_T = 90 };

typedef struct sim_case {
    double storage[5 * SIM_T], dollar_volume[SIM_T], vol[SIM_T], score[SIM_T], target[SIM_T];
    gnt_sim_market market;
    gnt_strategy strategy;
    gnt_sim_lane lane;
} sim_case;

static inline unsigned sim_pick(uint64_t *x, unsigned n)
{
    return (unsigned)(synth_uniform(x) * n);
}

static inline double sim_between(uint64_t *x, double a, double b)
{
    return a + (b - a) * synth_uniform(x);
}

static inline gnt_strategy sim_strategy(uint64_t *x)
{
    gnt_strategy s = sim_plain();
    s.lower = sim_pick(x, 2) ? .5 : sim_between(x, .2, .5);
    s.upper = sim_pick(x, 2) ? .5 : sim_between(x, .5, .8);
    s.shorts = sim_pick(x, 2);
    s.between = sim_pick(x, 2) ? GNT_BETWEEN_HOLD : GNT_BETWEEN_FLAT;
    s.size = (gnt_size)sim_pick(x, 3);
    s.target_vol = sim_between(x, .05, 1);
    s.max_leverage = sim_pick(x, 2) ? 1 : sim_between(x, 1, 8);
    s.kelly_fraction = sim_between(x, .1, 8);
    s.fill = (gnt_fill)sim_pick(x, 3);
    s.rebalance = sim_pick(x, 2) ? GNT_REBALANCE_DAILY : GNT_REBALANCE_ON_CHANGE;
    s.commission_bp = sim_pick(x, 4) ? sim_between(x, 0, 30) : 0;
    s.half_spread_bp = sim_pick(x, 4) ? sim_between(x, 0, 30) : 0;
    s.slippage_bp = sim_pick(x, 4) ? sim_between(x, 0, 30) : 0;
    s.impact_bp = sim_pick(x, 2) ? sim_between(x, 0, 500) : 0;
    s.fee_per_trade = sim_pick(x, 2) ? sim_between(x, 0, 2000) : 0;
    s.borrow_bp = sim_pick(x, 4) ? sim_between(x, 0, 2000) : 0;
    s.margin_bp = sim_pick(x, 2) ? sim_between(x, 0, 2000) : 0;
    s.cash_rate = sim_pick(x, 2) ? sim_between(x, -.02, .2) : 0;
    s.capital = sim_pick(x, 2) ? 1e6 : sim_between(x, 1e4, 1e8);
    s.periods = sim_pick(x, 4) ? 252 : 365;
    s.close_at_end = sim_pick(x, 4) != 0;
    return s;
}

/* Every fourth case has prices violent enough to ruin shorts and levered books. */
static inline void sim_case_make(sim_case *c, uint64_t seed)
{
    uint64_t x = seed * 2654435761u + 1;
    double vol = seed % 4 == 0 ? .9 : .04;
    for (int i = 0; i < 4; i++) (void)synth_uniform(&x);
    c->market.bars = synth_bars(x, SIM_T, vol, c->storage);
    for (size_t t = 0; t < SIM_T; t++) {
        c->dollar_volume[t] = t < 20 ? NAN : sim_between(&x, 1e6, 1e9);
        c->vol[t] = sim_pick(&x, 20) ? sim_between(&x, .001, .05) : 0;
        c->score[t] = sim_pick(&x, 8) == 0 ? NAN : sim_pick(&x, 8) == 0 ? .5 : synth_uniform(&x);
        c->target[t] = sim_pick(&x, 4) == 0 ? NAN : sim_pick(&x, 3) ? sim_pick(&x, 3) - 1. : sim_between(&x, -3, 3);
    }
    c->market.dollar_volume_20 = c->dollar_volume;
    c->market.vol_20 = c->vol;
    c->strategy = sim_strategy(&x);
    size_t begin = 20 + sim_pick(&x, 20), n = 1 + sim_pick(&x, (unsigned)(SIM_T - begin));
    c->lane = (gnt_sim_lane){&c->market, &c->strategy, c->score, sim_pick(&x, 4) ? NULL : c->target, begin, begin + n};
}

/* Paths of one lane in one block [8][SIM_T], filled with a value no path holds. */
typedef struct sim_paths {
    double x[8][SIM_T];
} sim_paths;

static inline gnt_sim_path sim_path(sim_paths *p)
{
    for (int k = 0; k < 8; k++)
        for (int i = 0; i < SIM_T; i++) p->x[k][i] = -12345;
    return (gnt_sim_path){p->x[0], p->x[1], p->x[2], p->x[3], p->x[4], p->x[5], p->x[6], p->x[7]};
}

/* Same bits, but -0 = 0 and any NaN = any NaN: neither is a number anyone can tell apart in a result. */
static inline bool sim_same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static inline bool sim_same_totals(const gnt_sim_totals *a, const gnt_sim_totals *b)
{
    return a->ruined == b->ruined && !memcmp(a, b, offsetof(gnt_sim_totals, ruined));
}

static inline void sim_totals_print(char *text, size_t room, const gnt_sim_totals *t)
{
    snprintf(text, room,
             "equity %.17g sum_r %.17g %.17g %.17g drawdown %.17g (%llu) bars %llu fills %llu trades %llu exposed %llu "
             "up %llu nonzero %llu turnover %.17g cost %.17g night %.17g day %.17g ruined %d",
             t->equity, t->sum_r, t->sum_r2, t->sum_down2, t->max_drawdown, (unsigned long long)t->max_drawdown_bars,
             (unsigned long long)t->n_bars, (unsigned long long)t->n_fills, (unsigned long long)t->n_trades,
             (unsigned long long)t->n_exposed, (unsigned long long)t->n_up, (unsigned long long)t->n_nonzero,
             t->turnover, t->cost_paid, t->overnight, t->intraday, t->ruined);
}

#endif
