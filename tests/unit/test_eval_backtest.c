/* A backtest's figures, benchmarks and break-even costs. */
#include "tests/test.h"
#include "host/eval/book.h"
#include "host/eval/moments.h"
#include "tests/synth.h"

#include <stdlib.h>
#include <string.h>

enum { T = 400, BEGIN = 60, END = 360 };

typedef struct fixture {
    gnt_bars bars;
    double score[T];
    gnt_strategy strategy;
    gnt_engine engine;
    gnt_backtest result;
} fixture;

static void fixture_open(fixture *f, uint64_t seed)
{
    static double storage[5 * T];
    gnt_error why;
    memset(f, 0, sizeof *f);
    gnt_bars_view v = synth_bars(seed, T, .02, storage);
    assert_int_equal(gnt_bars_alloc(&f->bars, T, &why), GNT_OK);
    for (size_t t = 0; t < T; t++) {
        f->bars.day[t] = 18000 + (gnt_day)t;
        f->bars.open[t] = v.open[t];
        f->bars.high[t] = v.high[t];
        f->bars.low[t] = v.low[t];
        f->bars.close[t] = f->bars.adj_close[t] = v.close[t];
        f->bars.volume[t] = v.volume[t];
        /* right about two times in three, so that there is something to break even with */
        bool up = t + 1 < T && v.close[t + 1] > v.close[t];
        f->score[t] = (synth_uniform(&seed) < .67) == up ? .7 : .3;
    }
    gnt_strategy_default(&f->strategy);
    assert_int_equal(gnt_engine_open(&f->engine, "cpu", 1, NULL, &why), GNT_OK);
}

static void fixture_run(fixture *f)
{
    gnt_error why = {0};
    gnt_backtest_free(&f->result);
    if (gnt_backtest_run(&f->engine, &f->bars, &f->bars, f->score, BEGIN, END, &f->strategy, 42, &f->result, &why))
        fail_msg("%s", why.text);
}

static void fixture_close(fixture *f)
{
    gnt_backtest_free(&f->result);
    gnt_bars_free(&f->bars);
    gnt_engine_close(&f->engine);
}

static void figures_agree_with_the_paths(void **state)
{
    (void)state;
    static fixture f;
    fixture_open(&f, 3);
    f.strategy.cash_rate = .03;
    fixture_run(&f);
    const gnt_backtest *b = &f.result;
    size_t n = END - BEGIN, n_up = 0, n_nonzero = 0;
    double excess[END - BEGIN];
    for (size_t i = 0; i < n; i++) {
        n_up += b->ret[i] > 0;
        n_nonzero += b->ret[i] != 0;
        excess[i] = b->ret[i] - .03 / 252;
    }
    double mean = gnt_mean(excess, n), sharpe = mean / gnt_sd(excess, n, mean) * sqrt(252);
    assert_int_equal(b->totals.n_bars, n);
    assert_true(b->total_return.value == b->equity[n - 1] / 1e6 - 1);
    assert_true(b->hit_rate.value == (double)n_up / (double)n_nonzero);
    if (!(fabs(b->sharpe.value - sharpe) <= 1e-12 * fabs(sharpe))) fail_msg("sharpe %g, %g", b->sharpe.value, sharpe);
    double annual = pow(1 + b->total_return.value, 252. / (double)n) - 1;
    if (!(fabs(b->annual_return.value - annual) <= 1e-12)) fail_msg("annual %g, %g", b->annual_return.value, annual);
    assert_true(b->random_p05.value <= b->random_p50.value && b->random_p50.value <= b->random_p95.value);
    /* SPEC 10: holding is one position from the first open to the last close, at cost on both ends */
    double c = 2.5e-4, before_last = 1e6 / (1 + c) / f.bars.open[BEGIN] * f.bars.close[END - 1];
    double hold = before_last * (1 - c) / 1e6 - 1;
    if (!(fabs(b->buy_hold.value - hold) <= 1e-12)) fail_msg("buy_hold %.17g, %.17g", b->buy_hold.value, hold);
    assert_true(b->always_up.value == b->buy_hold.value);
    if (!(fabs(b->cash_only.value - (pow(1 + .03 / 252, (double)n) - 1)) <= 1e-15)) fail_msg("cash");
    fixture_close(&f);
}

