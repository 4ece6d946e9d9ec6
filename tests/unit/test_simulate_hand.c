/* Tables of at most ten bars, worked by hand: the arithmetic stands in the comments and can be checked on paper.
 *
 * c is the one-way proportional cost, P the fill price, E' = cash + u P the equity at it. With s the trade's sign,
 * the new position is worth w (E' + c s u P)/(1 + w c s). */
#include "kernels/cpu/stages.h"
#include "tests/test.h"

#include <stdio.h>

#include "tests/sim_case.h"

enum { MAX_BARS = 11 };

typedef struct table {
    double open[MAX_BARS], close[MAX_BARS], score[MAX_BARS];
    size_t n; /* rows, the one before the window included */
    gnt_strategy strategy;
} table;

typedef struct result {
    gnt_sim_totals totals;
    double price_fill[MAX_BARS], target[MAX_BARS], units[MAX_BARS], cash[MAX_BARS], equity[MAX_BARS], ret[MAX_BARS],
        cost[MAX_BARS], position[MAX_BARS];
} result;

static gnt_strategy free_of_cost(double capital)
{
    gnt_strategy s = sim_plain();
    s.commission_bp = s.half_spread_bp = s.slippage_bp = s.borrow_bp = 0;
    s.capital = capital;
    return s;
}

static gnt_strategy one_percent(double capital) /* c = 0.01 exactly as 100 bp */
{
    gnt_strategy s = free_of_cost(capital);
    s.commission_bp = 100;
    return s;
}

static result run_with(const table *t, const double *dollar_volume)
{
    static result r;
    gnt_sim_market market = {.bars = {.n = t->n, .open = t->open, .high = t->open, .low = t->open, .close = t->close},
                             .dollar_volume_20 = dollar_volume};
    gnt_sim_lane lane = {&market, &t->strategy, t->score, NULL, 1, t->n};
    gnt_sim_path path = {r.price_fill, r.target, r.units, r.cash, r.equity, r.ret, r.cost, r.position};
    gnt_cpu_simulate_generic(&lane, 0, 1, &r.totals, &path);
    return r;
}

static result run(const table *t)
{
    return run_with(t, NULL);
}

/* Paper has no rounding error; float64 has a few ulp. */
static void near(const char *what, double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%s: %.17g, by hand %.17g", what, got, expected);
}

/* Long from bar 1's open, out at bar 3's open, no costs.
 *   row 0 p .9 -> w 1    bar 1: buy at O = 100: u = 1000/100 = 10, cash 0; C = 110: E = 1100, R = .1
 *   row 1 p .9 -> w 1    bar 2: nothing;        C = 99:  E = 990,  R = -.1
 *   row 2 p .2 -> w 0    bar 3: sell at O = 102: cash 1020, u 0;   E = 1020, R = 1020/990 - 1 = 1/33
 *   row 3 p .2           bar 4: flat, E = 1020, R = 0
 * total return .02; fills 2; one run of 2 bars of 4; turnover 1 + 1; drawdown 990/1100 - 1 = -.1, below for 3 bars.
 * overnight: bar 2 10 (105 - 110) = -50, bar 3 10 (102 - 99) = 30 -> -20
 * intraday: bar 1 10 (110 - 100) = 100, bar 2 10 (99 - 105) = -60 -> 40;  -20 + 40 = 20 = the profit */
static void long_then_flat(void **state)
{
    (void)state;
    table t = {.open = {0, 100, 105, 102, 90},
               .close = {98, 110, 99, 101, 95},
               .score = {.9, .9, .2, .2, .9},
               .n = 5,
               .strategy = free_of_cost(1000)};
    result r = run(&t);
    near("units", r.units[0], 10);
    near("equity 1", r.equity[0], 1100);
    near("equity 2", r.equity[1], 990);
    near("equity 3", r.equity[2], 1020);
    near("equity 4", r.equity[3], 1020);
    near("R 1", r.ret[0], .1);
    near("R 3", r.ret[2], 1. / 33);
    near("fill 1", r.price_fill[0], 100);
    near("fill 3", r.price_fill[2], 102);
    assert_true(isnan(r.price_fill[1]) && isnan(r.price_fill[3]));
    assert_int_equal(r.totals.n_fills, 2);
    assert_int_equal(r.totals.n_trades, 1);
    assert_int_equal(r.totals.n_exposed, 2);
    assert_int_equal(r.totals.max_drawdown_bars, 3);
    near("turnover", r.totals.turnover, 2);
    near("drawdown", r.totals.max_drawdown, -.1);
    near("overnight", r.totals.overnight, -20);
    near("intraday", r.totals.intraday, 40);
}

