/* A sweep against the backtest: every figure of a configuration is that of `backtest` with the same parameters;
 * threads, shards and blocks don't show in the bytes. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/mem.h"
#include "host/eval/scores.h"
#include "host/sweep/merge.h"
#include "tests/synth.h"
#include "tests/test.h"

enum { ROOM = 1 << 17 };

static const gnt_sweep_inputs inputs = {
    .bars = (const char *const[]){"builtin:SYN-EDGE", "builtin:SYN-NULL"},
    .scores = (const char *const[]){"sweep-laws-0.csv", "sweep-laws-1.csv"},
    .n = 2,
    .window = {18262, 18500}, /* 2020-01-01 to 2020-08-26 */
};

static void check(gnt_status st, const gnt_error *why)
{
    if (st) fail_msg("%s", why->text);
}

/* Scores for both markets; every ninth row has none. */
static int write_scores(void **state)
{
    (void)state;
    gnt_error why = {0};
    for (size_t i = 0; i < 2; i++) {
        gnt_bars bars = {0};
        uint64_t x = 77 + i;
        if (gnt_bars_load(inputs.bars[i], 42, &bars, &why)) return -1;
        double *score = gnt_alloc(bars.n, sizeof *score);
        for (size_t t = 0; t < bars.n; t++)
            score[t] = t % 9 == 4 ? NAN : floor(1000 * (.35 + .3 * synth_uniform(&x))) / 1000;
        if (gnt_scores_write(inputs.scores[i], bars.day, score, bars.n, &why)) return -1;
        free(score);
        gnt_bars_free(&bars);
    }
    return 0;
}

static int remove_scores(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) unlink(inputs.scores[i]);
    return 0;
}

static gnt_sweep_spec spec_of(const char *grid, uint64_t folds, gnt_sweep_metric by)
{
    gnt_sweep_spec spec = {.top = 7, .n_folds = folds, .by = by, .seed = 42, .full = true};
    gnt_error why = {0};
    gnt_strategy_default(&spec.base);
    spec.base.cash_rate = .01;
    check(gnt_grid_add(&spec.grid, grid, &why), &why);
    if (spec.grid.n_dims > 1) {
        char map[128];
        snprintf(map, sizeof map, "%s,%s", spec.grid.dim[0].parameter->name, spec.grid.dim[1].parameter->name);
        check(gnt_sweep_spec_heatmap(&spec, map, &why), &why);
    }
    return spec;
}

/* Rows as they come. */
typedef struct keeper {
    gnt_sweep_row *row;
    size_t n, slices;
} keeper;

static gnt_status keep(void *self, const gnt_sweep_row *row, gnt_error *why)
{
    keeper *k = self;
    (void)why;
    if (k->n + k->slices > ROOM) return GNT_ENOMEM;
    memcpy(k->row + k->n, row, k->slices * sizeof *row);
    k->n += k->slices;
    return GNT_OK;
}

/* What plain sums may differ by from compensated ones: n eps rms on the mean; on the variance figures.c's bound of
 * 1.5 n eps rms^2, so half that over sd^2, relative, on the sd; n eps / 2 on the squares of losses, which have one
 * sign, so half that on their root; then a few last roundings. */
typedef struct sum_bounds {
    double volatility, sharpe, sortino;
} sum_bounds;

static sum_bounds bounds_of(const gnt_backtest *b, double periods)
{
    const double last = 8 * DBL_EPSILON, scale = sqrt(periods);
    double n = (double)(b->end - b->begin), rms = sqrt(b->totals.sum_r2 / n), sd = b->volatility.value / scale;
    double mean = n * DBL_EPSILON * rms, spread = .75 * n * DBL_EPSILON * rms * rms / (sd * sd);
    double down = sqrt(b->totals.sum_down2 / n), of_down = .25 * n * DBL_EPSILON;
    return (sum_bounds){
        .volatility = b->volatility.value * (spread + last),
        .sharpe = scale * mean / sd + fabs(b->sharpe.value) * (spread + last),
        .sortino = scale * mean / down + fabs(b->sortino.value) * (of_down + last),
    };
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* What totals alone give is equal in bits; what needs a variance, within the bound. */
static void compare_row(const gnt_sweep_row *row, const gnt_backtest *b, double periods, uint64_t number)
{
    const sum_bounds within = bounds_of(b, periods);
    const struct {
        const char *name;
        double got, expected, tolerance;
    } figure[] = {
        {"total_return", row->total_return, b->total_return.value, 0},
        {"annual_return", row->annual_return, b->annual_return.value, 0},
        {"calmar", row->calmar, b->calmar.value, 0},
        {"max_drawdown", row->max_drawdown, b->max_drawdown.value, 0},
        {"max_drawdown_bars", row->max_drawdown_bars, (double)b->totals.max_drawdown_bars, 0},
        {"hit_rate", row->hit_rate, b->hit_rate.value, 0},
        {"turnover", row->turnover, b->turnover.value, 0},
        {"exposure", row->exposure, b->exposure.value, 0},
        {"cost_paid", row->cost_paid, b->totals.cost_paid, 0},
        {"n_trades", row->n_trades, (double)b->totals.n_trades, 0},
        {"n_fills", row->n_fills, (double)b->totals.n_fills, 0},
        {"ruined", row->ruined, b->totals.ruined, 0},
        {"sharpe", row->sharpe, b->sharpe.value, within.sharpe},
        {"sortino", row->sortino, b->sortino.value, within.sortino},
        {"volatility", row->volatility, b->volatility.value, within.volatility},
    };
    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++)
        if (!same(figure[i].got, figure[i].expected) &&
            !(fabs(figure[i].got - figure[i].expected) <= figure[i].tolerance))
            fail_msg("configuration %llu: %s %.17g, backtest %.17g (within %g)", (unsigned long long)number,
                     figure[i].name, figure[i].got, figure[i].expected, figure[i].tolerance);
}

