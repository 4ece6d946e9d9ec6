/* The table of operations: what each is given, what one call is. */
#include "host/bench/ops.h"

#include <math.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/eval/backtest.h"
#include "host/model/model.h"

#define SWEEP_BARS 6320 /* 25 years of days */
#define SYMBOLS 32      /* whose features are made in one call */

/* `which` of the Philox draws. */
enum { DRAW_PANEL = 0, DRAW_LABELS = 1, DRAW_WEIGHTS = 2 };

void gnt_bench_work_free(gnt_bench_work *work)
{
    if (work->engine) gnt_engine_unpack(work->engine, work->packed);
    free(work->x);
    free(work->row);
    free(work->up);
    free(work->weights);
    free(work->logit);
    free(work->jobs);
    free(work->figures);
    free(work->state);
    free(work->columns);
    free(work->bars);
    free(work->out);
    free(work->strategy);
    free(work->lanes);
    free(work->totals);
    *work = (gnt_bench_work){0};
}

static bool finite_floats(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

static double n_units(const gnt_bench_case *what)
{
    return (double)what->n;
}

/* ---- forward ------------------------------------------------------------------------------------------- */

/* n windows, one beginning `stride` rows after the other. */
static gnt_status prepare_windows(gnt_bench_work *work, size_t stride, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_bench_case *what = work->what;
    const gnt_net *net = &what->net;
    size_t n_rows = (what->n - 1) * stride + net->window, n_x = n_rows * net->n_features;
    GNT_ALLOC(work->x, n_x);
    GNT_ALLOC(work->row, what->n);
    gnt_bench_fill_uniform(what->seed, DRAW_PANEL, -1.7f, 1.7f, n_x, work->x);
    for (size_t i = 0; i < what->n; i++) work->row[i] = (uint32_t)(i * stride + net->window - 1);
    work->panel = (gnt_panel){work->x, n_rows, net->n_features};
    work->rows = (gnt_rows){work->row, what->n};
out:
    return st;
}

static gnt_status prepare_forward(gnt_bench_work *work, size_t stride, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_bench_case *what = work->what;
    size_t n_weights = gnt_net_n_weights(&what->net);
    GNT_ALLOC(work->weights, n_weights);
    GNT_ALLOC(work->logit, what->n);
    if (what->weights)
        memcpy(work->weights, what->weights, n_weights * sizeof(float));
    else
        gnt_bench_fill_weights(&what->net, what->seed, DRAW_WEIGHTS, work->weights);
    GNT_GOTO(prepare_windows(work, stride, why));
    GNT_GOTO(gnt_engine_pack(work->engine, &what->net, work->weights, what->precision, &work->packed, why));
out:
    return st;
}

static gnt_status prepare_sliding(gnt_bench_work *work, gnt_error *why)
{
    return prepare_forward(work, 1, why);
}

static gnt_status prepare_apart(gnt_bench_work *work, gnt_error *why)
{
    return prepare_forward(work, work->what->net.window, why);
}

static gnt_status call_forward(gnt_bench_work *work, gnt_error *why)
{
    const gnt_packed *model = work->packed;
    return gnt_engine_forward(work->engine, &model, 1, work->panel, work->rows, work->logit, why);
}

/* The C call itself, as a service makes it: no check in between. */
static gnt_status call_one(gnt_bench_work *work, gnt_error *why)
{
    const gnt_packed *model = work->packed;
    gnt_engine *engine = work->engine;
    gnt_status st = engine->ops->forward(engine->dev, &model, 1, work->panel, work->rows, work->logit);
    return st ? gnt_fail(why, st, "forward: %s", gnt_status_text(st)) : GNT_OK;
}

static bool finite_forward(const gnt_bench_work *work)
{
    return finite_floats(work->logit, work->what->n);
}

/* ---- training ------------------------------------------------------------------------------------------- */

static gnt_status prepare_jobs(gnt_bench_work *work, size_t n_jobs, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_bench_case *what = work->what;
    size_t n_weights = gnt_net_n_weights(&what->net);
    gnt_fit_options fit;
    gnt_fit_default(&fit);
    work->options = fit.train;
    work->options.seed = what->seed;
    GNT_GOTO(prepare_windows(work, 1, why));
    GNT_ALLOC(work->up, work->panel.n_rows);
    GNT_ALLOC(work->jobs, n_jobs);
    GNT_ALLOC(work->figures, n_jobs);
    GNT_ALLOC(work->state, n_jobs * 3 * n_weights);
    for (size_t t = 0; t < work->panel.n_rows; t++) work->up[t] = work->x[t * what->net.n_features] > 0;
    work->labels = (gnt_labels){work->up, work->panel.n_rows};
    work->n_jobs = n_jobs;
    for (size_t m = 0; m < n_jobs; m++) {
        float *state = work->state + 3 * m * n_weights;
        gnt_bench_fill_weights(&what->net, what->seed, DRAW_WEIGHTS + m, state);
        work->jobs[m] = (gnt_train_job){.net = &what->net,
                                        .options = &work->options,
                                        .panel = work->panel,
                                        .labels = work->labels,
                                        .train = work->rows,
                                        .weights = state,
                                        .moment1 = state + n_weights,
                                        .moment2 = state + 2 * n_weights,
                                        .n_epochs = 1,
                                        .figures = &work->figures[m]};
    }
out:
    return st;
}

static gnt_status prepare_train(gnt_bench_work *work, gnt_error *why)
{
    return prepare_jobs(work, 1, why);
}

static gnt_status prepare_many(gnt_bench_work *work, gnt_error *why)
{
    return prepare_jobs(work, work->what->models, why);
}

static gnt_status call_train(gnt_bench_work *work, gnt_error *why)
{
    return gnt_engine_train(work->engine, work->jobs, work->n_jobs, why);
}

static bool finite_train(const gnt_bench_work *work)
{
    for (size_t m = 0; m < work->n_jobs; m++)
        if (!isfinite(work->figures[m].train_loss)) return false;
    return finite_floats(work->state, 3 * work->n_jobs * gnt_net_n_weights(&work->what->net));
}

static double many_units(const gnt_bench_case *what)
{
    return (double)(what->models * what->n);
}

static double many_flops(const gnt_bench_case *what)
{
    return (double)what->models * gnt_bench_train_flops(what);
}

/* ---- sweep: thresholds x costs, long or flat; costs vary fastest, as `gauntlet sweep` orders its lanes ----------- */

static gnt_status prepare_bars(gnt_bench_work *work, size_t n_symbols, size_t n, gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_ALLOC(work->columns, n_symbols * 6 * n);
    GNT_ALLOC(work->bars, n_symbols);
    for (size_t s = 0; s < n_symbols; s++)
        gnt_bench_fill_bars(work->what->seed, s, n, work->columns + s * 6 * n, &work->bars[s]);
out:
    return st;
}

static gnt_status prepare_sweep(gnt_bench_work *work, gnt_error *why)
{
    enum { THRESHOLDS = 64, COSTS = 64 };
    gnt_status st = GNT_OK;
    size_t n = work->what->n;
    GNT_GOTO(prepare_bars(work, 1, SWEEP_BARS, why));
    GNT_ALLOC(work->strategy, n);
    GNT_ALLOC(work->lanes, n);
    GNT_ALLOC(work->totals, n);
    work->market.bars = work->bars[0];
    for (size_t i = 0; i < n; i++) {
        gnt_strategy *s = &work->strategy[i];
        gnt_strategy_default(s);
        s->upper = s->lower = 0.48 + 0.08 * (double)(i / COSTS % THRESHOLDS) / (THRESHOLDS - 1);
        s->commission_bp = 0.2 * (double)(i % COSTS);
        work->lanes[i] = (gnt_sim_lane){.market = &work->market,
                                        .strategy = s,
                                        .score = work->columns + 5 * SWEEP_BARS,
                                        .begin = 1,
                                        .end = SWEEP_BARS};
    }
out:
    return st;
}

static gnt_status call_sweep(gnt_bench_work *work, gnt_error *why)
{
    return gnt_engine_simulate(work->engine, work->lanes, work->what->n, work->totals, NULL, why);
}

static bool finite_sweep(const gnt_bench_work *work)
{
    for (size_t i = 0; i < work->what->n; i++) {
        const gnt_sim_totals *t = &work->totals[i];
        if (!isfinite(t->equity + t->sum_r + t->sum_r2 + t->turnover + t->max_drawdown)) return false;
    }
    return true;
}

static double sweep_units(const gnt_bench_case *what)
{
    return (double)what->n * (SWEEP_BARS - 1);
}

/* ---- features ------------------------------------------------------------------------------------------- */

static gnt_status prepare_features(gnt_bench_work *work, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = work->what->n, each = n * GNT_GAUNTLET_35_WIDTH;
    GNT_GOTO(prepare_bars(work, SYMBOLS, n, why));
    GNT_ALLOC(work->x, SYMBOLS * each);
    GNT_ALLOC(work->out, SYMBOLS);
    for (size_t s = 0; s < SYMBOLS; s++) work->out[s] = work->x + s * each;
out:
    return st;
}

static gnt_status call_features(gnt_bench_work *work, gnt_error *why)
{
    return gnt_engine_features(work->engine, GNT_FEATURES_GAUNTLET_35, work->bars, SYMBOLS, GNT_GAUNTLET_35_WIDTH,
                               work->out, why);
}

static bool finite_features(const gnt_bench_work *work)
{
    size_t n = work->what->n, first = n < GNT_GAUNTLET_35_FIRST ? n : GNT_GAUNTLET_35_FIRST;
    for (size_t s = 0; s < SYMBOLS; s++)
        if (!finite_floats(work->out[s] + first * GNT_GAUNTLET_35_WIDTH, (n - first) * GNT_GAUNTLET_35_WIDTH))
            return false;
    return true;
}

static double features_units(const gnt_bench_case *what)
{
    return SYMBOLS * (double)what->n;
}

/* Five columns read, 35 features written. */
static double features_bytes(const gnt_bench_case *what)
{
    return features_units(what) * (5 * sizeof(double) + GNT_GAUNTLET_35_WIDTH * sizeof(float));
}

/* ---- the table ------------------------------------------------------------------------------------------ */

#define EVERY "1x24 1x32 2x64 2x96 3x128 lstm_a"

/* clang-format off */
static const gnt_bench_op ops[] = {
    {"forward_sliding", "windows", EVERY, NULL, {{4096, 65536, 32}, {1, 1, 1}}, 1u << 24, true,
     prepare_sliding, call_forward, finite_forward,
     n_units, gnt_bench_sliding_flops, gnt_bench_sliding_bytes, gnt_bench_cells},
    {"forward_windows", "windows", EVERY, NULL, {{4096, 65536, 32}, {1, 1, 1}}, 1u << 20, true,
     prepare_apart, call_forward, finite_forward,
     n_units, gnt_bench_windows_flops, gnt_bench_windows_bytes, gnt_bench_cells},
    {"forward_one", "windows", EVERY, NULL, {{1, 1, 1}, {1, 1, 1}}, 1, false,
     prepare_apart, call_one, finite_forward,
     n_units, gnt_bench_windows_flops, gnt_bench_windows_bytes, NULL},
    {"train", "samples", EVERY, "float32", {{1003, 1003, 16}, {1, 1, 1}}, 1u << 20, false,
     prepare_train, call_train, finite_train,
     n_units, gnt_bench_train_flops, NULL, NULL},
    {"train_many", "samples", "1x24", "float32", {{1003, 3500, 16}, {100, 10000, 3}}, 1u << 20, false,
     prepare_many, call_train, finite_train,
     many_units, many_flops, NULL, NULL},
    {"sweep", "costed bars", NULL, "float64", {{4096, 1u << 20, 16}, {1, 1, 1}}, 1u << 22, false,
     prepare_sweep, call_sweep, finite_sweep,
     sweep_units, NULL, NULL, NULL},
    {"features", "rows", NULL, "float64", {{6320, 6320, 64}, {1, 1, 1}}, 1u << 20, false,
     prepare_features, call_features, finite_features,
     features_units, NULL, features_bytes, NULL},
};
/* clang-format on */

size_t gnt_n_bench_ops(void)
{
    return sizeof ops / sizeof *ops;
}

const gnt_bench_op *gnt_bench_op_at(size_t i)
{
    return &ops[i];
}

const char *gnt_bench_op_name(const gnt_bench_op *op)
{
    return op->name;
}

const char *gnt_bench_op_unit(const gnt_bench_op *op)
{
    return op->unit;
}

bool gnt_bench_op_has_shape(const gnt_bench_op *op)
{
    return op->shapes != NULL;
}

bool gnt_bench_op_usual(const gnt_bench_op *op, const char *shape)
{
    size_t n = strlen(shape);
    for (const char *at = op->shapes; at && (at = strstr(at, shape)); at += n)
        if ((at == op->shapes || at[-1] == ' ') && (at[n] == 0 || at[n] == ' ')) return true;
    return false;
}

#define NET(f, l, h, layers_)                                                \
    {                                                                        \
        .n_features = (f), .window = (l), .hidden = (h), .layers = (layers_) \
    }
const gnt_bench_shape gnt_bench_shapes[] = {
    {"1x24", NET(35, 10, 24, 1)}, {"1x32", NET(35, 10, 32, 1)},   {"2x64", NET(35, 10, 64, 2)},
    {"2x96", NET(35, 10, 96, 2)}, {"3x128", NET(35, 10, 128, 3)}, {"lstm_a", NET(100, 50, 100, 2)},
    {"1x64", NET(35, 10, 64, 1)},
};
const size_t gnt_n_bench_shapes = sizeof gnt_bench_shapes / sizeof *gnt_bench_shapes;
