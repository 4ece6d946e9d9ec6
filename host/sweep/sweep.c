#include "host/sweep/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/base/mem.h"
#include "host/eval/deflate.h"
#include "host/eval/moments.h"

enum {
    BLOCK_LANES = 8192,       /* of one call: stays in a processor's caches */
    GPU_BLOCK_LANES = 131072, /* the same where a thread is a lane: an H100 runs 67,584 at once */
    BLOCK_MULTIPLE = 16       /* configurations a block, a multiple of a vector */
};

/* A run of configurations on their way through the simulator; those that can't be simulated are left out. */
typedef struct block {
    uint64_t first, last;               /* points of the grid */
    size_t n;                           /* of them simulated */
    uint64_t *number;                   /* [capacity] */
    gnt_strategy *strategy;             /* [capacity] */
    uint32_t *cell[GNT_SWEEP_HEATMAPS]; /* [capacity] */
    gnt_sim_lane *lane;                 /* [n_slices][n] */
    gnt_sim_totals *totals;             /* [n_slices][n] */
    size_t n_laid;                      /* lanes are laid out for so many */
    gnt_sweep_row *row;                 /* [n_slices], with a sink */
} block;

typedef struct run {
    const gnt_sweep_market *market;
    gnt_sweep_collection *c;
    const gnt_sweep_sink *sink;
    size_t capacity; /* configurations a block */
    gnt_grid_point point;
} run;

static void block_close(block *b)
{
    free(b->number);
    free(b->strategy);
    for (size_t h = 0; h < GNT_SWEEP_HEATMAPS; h++) free(b->cell[h]);
    free(b->lane);
    free(b->totals);
    free(b->row);
}

static gnt_status block_open(const run *r, block *b, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = r->capacity, slices = r->market->n_slices;
    *b = (block){0};
    GNT_ALLOC(b->number, n);
    GNT_ALLOC(b->strategy, n);
    for (size_t h = 0; h < r->c->spec.n_heatmaps; h++) GNT_ALLOC(b->cell[h], n);
    GNT_ALLOC(b->lane, n * slices);
    GNT_ALLOC(b->totals, n * slices);
    GNT_ALLOC(b->row, slices);
out:
    return st;
}

/* Strategies of the next points, from r->point on. */
static void block_fill(run *r, block *b)
{
    const gnt_sweep_spec *spec = &r->c->spec;
    b->n = 0;
    b->first = b->last;
    b->last = r->c->last - b->first < r->capacity ? r->c->last : b->first + r->capacity;
    for (uint64_t k = b->first; k < b->last; k++, gnt_grid_next(&spec->grid, &r->point)) {
        if (gnt_strategy_check(&r->point.strategy, NULL)) continue;
        b->number[b->n] = k;
        b->strategy[b->n] = r->point.strategy;
        for (size_t h = 0; h < spec->n_heatmaps; h++)
            b->cell[h][b->n] = (uint32_t)gnt_sweep_cell_of(spec, h, &r->point);
        b->n++;
    }
}

static gnt_status block_simulate(gnt_engine *engine, const run *r, block *b, gnt_error *why)
{
    size_t slices = r->market->n_slices;
    for (size_t s = 0; b->n_laid != b->n && s < slices; s++)
        for (size_t i = 0; i < b->n; i++)
            b->lane[s * b->n + i] = gnt_book_lane(&r->market->window[s], &b->strategy[i], r->market->score[s], NULL);
    b->n_laid = b->n;
    return b->n ? gnt_engine_simulate(engine, b->lane, slices * b->n, b->totals, NULL, why) : GNT_OK;
}

/* Mean over the slices of what configurations are ranked by; NaN when a slice has none. */
static double digest_one(const run *r, const block *b, size_t i)
{
    const gnt_strategy *strategy = &b->strategy[i];
    double sum = 0, root = sqrt(strategy->periods);
    for (size_t s = 0; s < r->market->n_slices; s++) {
        const gnt_sim_totals *totals = &b->totals[s * b->n + i];
        double sharpe = gnt_sweep_sharpe_period(totals, strategy);
        gnt_sweep_trials_add(&r->c->trials[s], sharpe);
        bool by_sharpe = r->c->spec.by == GNT_BY_SHARPE;
        sum += by_sharpe ? sharpe * root : gnt_sweep_metric_of(r->c->spec.by, totals, strategy);
    }
    return sum / (double)r->market->n_slices;
}

static void block_digest(run *r, const block *b)
{
    gnt_sweep_collection *c = r->c;
    c->n_tried += b->n;
    c->n_skipped += b->last - b->first - b->n;
    for (size_t i = 0; i < b->n; i++) {
        double value = digest_one(r, b, i);
        gnt_sweep_best_add(c, b->number[i], value);
        for (size_t h = 0; h < c->spec.n_heatmaps; h++) gnt_sweep_cell_add(&c->cell[h][b->cell[h][i]], value);
    }
}

/* Every point's row, the skipped ones' too. */
static gnt_status block_rows(const run *r, block *b, gnt_error *why)
{
    size_t i = 0, slices = r->market->n_slices;
    for (uint64_t k = b->first; r->sink && k < b->last; k++) {
        bool tried = i < b->n && b->number[i] == k;
        for (size_t s = 0; s < slices; s++)
            b->row[s] = tried ? gnt_sweep_row_of(&b->totals[s * b->n + i], &b->strategy[i]) : gnt_sweep_row_none();
        i += tried;
        GNT_TRY(r->sink->put(r->sink->self, b->row, why));
    }
    return GNT_OK;
}

