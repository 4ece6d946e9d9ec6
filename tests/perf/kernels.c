/* Runs each main kernel once on a fixed input between callgrind's marks, for tests/perf/check.sh to count instructions.
 *
 *     perf_kernels            every kernel of the table
 *     perf_kernels NAME...    these
 *
 * Standard output: "compiler VERSION", then a line "NAME UNITS UNIT" for each in the order of their measured calls. One
 * thread, AVX2 by name (valgrind knows no AVX-512), one call before the measured one, so what is counted is the steady
 * state. Exit 77: this processor has no AVX2. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/bench/ops.h"
#include "host/eval/backtest.h"
#include "host/market/csv_bars.h"

#define SEED 42

static void must(bool held, const char *what)
{
    if (held) return;
    fprintf(stderr, "perf_kernels: %s\n", what);
    exit(1);
}

/* Instructions are looked at between these two alone; the rest runs at valgrind's own speed. Outside valgrind, and
 * where its header isn't there, both do nothing. */
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define COUNT_BEGIN CALLGRIND_START_INSTRUMENTATION
#define COUNT_END(name)                 \
    do {                                \
        CALLGRIND_STOP_INSTRUMENTATION; \
        CALLGRIND_DUMP_STATS_AT(name);  \
    } while (0)
#else
#define COUNT_BEGIN ((void)0)
#define COUNT_END(name) ((void)(name))
#endif

static void measure(void (*call)(void *work), void *work, const char *name, size_t units, const char *unit)
{
    call(work);
    COUNT_BEGIN;
    call(work);
    COUNT_END(name);
    printf("%s %zu %s\n", name, units, unit);
    fflush(stdout);
}

/* ---- what bench measures too --------------------------------------------------------------------------------- */

typedef struct perf_op {
    const char *name, *op, *shape;
    size_t n, units;
    const char *unit;
} perf_op;

static const perf_op perf_ops[] = {
    {"forward_sliding/1x24", "forward_sliding", "1x24", 256, 256, "window"},
    {"forward_sliding/1x32", "forward_sliding", "1x32", 256, 256, "window"},
    {"forward_sliding/2x64", "forward_sliding", "2x64", 32, 32, "window"},
    {"forward_sliding/2x96", "forward_sliding", "2x96", 32, 32, "window"},
    {"forward_sliding/3x128", "forward_sliding", "3x128", 16, 16, "window"},
    {"forward_sliding/lstm_a", "forward_sliding", "lstm_a", 16, 16, "window"},
    {"forward_windows/1x24", "forward_windows", "1x24", 128, 128, "window"},
    {"forward_windows/2x96", "forward_windows", "2x96", 32, 32, "window"},
    {"forward_one/1x24", "forward_one", "1x24", 1, 1, "window"},
    {"forward_one/1x32", "forward_one", "1x32", 1, 1, "window"},
    {"forward_one/2x64", "forward_one", "2x64", 1, 1, "window"},
    {"forward_one/2x96", "forward_one", "2x96", 1, 1, "window"},
    {"forward_one/3x128", "forward_one", "3x128", 1, 1, "window"},
    {"train/1x24", "train", "1x24", 128, 128, "sample"},
    {"train/1x32", "train", "1x32", 128, 128, "sample"},
    {"train/2x64", "train", "2x64", 32, 32, "sample"},
    {"train/2x96", "train", "2x96", 32, 32, "sample"},
    {"simulate/grid", "sweep", NULL, 32, 32 * 6319, "costed_bar"},
    {"features/gauntlet-35", "features", NULL, 256, 32 * 256, "row"},
};

static const gnt_bench_op *op_named(const char *name)
{
    for (size_t i = 0; i < gnt_n_bench_ops(); i++)
        if (strcmp(gnt_bench_op_at(i)->name, name) == 0) return gnt_bench_op_at(i);
    must(false, name);
    return NULL;
}

static void call_op(void *arg)
{
    gnt_bench_work *work = arg;
    gnt_error why = {0};
    must(work->what->op->call(work, &why) == GNT_OK, why.text);
}

static void run_op(gnt_engine *engine, const perf_op *p)
{
    gnt_error why = {0};
    gnt_bench_case what = {.op = op_named(p->op), .shape = p->shape, .n = p->n, .seed = SEED};
    for (size_t i = 0; p->shape && i < gnt_n_bench_shapes; i++)
        if (strcmp(gnt_bench_shapes[i].name, p->shape) == 0) what.net = gnt_bench_shapes[i].net;
    must(!p->shape || what.net.layers, p->name);
    gnt_bench_work work = {.engine = engine, .what = &what};
    must(what.op->prepare(&work, &why) == GNT_OK, why.text);
    must(what.op->units(&what) == (double)p->units, p->name);
    measure(call_op, &work, p->name, p->units, p->unit);
    must(what.op->finite(&work), p->name);
    gnt_bench_work_free(&work);
}

/* ---- simulation of other strategies ------------------------------------------------------------------------------ */