/* Costs of 1 % a side, one bar, closed at its close.
 *   buy at 100:  u P = 1010/(1.01) = 1000, u = 10; paid 1000 + .01 * 1000 = 1010 of 1010: cash 0
 *   C = 120: E = 1200; close: sold for 1200, cost 12: cash 1188;  R = 1188/1010 - 1
 *   cost 10 + 12 = 22; turnover 1000/1010 + 1200/1200; 2 fills, 1 trade */
static void costs_on_both_sides(void **state)
{
    (void)state;
    table t = {.open = {0, 100}, .close = {100, 120}, .score = {.8, .8}, .n = 2, .strategy = one_percent(1010)};
    result r = run(&t);
    near("position at the mark", r.position[0], 10);
    near("units after the close", r.units[0], 0);
    near("cash", r.cash[0], 1188);
    near("R", r.ret[0], 1188. / 1010 - 1);
    near("cost", r.totals.cost_paid, 22);
    near("turnover", r.totals.turnover, 1000. / 1010 + 1);
    assert_int_equal(r.totals.n_fills, 2);
    t.strategy.close_at_end = false; /* the open position stays and is only marked */
    r = run(&t);
    near("marked", r.equity[0], 1200);
    assert_int_equal(r.totals.n_fills, 1);
}

/* Short at 1 % a side with 2520 bp a year to borrow: 2520/10,000/252 = .001 a bar.
 *   sell at 100: s = -1, w = -1: u P = -1 * 1010/(1 + .01) = -1000, u = -10; cost 10; cash = 1010 + 1000 - 10 = 2000
 *   C = 90: borrow 10 * 90 * .001 = .9: cash 1999.1; E = 1999.1 - 900 = 1099.1
 *   next bar O = 80, p high: w 1 from -1: E' = 1999.1 - 800 = 1199.1; s = 1;
 *                u P = (1199.1 + .01 * -800)/(1.01) = 1191.1/1.01 = 1179.30693...; cost .01 * (1179.30693 + 800)
 *   C = 80: E = 1199.1 - cost */
static void short_then_reverse(void **state)
{
    (void)state;
    table t = {
        .open = {0, 100, 80}, .close = {100, 90, 80}, .score = {.1, .9, .9}, .n = 3, .strategy = one_percent(1010)};
    t.strategy.shorts = true;
    t.strategy.borrow_bp = 2520;
    t.strategy.close_at_end = false;
    result r = run(&t);
    near("units", r.units[0], -10);
    near("cash", r.cash[0], 1999.1);
    near("equity", r.equity[0], 1099.1);
    double value = 1191.1 / 1.01;
    near("reversed units", r.units[1], value / 80);
    near("reversed equity", r.equity[1], 1199.1 - .01 * (value + 800));
    assert_int_equal(r.totals.n_trades, 2);
    near("exposure is 1 after costs", r.units[1] * 80 / r.equity[1], 1);
}

/* The other two fills, without costs; decision made at row 0, up from there.
 *   next_close: bought at C[1] = 110: 1100/110 = 10 units, bar 1 earns nothing; C[2] = 121: E = 1210
 *   same_close: bought at C[0] = 100, booked in bar 1: 11 units; C[1] = 110: E = 1210; C[2] = 121: E = 1331
 * With close_at_end next_close makes no fill on the last bar but the closing one. */