/* ---- the best once more, with their paths ------------------------------------------------------------------------ */

static gnt_status measure(gnt_engine *engine, const gnt_book_window *window, const double *score,
                          const gnt_strategy *strategy, double *ret, gnt_sweep_figures *f, gnt_error *why)
{
    gnt_strategy hold = *strategy;
    hold.rebalance = GNT_REBALANCE_ON_CHANGE;
    gnt_sim_totals totals[2];
    const gnt_sim_lane lanes[2] = {gnt_book_lane(window, strategy, score, NULL),
                                   gnt_book_lane(window, &hold, NULL, window->ones)};
    const gnt_sim_path paths[2] = {{.ret = ret}, {0}};
    GNT_TRY(gnt_engine_simulate(engine, lanes, 2, totals, paths, why));
    gnt_backtest b = {.end = window->n, .totals = totals[0], .ret = ret};
    GNT_TRY(gnt_backtest_figures(&b, strategy, why));
    gnt_shape shape = gnt_shape_of(ret, window->n);
    *f = (gnt_sweep_figures){
        .total_return = b.total_return.value,
        .annual_return = b.annual_return.value,
        .volatility = b.volatility.value,
        .sharpe = b.sharpe.value,
        .sortino = b.sortino.value,
        .calmar = b.calmar.value,
        .max_drawdown = b.max_drawdown.value,
        .max_drawdown_bars = (double)totals[0].max_drawdown_bars,
        .hit_rate = b.hit_rate.value,
        .turnover = b.turnover.value,
        .exposure = b.exposure.value,
        .cost_paid = totals[0].cost_paid,
        .n_bars = (double)window->n,
        .n_trades = (double)totals[0].n_trades,
        .n_fills = (double)totals[0].n_fills,
        .sharpe_per_bar = b.sharpe.value / sqrt(strategy->periods),
        .skew = shape.skew,
        .kurtosis = shape.kurtosis,
        .buy_hold = gnt_figure_of(totals[1].equity / hold.capital - 1).value,
        .ruined = totals[0].ruined,
    };
    return GNT_OK;
}

static gnt_status measure_best(gnt_engine *engine, const run *r, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_sweep_collection *c = r->c;
    size_t slices = r->market->n_slices, longest = 0;
    gnt_grid_point point;
    double *ret = NULL;
    for (size_t s = 0; s < slices; s++)
        if (r->market->window[s].n > longest) longest = r->market->window[s].n;
    GNT_ALLOC(ret, longest);
    gnt_sweep_best_sort(c);
    for (size_t k = 0; k < c->n_best; k++) {
        gnt_grid_seek(&c->spec.grid, &c->spec.base, c->best[k].number, &point);
        for (size_t s = 0; s < slices; s++)
            GNT_GOTO(measure(engine, &r->market->window[s], r->market->score[s], &point.strategy, ret,
                             &c->figures[k * slices + s], why));
    }
out:
    free(ret);
    return st;
}

/* ---- the run ------------------------------------------------------------------------------------------------ */

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static gnt_status report(const run *r, uint64_t done, double started, const gnt_progress *progress, gnt_error *why)
{
    char detail[64];
    const gnt_sweep_collection *c = r->c;
    double seconds = seconds_now() - started, bars = (double)c->n_tried * (double)gnt_sweep_spec_bars(&c->spec);
    snprintf(detail, sizeof detail, "%.3g evaluations/s", seconds > 0 ? bars / seconds : 0);
    if (gnt_progress_report(progress, "sweep", (double)(done - c->first), (double)(c->last - c->first), detail))
        return GNT_OK;
    return gnt_fail(why, GNT_EINTERRUPTED, "sweep: stopped");
}

gnt_status gnt_sweep_run(gnt_engine *engine, const gnt_sweep_market *market, gnt_sweep_collection *c,
                         const gnt_sweep_sink *sink, const gnt_progress *progress, gnt_error *why)
{
    gnt_status st = GNT_OK;
    block b = {0};
    size_t lanes = strcmp(engine->info.name, "cpu") ? GPU_BLOCK_LANES : BLOCK_LANES;
    size_t per = lanes / market->n_slices / BLOCK_MULTIPLE * BLOCK_MULTIPLE;
    run r = {.market = market, .c = c, .sink = sink, .capacity = per ? per : BLOCK_MULTIPLE};
    double started = seconds_now();
    GNT_GOTO(block_open(&r, &b, why));
    b.last = c->first;
    gnt_grid_seek(&c->spec.grid, &c->spec.base, c->first, &r.point);
    while (b.last < c->last) {
        block_fill(&r, &b);
        GNT_GOTO(block_simulate(engine, &r, &b, why));
        block_digest(&r, &b);
        GNT_GOTO(block_rows(&r, &b, why));
        GNT_GOTO(report(&r, b.last, started, progress, why));
    }
    if (c->n_shards == 1 && !c->n_tried) {
        st = gnt_fail(why, GNT_EINVAL,
                      "sweep: none of the grid's %llu points can be simulated: lower is above upper, or costs take the "
                      "whole trade",
                      (unsigned long long)c->n_skipped);
        goto out;
    }
    GNT_GOTO(measure_best(engine, &r, why));
out:
    block_close(&b);
    return st;
}