enum { LANES = 32, BARS = 2000 };

typedef struct perf_book {
    const char *name, *set[12]; /* name, value, ..., NULL */
} perf_book;

static const perf_book perf_books[] = {
    {"simulate/long_short_hold", {"shorts", "true", "between", "hold", "upper", "0.6", "lower", "0.4"}},
    {"simulate/vol_target_daily", {"size", "vol_target", "rebalance", "daily", "max-leverage", "2"}},
    {"simulate/kelly_impact", {"size", "kelly", "impact-bp", "10", "fee-per-trade", "1", "fill", "next_close"}},
};

typedef struct book_work {
    gnt_engine *engine;
    gnt_sim_market market;
    gnt_strategy strategy;
    gnt_sim_lane lane[LANES];
    gnt_sim_totals totals[LANES];
    double columns[6 * BARS], dollars[BARS], vol[BARS];
} book_work;

static void call_book(void *arg)
{
    book_work *work = arg;
    gnt_error why = {0};
    must(gnt_engine_simulate(work->engine, work->lane, LANES, work->totals, NULL, &why) == GNT_OK, why.text);
}

static void run_book(gnt_engine *engine, const perf_book *book)
{
    gnt_error why = {0};
    book_work *work = calloc(1, sizeof *work);
    must(work != NULL, "out of memory");
    work->engine = engine;
    gnt_bench_fill_bars(SEED, 0, BARS, work->columns, &work->market.bars);
    for (size_t t = 0; t < BARS; t++) {
        work->dollars[t] = 1e7 + 1e3 * (double)t;
        work->vol[t] = 0.008 + 1e-6 * (double)t;
    }
    work->market.dollar_volume_20 = work->dollars;
    work->market.vol_20 = work->vol;
    gnt_strategy_default(&work->strategy);
    for (size_t i = 0; book->set[i]; i += 2)
        must(gnt_strategy_set(&work->strategy, book->set[i], book->set[i + 1], &why) == GNT_OK, why.text);
    for (size_t i = 0; i < LANES; i++)
        work->lane[i] = (gnt_sim_lane){.market = &work->market,
                                       .strategy = &work->strategy,
                                       .score = work->columns + 5 * BARS,
                                       .begin = 1,
                                       .end = BARS};
    measure(call_book, work, book->name, LANES * (BARS - 1), "costed_bar");
    free(work);
}

/* ---- bars as CSV ---------------------------------------------------------------------------------------- */

enum { LINE_ROOM = 128 };

static void call_csv(void *arg)
{
    gnt_error why = {0};
    gnt_raw_bars raw = {0};
    must(gnt_csv_bars_parse("perf.csv", arg, &raw, &why) == GNT_OK, why.text);
    must(raw.n == BARS, "csv: rows");
    gnt_raw_bars_free(&raw);
}

static void run_csv(void)
{
    gnt_bars_view bars;
    double *columns = malloc(6 * BARS * sizeof *columns);
    gnt_text text = {.data = malloc((size_t)(BARS + 1) * LINE_ROOM)};
    must(columns && text.data, "out of memory");
    gnt_bench_fill_bars(SEED, 0, BARS, columns, &bars);
    text.n = (size_t)sprintf(text.data, "Date,Open,High,Low,Close,Adj Close,Volume\n");
    for (size_t t = 0; t < BARS; t++) {
        char date[GNT_DATE_ROOM];
        text.n += (size_t)snprintf(text.data + text.n, LINE_ROOM, "%s,%.6f,%.6f,%.6f,%.6f,%.6f,%.0f\n",
                                   gnt_date_format((gnt_day)(10000 + t), date), bars.open[t], bars.high[t], bars.low[t],
                                   bars.close[t], bars.close[t], bars.volume[t]);
    }
    measure(call_csv, &text, "csv/bars", BARS, "line");
    gnt_text_free(&text);
    free(columns);
}

/* ---- all of them ---------------------------------------------------------------------------------------- */

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0) return true;
    return argc == 1;
}

int main(int argc, char **argv)
{
    gnt_engine engine = {.ops = gnt_cpu_ops()};
    gnt_status st = engine.ops->open(1, "avx2", &engine.dev);
    if (st == GNT_EDEVICE || st == GNT_EINVAL) return 77;
    must(st == GNT_OK, "the device can't be opened");
    engine.ops->info(engine.dev, &engine.info);
    printf("compiler %s\n", __VERSION__);
    for (size_t i = 0; i < sizeof perf_ops / sizeof *perf_ops; i++)
        if (wanted(perf_ops[i].name, argc, argv)) run_op(&engine, &perf_ops[i]);
    for (size_t i = 0; i < sizeof perf_books / sizeof *perf_books; i++)
        if (wanted(perf_books[i].name, argc, argv)) run_book(&engine, &perf_books[i]);
    if (wanted("csv/bars", argc, argv)) run_csv();
    gnt_engine_close(&engine);
    return 0;
}