static void other_fills(void **state)
{
    (void)state;
    table t = {
        .open = {0, 105, 115}, .close = {100, 110, 121}, .score = {.9, .9, .9}, .n = 3, .strategy = free_of_cost(1100)};
    t.strategy.fill = GNT_FILL_NEXT_CLOSE;
    result r = run(&t);
    near("next_close 1", r.equity[0], 1100);
    near("next_close 2", r.equity[1], 1210);
    near("next_close overnight: 10 (115 - 110)", r.totals.overnight, 50);
    near("next_close intraday: 10 (121 - 115)", r.totals.intraday, 60);
    assert_int_equal(r.totals.n_fills, 2);
    t.n = 2; /* one bar: the decision would fill at the last close */
    assert_int_equal(run(&t).totals.n_fills, 0);
    t.strategy.close_at_end = false;
    assert_int_equal(run(&t).totals.n_fills, 1);
    t.n = 3;
    t.strategy.fill = GNT_FILL_SAME_CLOSE;
    r = run(&t);
    near("same_close fill", r.price_fill[0], 100);
    near("same_close 1", r.equity[0], 1210);
    near("same_close 2", r.equity[1], 1331);
    near("same_close overnight: 11 (5 + 5)", r.totals.overnight, 110);
    near("same_close intraday: 11 (5 + 6)", r.totals.intraday, 121);
}

/* A short in a rally. u = -10 from 1000 USD at 100 (cash 2000).
 *   bar 2 opens at 150: E' = 2000 - 1500 = 500: alive. C = 190: E = 100.
 *   bar 3 opens at 210: 2000 - 2100 <= 0: ruined at the open, no fill. R = -1, then 0; equity 0 for good.
 *   Overnight: -10 (150 - 100) - 10 (210 - 190) = -700; intraday: -10 (190 - 150) = -400; together -1100: 100 more than
 *   there was, and that part nobody pays here. */
static void ruin_at_the_open(void **state)
{
    (void)state;
    table t = {.open = {0, 100, 150, 210, 50},
               .close = {100, 100, 190, 60, 40},
               .score = {.1, .1, .1, .1, .1},
               .n = 5,
               .strategy = free_of_cost(1000)};
    t.strategy.shorts = true;
    result r = run(&t);
    near("equity 2", r.equity[1], 100);
    assert_true(r.equity[2] == 0 && r.equity[3] == 0 && r.units[2] == 0 && r.cash[3] == 0);
    assert_true(r.ret[2] == -1 && r.ret[3] == 0 && r.totals.ruined);
    near("drawdown", r.totals.max_drawdown, -1);
    assert_int_equal(r.totals.n_exposed, 2);
    assert_int_equal(r.totals.n_fills, 1);
    near("overnight", r.totals.overnight, -700);
    near("intraday", r.totals.intraday, -400);
}

/* Ruin at the mark: the same short, but the rally comes after the open: 2000 - 10 * 200 = 0 is ruin (E <= 0). */
static void ruin_at_the_close(void **state)
{
    (void)state;
    table t = {
        .open = {0, 100, 120}, .close = {100, 100, 200}, .score = {.1, .1, .1}, .n = 3, .strategy = free_of_cost(1000)};
    t.strategy.shorts = true;
    result r = run(&t);
    assert_true(r.totals.ruined && r.equity[1] == 0 && r.ret[1] == -1);
    near("position at the mark", r.position[1], -10);
    assert_int_equal(r.totals.n_exposed, 2);
}

/* No score keeps the target; a score between the thresholds goes flat or keeps it.
 *   thresholds .4, .6; scores .7 (long), none (keep), .5 (between), .5
 *   between flat: long on bars 1, 2, flat on 3, 4;  between hold: long on all four */
static void missing_and_between(void **state)
{
    (void)state;
    table t = {.open = {0, 10, 10, 10, 10},
               .close = {10, 10, 10, 10, 10},
               .score = {.7, NAN, .5, .5, .5},
               .n = 5,
               .strategy = free_of_cost(1000)};
    t.strategy.lower = .4;
    t.strategy.upper = .6;
    result r = run(&t);
    assert_int_equal(r.totals.n_exposed, 2);
    near("target of bar 2", r.target[1], 1);
    near("target of bar 3", r.target[2], 0);
    t.strategy.between = GNT_BETWEEN_HOLD;
    assert_int_equal(run(&t).totals.n_exposed, 4);
    t.score[0] = NAN; /* nothing decided before the window: flat, and "keep" keeps it */
    assert_int_equal(run(&t).totals.n_exposed, 0);
}