static void accuracy_counts_rows_whose_next_bar_is_inside(void **state)
{
    (void)state;
    static fixture f;
    fixture_open(&f, 4);
    for (size_t t = 0; t < T; t++) f.score[t] = NAN;
    f.score[BEGIN - 2] = .9; /* its bar is before the window */
    f.score[BEGIN - 1] = .5; /* up: p >= 0.5, whatever the thresholds */
    f.score[BEGIN + 5] = .5 - 5e-6;
    f.score[END - 2] = .2;
    f.score[END - 1] = .9; /* its bar is after the window */
    fixture_run(&f);
    const double *c = f.bars.close;
    uint64_t right = (c[BEGIN] > c[BEGIN - 1]) + !(c[BEGIN + 6] > c[BEGIN + 5]) + !(c[END - 1] > c[END - 2]);
    assert_int_equal(f.result.accuracy.n, 3);
    assert_int_equal(f.result.accuracy.n_right, right);
    assert_int_equal(f.result.n_fragile, 2);
    assert_false(f.result.constant_prediction);
    fixture_close(&f);
}

static void no_scores_no_trades(void **state)
{
    (void)state;
    static fixture f;
    fixture_open(&f, 5);
    for (size_t t = 0; t < T; t++) f.score[t] = NAN;
    fixture_run(&f);
    const gnt_backtest *b = &f.result;
    assert_true(b->total_return.value == 0 && isnan(b->sharpe.value) && isnan(b->hit_rate.value));
    assert_string_equal(b->sharpe.reason, "zero_variance");
    assert_string_equal(b->calmar.reason, "no_drawdown");
    assert_string_equal(b->break_even_bp.reason, "no_trades");
    assert_string_equal(b->break_even_vs_hold_bp.reason, "no_trades");
    json_t *object = gnt_backtest_json(b, &f.strategy);
    assert_true(json_is_null(json_object_get(object, "accuracy")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(object, "reasons"), "accuracy")),
                        "no_scores");
    json_decref(object);
    fixture_close(&f);
}

/* The root is checked by the simulation itself: at the break-even cost the book returns what it should. */
static void break_even_is_a_root(void **state)
{
    (void)state;
    static fixture f;
    for (uint64_t seed = 10; seed < 14; seed++) {
        fixture_open(&f, seed);
        f.strategy.shorts = seed % 2;
        fixture_run(&f);
        double own = f.result.break_even_bp.value, hold = f.result.break_even_vs_hold_bp.value;
        if (!(own > 0) || !(hold > 0)) fail_msg("seed %d: break-even %g, against holding %g", (int)seed, own, hold);
        f.strategy.half_spread_bp = f.strategy.slippage_bp = 0;
        f.strategy.commission_bp = own;
        fixture_run(&f);
        if (!(fabs(f.result.total_return.value) <= 1e-9)) fail_msg("at %g bp: %g", own, f.result.total_return.value);
        f.strategy.commission_bp = hold;
        fixture_run(&f);
        double gap = f.result.total_return.value - f.result.buy_hold.value;
        if (!(fabs(gap) <= 1e-9)) fail_msg("at %g bp: %g above holding", hold, gap);
        fixture_close(&f);
    }
}

static void break_even_that_isnt(void **state)
{
    (void)state;
    static fixture f;
    fixture_open(&f, 20);
    for (size_t t = 0; t < T; t++) f.score[t] = .9; /* holding itself: identical books */
    fixture_run(&f);
    assert_string_equal(f.result.break_even_vs_hold_bp.reason, "no_crossing");
    assert_true(f.result.constant_prediction);
    for (size_t t = 0; t + 1 < T; t++) f.score[t] = f.bars.close[t + 1] > f.bars.open[t + 1] ? .1 : .9;
    fixture_run(&f);
    assert_string_equal(f.result.break_even_bp.reason, "negative_gross_return");
    fixture_close(&f);
}