static void compare_best(const gnt_sweep_figures *f, const gnt_backtest *b)
{
    if (!same(f->sharpe, b->sharpe.value) || !same(f->sortino, b->sortino.value) ||
        !same(f->volatility, b->volatility.value) || !same(f->total_return, b->total_return.value) ||
        !same(f->calmar, b->calmar.value) || !same(f->buy_hold, b->buy_hold.value) ||
        !same(f->turnover, b->turnover.value) || !same(f->exposure, b->exposure.value))
        fail_msg("sharpe %.17g, backtest %.17g; sortino %.17g, %.17g; return %.17g, %.17g; hold %.17g, %.17g",
                 f->sharpe, b->sharpe.value, f->sortino, b->sortino.value, f->total_return, b->total_return.value,
                 f->buy_hold, b->buy_hold.value);
}

/* One configuration on one slice, as `backtest` runs it on the slice's dates. */
static void backtest_of(gnt_engine *engine, const gnt_sweep_market *market, const gnt_sweep_spec *spec, uint64_t number,
                        size_t s, gnt_backtest *b)
{
    gnt_error why = {0};
    gnt_grid_point point;
    size_t begin, end;
    const gnt_sweep_symbol *symbol = &market->symbol[s / spec->n_folds];
    gnt_range range = {spec->slice[s].from, spec->slice[s].to};
    gnt_grid_seek(&spec->grid, &spec->base, number, &point);
    check(gnt_bars_window(&symbol->bars, range, &begin, &end, &why), &why);
    assert_int_equal(end - begin, spec->slice[s].n_bars);
    check(
        gnt_backtest_run(engine, &symbol->bars, &symbol->raw, symbol->score, begin, end, &point.strategy, 42, b, &why),
        &why);
}

static void one_grid(const char *grid, uint64_t folds, gnt_sweep_metric by)
{
    gnt_error why = {0};
    gnt_engine engine;
    gnt_sweep_market market;
    gnt_sweep_collection c;
    gnt_backtest b;
    gnt_sweep_spec spec = spec_of(grid, folds, by);
    check(gnt_engine_open(&engine, "cpu", 1, NULL, &why), &why);
    check(gnt_sweep_market_open(&inputs, &spec, &market, &why), &why);
    check(gnt_sweep_collection_init(&c, &spec, &why), &why);
    size_t slices = c.spec.n_slices, step = c.spec.grid.n_points / 23 + 1;
    keeper rows = {gnt_alloc(ROOM, sizeof *rows.row), 0, slices};
    const gnt_sweep_sink sink = {keep, &rows};
    check(gnt_sweep_run(&engine, &market, &c, &sink, NULL, &why), &why);
    assert_int_equal(rows.n, c.spec.grid.n_points * slices);
    assert_int_equal(c.n_tried + c.n_skipped, c.spec.grid.n_points);
    for (uint64_t number = 0; number < c.spec.grid.n_points; number += step) {
        gnt_grid_point point;
        size_t s = number % slices;
        gnt_grid_seek(&c.spec.grid, &c.spec.base, number, &point);
        if (gnt_strategy_check(&point.strategy, NULL)) {
            assert_true(isnan(rows.row[number * slices + s].total_return));
            continue;
        }
        backtest_of(&engine, &market, &c.spec, number, s, &b);
        compare_row(&rows.row[number * slices + s], &b, point.strategy.periods, number);
        gnt_backtest_free(&b);
    }
    for (size_t k = 0; k < c.n_best; k++) {
        size_t s = k % slices;
        backtest_of(&engine, &market, &c.spec, c.best[k].number, s, &b);
        compare_best(&c.figures[k * slices + s], &b);
        gnt_backtest_free(&b);
    }
    assert_true(c.n_best > 0);
    free(rows.row);
    gnt_sweep_collection_free(&c);
    gnt_sweep_market_close(&market);
    gnt_engine_close(&engine);
}

