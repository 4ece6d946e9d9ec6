/* Timing: warm first, then rounds in which the limits and the operation take turns. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/base/mem.h"
#include "host/bench/ops.h"

#define WARM_SECONDS 20e-3 /* caches, branch predictors, the clock */
#define PROBE_SECONDS 5e-4 /* of each probe in a round */
#define LIMIT_SECONDS 0.1  /* of each probe before the first row */
#define LATENCY_SECONDS 0.5
#define LATENCY_CALLS 10000 /* at most; a 99 % quantile of them stands on the slowest 100 */

static double clock_seconds(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

gnt_quartiles gnt_quartiles_of(double *x, size_t n)
{
    double at[3];
    qsort(x, n, sizeof *x, by_value);
    for (size_t k = 0; k < 3; k++) {
        double place = 0.25 * (double)(k + 1) * (double)(n - 1);
        size_t i = (size_t)place;
        at[k] = x[i] + (place - (double)i) * ((i + 1 < n ? x[i + 1] : x[i]) - x[i]);
    }
    return (gnt_quartiles){at[0], at[1], at[2]};
}

/* Calls until warm; *calls: as many as GNT_BENCH_MIN_SECONDS takes by the fastest of them. */
static gnt_status warm_up(gnt_bench_work *work, unsigned *calls, gnt_error *why)
{
    double begin = clock_seconds(CLOCK_MONOTONIC), before = begin, fastest = INFINITY;
    do {
        GNT_TRY(work->what->op->call(work, why));
        double now = clock_seconds(CLOCK_MONOTONIC);
        fastest = fmin(fastest, now - before);
        before = now;
    } while (before - begin < WARM_SECONDS);
    *calls = (unsigned)ceil(GNT_BENCH_MIN_SECONDS / fmax(fastest, 1e-9));
    return GNT_OK;
}

/* What the rounds saw, [repeats] each. */
typedef struct rounds {
    double *seconds, *cpu, *peak, *cells; /* cells: a second */
    double *kernel;                       /* NaN where the device doesn't time its kernels */
} rounds;

enum { N_SEEN = 5 };

static gnt_status run_rounds(gnt_bench_work *work, unsigned calls, const rounds *r, gnt_error *why)
{
    const gnt_bench_op *op = work->what->op;
    for (unsigned i = 0; i < work->what->repeats; i++) {
        GNT_TRY(gnt_engine_probe(work->engine, GNT_PROBE_FMA, PROBE_SECONDS, &r->peak[i], why));
        if (op->cells) GNT_TRY(gnt_engine_probe(work->engine, GNT_PROBE_CELLS, PROBE_SECONDS, &r->cells[i], why));
        GNT_TRY(op->call(work, why)); /* the probes took its place in the caches */
        double cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID), begin = clock_seconds(CLOCK_MONOTONIC);
        r->kernel[i] = 0;
        for (unsigned k = 0; k < calls; k++) {
            GNT_TRY(op->call(work, why));
            r->kernel[i] += work->engine->ops->kernel_seconds(work->engine->dev) / calls;
        }
        r->seconds[i] = (clock_seconds(CLOCK_MONOTONIC) - begin) / calls;
        r->cpu[i] = (clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / calls;
    }
    return GNT_OK;
}

/* One window: what single calls take, each timed by itself. */
static gnt_status run_latency(gnt_bench_work *work, gnt_bench_row *row, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *seen = NULL, sum = 0;
    size_t n = 0;
    row->p50 = row->p99 = NAN;
    if (work->what->op->max_n > 1) return GNT_OK;
    GNT_ALLOC(seen, LATENCY_CALLS);
    for (; n < LATENCY_CALLS && sum < LATENCY_SECONDS; sum += seen[n++]) {
        double begin = clock_seconds(CLOCK_MONOTONIC);
        GNT_GOTO(work->what->op->call(work, why));
        seen[n] = clock_seconds(CLOCK_MONOTONIC) - begin;
    }
    qsort(seen, n, sizeof *seen, by_value);
    row->p50 = seen[n / 2];
    row->p99 = seen[n * 99 / 100];
out:
    free(seen);
    return st;
}

static gnt_status check_case(const gnt_bench_case *what, gnt_error *why)
{
    if (what->n < 1 || what->n > what->op->max_n)
        return gnt_fail(why, GNT_EINVAL, "%s: n is %zu; 1 to %zu %s possible", what->op->name, what->n, what->op->max_n,
                        what->op->max_n == 1 ? "is" : "are");
    if (what->repeats < GNT_BENCH_MIN_REPEATS || what->repeats > GNT_BENCH_MAX_REPEATS)
        return gnt_fail(why, GNT_EINVAL, "%u repeats; %d to %d are possible", what->repeats, GNT_BENCH_MIN_REPEATS,
                        GNT_BENCH_MAX_REPEATS);
    return GNT_OK;
}

static void fill_row(gnt_bench_row *row, const gnt_bench_work *work, const rounds *r)
{
    const gnt_bench_op *op = row->what.op;
    size_t n = row->what.repeats;
    const gnt_device_info *info = &work->engine->info;
    snprintf(row->device, sizeof row->device, "%s", info->name);
    snprintf(row->simd, sizeof row->simd, "%s", info->simd);
    row->threads = info->threads;
    row->seconds = gnt_quartiles_of(r->seconds, n);
    row->cpu_seconds = gnt_quartiles_of(r->cpu, n).median;
    row->peak = gnt_quartiles_of(r->peak, n);
    row->kernel = gnt_quartiles_of(r->kernel, n);
    row->units = op->units(&row->what);
    row->flops = op->flops ? op->flops(&row->what) : NAN;
    row->bytes = op->bytes ? op->bytes(&row->what) : NAN;
    row->cell_seconds = op->cells ? op->cells(&row->what) / gnt_quartiles_of(r->cells, n).median : NAN;
}

/* Usual sizes, where the case names none. */
static void resolve(gnt_bench_case *what, const gnt_device_info *info)
{
    int kind = !strcmp(info->name, "cpu")  ? GNT_BENCH_ON_CPU
               : strcmp(info->name, "emu") ? GNT_BENCH_ON_GPU
                                           : GNT_BENCH_ON_EMU;
    if (what->n == 0) what->n = what->op->usual.n[kind];
    what->models = what->op->usual.models[kind];
}

gnt_status gnt_bench_measure(gnt_engine *engine, const gnt_bench_case *what, double bandwidth, gnt_bench_row *row,
                             gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *all = NULL;
    *row = (gnt_bench_row){.what = *what, .bandwidth = bandwidth, .emulated = !strcmp(engine->info.name, "emu")};
    resolve(&row->what, &engine->info);
    gnt_bench_work work = {.engine = engine, .what = &row->what};
    GNT_GOTO(check_case(&row->what, why));
    GNT_ALLOC(all, N_SEEN * (size_t)what->repeats);
    rounds r = {all, all + what->repeats, all + 2 * what->repeats, all + 3 * what->repeats, all + 4 * what->repeats};
    GNT_GOTO(what->op->prepare(&work, why));
    GNT_GOTO(warm_up(&work, &row->calls, why));
    GNT_GOTO(run_rounds(&work, row->calls, &r, why));
    if (!what->op->finite(&work)) {
        st =
            gnt_fail(why, GNT_EVALUE, "%s %s: an output is not finite", what->op->name, what->shape ? what->shape : "");
        goto out;
    }
    fill_row(row, &work, &r);
    GNT_GOTO(run_latency(&work, row, why));
    if (what->op->peer && engine->ops->peer && engine->info.threads == 1) GNT_GOTO(gnt_bench_peers(&work, row, why));
out:
    gnt_bench_work_free(&work);
    free(all);
    return st;
}

static gnt_status probe_median(gnt_engine *engine, gnt_probe what, double *rate, gnt_error *why)
{
    double seen[3];
    for (size_t i = 0; i < 3; i++) GNT_TRY(gnt_engine_probe(engine, what, LIMIT_SECONDS, &seen[i], why));
    *rate = gnt_quartiles_of(seen, 3).median;
    return GNT_OK;
}

gnt_status gnt_bench_probe(gnt_engine *engine, gnt_bench_limits *limits, gnt_error *why)
{
    *limits = (gnt_bench_limits){.threads = engine->info.threads};
    GNT_TRY(probe_median(engine, GNT_PROBE_FMA, &limits->flops, why));
    return probe_median(engine, GNT_PROBE_TRIAD, &limits->bandwidth, why);
}