/* Kelly: fraction 2, p .75 -> 2 * .5 = 1; p .95 -> min(2 * .9, 1.5) = 1.5, on change: a levered trade.
 *   bar 1: u = 1000/10 = 100, cash 0
 *   bar 2: O = 10: E' = 1000, w 1.5: u = 150, cash -500; margin 2520 bp a year = .001 a bar: cash -500.5
 *   C = 11: E = 1650 - 500.5 = 1149.5 */
static void kelly_on_margin(void **state)
{
    (void)state;
    table t = {
        .open = {0, 10, 10}, .close = {10, 10, 11}, .score = {.75, .95, .95}, .n = 3, .strategy = free_of_cost(1000)};
    t.strategy.size = GNT_SIZE_KELLY;
    t.strategy.kelly_fraction = 2;
    t.strategy.max_leverage = 1.5;
    t.strategy.margin_bp = 2520;
    t.strategy.close_at_end = false;
    result r = run(&t);
    near("units 1", r.units[0], 100);
    near("units 2", r.units[1], 150);
    near("cash 2", r.cash[1], -500.5);
    near("equity 2", r.equity[1], 1149.5);
}

/* Fee, impact and interest. Capital 10,000; impact 100 bp; dollar volume 40,000; fee 7; rate .252 a year = .001 a bar.
 *   buy at 100: u = 100, notional 10,000; impact 10,000 * .01 * sqrt(10,000/40,000) = 50; cash = -50 - 7 = -57
 *   no interest on a debt, margin 0;  C = 101: E = 10,043
 *   bar 2, flat: sell 100 at 104: notional 10,400; impact 104 * sqrt(.26); cash = -57 + 10,400 - 7 - impact,
 * times 1.001 */
static void fee_impact_interest(void **state)
{
    (void)state;
    static const double dollar_volume[] = {NAN, 40000, 40000};
    table t = {
        .open = {0, 100, 104}, .close = {100, 101, 99}, .score = {.9, .1, .1}, .n = 3, .strategy = free_of_cost(10000)};
    t.strategy.impact_bp = 100;
    t.strategy.fee_per_trade = 7;
    t.strategy.cash_rate = .252;
    result r = run_with(&t, dollar_volume);
    near("cash 1", r.cash[0], -57);
    near("equity 1", r.equity[0], 10043);
    double impact = 104 * sqrt(.26);
    near("cash 2", r.cash[1], (10336 - impact) * 1.001);
    near("cost", r.totals.cost_paid, 50 + 7 + 7 + impact);
}

/* Daily rebalancing of a short, no costs: exposure is brought back to -1 at each open.
 *   bar 1 O = 100: u = -10, cash 2000; C = 100
 *   bar 2 O = 80: E' = 1200; target value -1200: u = -15; one fill. On change: nothing, u stays -10. */
static void daily_rebalance(void **state)
{
    (void)state;
    table t = {
        .open = {0, 100, 80}, .close = {100, 100, 80}, .score = {.1, .1, .1}, .n = 3, .strategy = free_of_cost(1000)};
    t.strategy.shorts = true;
    t.strategy.close_at_end = false;
    near("on change", run(&t).units[1], -10);
    t.strategy.rebalance = GNT_REBALANCE_DAILY;
    near("daily", run(&t).units[1], -15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_then_flat),      cmocka_unit_test(costs_on_both_sides),
        cmocka_unit_test(short_then_reverse),  cmocka_unit_test(other_fills),
        cmocka_unit_test(ruin_at_the_open),    cmocka_unit_test(ruin_at_the_close),
        cmocka_unit_test(missing_and_between), cmocka_unit_test(kelly_on_margin),
        cmocka_unit_test(fee_impact_interest), cmocka_unit_test(daily_rebalance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