static void figures_are_the_backtests(void **state)
{
    (void)state;
    one_grid("upper=0.4:0.6:0.02,lower=0.4:0.6:0.02,commission-bp=0:4:2", 1, GNT_BY_SHARPE);
    one_grid("upper=0.5:0.58:0.02,between=flat|hold,shorts=false|true,fill=next_open|next_close|same_close,"
             "rebalance=on_change|daily,size=fixed|vol_target|kelly,impact-bp=0|50",
             2, GNT_BY_CALMAR);
    one_grid("periods=252|365,capital=1e5:1e6:3e5,fee-per-trade=0|10,close-at-end=false|true,borrow-bp=0|500,"
             "shorts=true,max-leverage=1|3,size=kelly,kelly-fraction=1|9,margin-bp=0|300",
             1, GNT_BY_TOTAL_RETURN);
}

/* ---- bytes --------------------------------------------------------------------------------------------------- */

static void write_shard(const char *path, uint64_t shard, uint64_t n, unsigned threads)
{
    gnt_error why = {0};
    gnt_engine engine;
    gnt_sweep_market market;
    gnt_sweep_collection c;
    gnt_sweep_writer writer;
    gnt_sweep_spec spec = spec_of("upper=0.4:0.6:0.01,lower=0.4:0.6:0.05,commission-bp=0:4:1", 2, GNT_BY_SORTINO);
    check(gnt_engine_open(&engine, "cpu", threads, NULL, &why), &why);
    check(gnt_sweep_market_open(&inputs, &spec, &market, &why), &why);
    check(gnt_sweep_collection_init(&c, &spec, &why), &why);
    gnt_sweep_collection_cut(&c, shard, n);
    check(gnt_sweep_writer_open(&writer, path, &c, &why), &why);
    gnt_sweep_sink sink = gnt_sweep_writer_sink(&writer);
    check(gnt_sweep_run(&engine, &market, &c, &sink, NULL, &why), &why);
    check(gnt_sweep_writer_commit(&writer, &why), &why);
    gnt_sweep_writer_close(&writer);
    gnt_sweep_collection_free(&c);
    gnt_sweep_market_close(&market);
    gnt_engine_close(&engine);
}

static void assert_same_file(const char *a, const char *b)
{
    gnt_text x, y;
    gnt_error why = {0};
    check(gnt_text_read(a, 1 << 26, &x, &why), &why);
    check(gnt_text_read(b, 1 << 26, &y, &why), &why);
    if (x.n != y.n || memcmp(x.data, y.data, x.n)) fail_msg("%s (%zu bytes) and %s (%zu) differ", a, x.n, b, y.n);
    gnt_text_free(&x);
    gnt_text_free(&y);
}

static void any_number_of_shards(void **state)
{
    (void)state;
    gnt_error why = {0};
    const char *const path[] = {"sweep-laws-p0.h5", "sweep-laws-p1.h5", "sweep-laws-p2.h5", "sweep-laws-p3.h5",
                                "sweep-laws-p4.h5", "sweep-laws-p5.h5", "sweep-laws-p6.h5"};
    write_shard("sweep-laws-whole.h5", 0, 1, 1);
    for (uint64_t n = 1; n <= 7; n = n * 2 + (n > 1)) { /* 1, 2, 5 */
        const char *given[7];
        gnt_sweep_collection c;
        for (uint64_t i = 0; i < n; i++) {
            write_shard(path[i], i, n, 1 + (unsigned)(i % 2));
            given[i] = path[(i * 3 + 1) % n]; /* 3 shares no factor with n: each once */
        }
        check(gnt_sweep_merge(given, n, "sweep-laws-merged.h5", &c, NULL, &why), &why);
        assert_same_file("sweep-laws-whole.h5", "sweep-laws-merged.h5");
        gnt_sweep_collection_free(&c);
    }
    for (size_t i = 0; i < 7; i++) unlink(path[i]);
    unlink("sweep-laws-whole.h5");
    unlink("sweep-laws-merged.h5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_the_backtests),
        cmocka_unit_test(any_number_of_shards),
    };
    return cmocka_run_group_tests(tests, write_scores, remove_scores);
}