/* Random books keep the runs and gaps: same multiset of runs, same exposure, the same pattern of kinds. */
static void random_books_shuffle_runs(void **state)
{
    (void)state;
    static const double exposure[] = {0, 1, 1, 0, 0, 0, -1, -1, -1, 1, 0, 1, 1, 1, 1, 0};
    enum { N = sizeof exposure / sizeof *exposure };
    size_t scratch[2 * N + 1], n_moved = 0;
    double out[N];
    for (uint64_t r = 0; r < 200; r++) {
        gnt_random_exposure(exposure, N, 42, r, scratch, out);
        double sum = 0, sum_abs = 0;
        for (size_t i = 0; i < N; i++) {
            sum += out[i];
            sum_abs += fabs(out[i]);
        }
        assert_true(sum == 4 && sum_abs == 10 && out[0] == 0 && out[N - 1] == 0);
        n_moved += memcmp(out, exposure, sizeof out) != 0;
    }
    if (n_moved < 150) fail_msg("only %zu of 200 replicates differ from the strategy", n_moved);
    static const double always[] = {1, 1, 1, 1};
    gnt_random_exposure(always, 4, 42, 9, scratch, out);
    assert_memory_equal(out, always, sizeof always);
}

static void exposure_is_the_target_traded_to(void **state)
{
    (void)state;
    /* fill on bar 1 to 1, a target of .5 refused on bar 2 (units unchanged), out on bar 3, short on bar 4 */
    static const double target[] = {0, 1, .5, 0, -1}, position[] = {0, 10, 10, 0, -9};
    static const double expected[] = {0, 1, 1, 0, -1};
    double exposure[5];
    gnt_book_exposure(target, position, 5, exposure);
    assert_memory_equal(exposure, expected, sizeof expected);
}

static void refused(void **state)
{
    (void)state;
    static fixture f;
    gnt_error why;
    gnt_backtest b;
    fixture_open(&f, 30);
    f.strategy.impact_bp = 10;
    assert_int_equal(gnt_backtest_run(&f.engine, &f.bars, &f.bars, f.score, 19, 50, &f.strategy, 1, &b, &why),
                     GNT_EDATA);
    assert_int_equal(gnt_backtest_run(&f.engine, &f.bars, &f.bars, f.score, 20, 50, &f.strategy, 1, &b, &why), GNT_OK);
    gnt_backtest_free(&b);
    for (size_t t = 100; t < 120; t++) f.bars.volume[t] = 0;
    assert_int_equal(gnt_backtest_run(&f.engine, &f.bars, &f.bars, f.score, 90, 150, &f.strategy, 1, &b, &why),
                     GNT_EDATA);
    f.strategy.impact_bp = 0;
    f.strategy.size = GNT_SIZE_VOL_TARGET;
    assert_int_equal(gnt_backtest_run(&f.engine, &f.bars, &f.bars, f.score, 20, 50, &f.strategy, 1, &b, &why),
                     GNT_EDATA);
    assert_int_equal(gnt_backtest_run(&f.engine, &f.bars, &f.bars, f.score, 21, 50, &f.strategy, 1, &b, &why), GNT_OK);
    gnt_backtest_free(&b);
    f.score[30] = 1.5;
    assert_int_equal(gnt_backtest_run(&f.engine, &f.bars, &f.bars, f.score, 21, 50, &f.strategy, 1, &b, &why),
                     GNT_EVALUE);
    assert_int_equal(gnt_backtest_run(&f.engine, &f.bars, &f.bars, f.score, 0, 50, &f.strategy, 1, &b, &why),
                     GNT_EINVAL);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_agree_with_the_paths),
        cmocka_unit_test(accuracy_counts_rows_whose_next_bar_is_inside),
        cmocka_unit_test(no_scores_no_trades),
        cmocka_unit_test(break_even_is_a_root),
        cmocka_unit_test(break_even_that_isnt),
        cmocka_unit_test(random_books_shuffle_runs),
        cmocka_unit_test(exposure_is_the_target_traded_to),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
