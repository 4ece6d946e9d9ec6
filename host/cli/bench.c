/* gauntlet bench: operations x shapes x thread counts, each beside the machine's limits of the same seconds. */
#include <stdlib.h>
#include <string.h>

#include "bench_table.h"
#include "cli.h"
#include "host/base/nearest.h"
#include "host/bench/bench.h"
#include "host/model/model.h"

enum { MAX_THREAD_COUNTS = 8, MAX_PICKS = 32 };

static const gnt_option options[] = {
    {"op", GNT_OPT_TEXT, "NAME,...|all", "all", "what to measure; --help lists the names", false, false},
    {"shape", GNT_OPT_TEXT, "NAME,...|all", "all",
     "1x24, 1x32, 1x64, 2x64, 2x96, 3x128 (layers x hidden units; 35 features, 10 steps), lstm_a (2x100, 100 features, "
     "50 "
     "steps); all: those that are usual for an operation",
     false, false},
    {"model", GNT_OPT_FILE, "FILE.onnx", NULL, "measure this model instead of a shape", false, false},
    {"threads", GNT_OPT_TEXT, "N,...", "1", "thread counts of the CPU, 0 for all cores", false, false},
    {"precision", GNT_OPT_WORD, "float32|bf16", "float32",
     "of forward's products; bf16 needs AVX512-BF16 or, on a GPU, GNT_CUDA_BF16=1", false, false},
    {"n", GNT_OPT_COUNT, "N", NULL,
     "windows, samples of an epoch, configurations or bars a symbol of one call; without: each operation's own", false,
     false},
    {"repeats", GNT_OPT_COUNT, "N", "20", "timed repeats, at least 20", false, false},
    {"out", GNT_OPT_FILE, "FILE.json", NULL, "also write the answer to this file", false, false},
    {0},
};

/* What the command line asks for. */
typedef struct picks {
    const gnt_bench_op *op[MAX_PICKS];
    size_t n_ops;
    bool all_ops; /* then an operation takes none but its usual shapes */
    const gnt_bench_shape *shape[MAX_PICKS];
    size_t n_shapes; /* 0: the usual ones of each operation */
    unsigned threads[MAX_THREAD_COUNTS];
    size_t n_threads;
} picks;

typedef struct job {
    picks want;
    gnt_model model;
    gnt_engine engine[MAX_THREAD_COUNTS];
    gnt_bench_limits limits[MAX_THREAD_COUNTS];
    json_t *rows;     /* owned */
    size_t disturbed; /* rows of one thread that had the processor for less than 95 % of their time */
    size_t done, total;
} job;

/* ---- lists on the command line ----------------------------------------------------------------------------- */

/* Copies the next part of a list "a,b,c" and moves on; false at the end. An empty part is copied as "". */
static bool next_part(const char **list, char part[64])
{
    if (!*list) return false;
    size_t n = strcspn(*list, ",");
    snprintf(part, 64, "%.*s", (int)(n < 63 ? n : 63), *list);
    *list = (*list)[n] ? *list + n + 1 : NULL;
    return true;
}

static gnt_status unknown(const char *option, const char *part, const char *const *names, size_t n, gnt_error *why)
{
    const char *near = gnt_nearest(part, names, n);
    return gnt_fail(why, GNT_EUSAGE, "bench: --%s: '%s' is not known; %s%s%s", option, part,
                    near ? "did you mean '" : "gauntlet bench --help lists them", near ? near : "", near ? "'?" : "");
}

/* Places in names[n] of the parts of --option, in the order given. */
static gnt_status pick(const gnt_args *args, const char *option, const char *const *names, size_t n,
                       size_t at[MAX_PICKS], size_t *n_picked, gnt_error *why)
{
    const char *list = gnt_arg(args, option);
    char part[64];
    *n_picked = 0;
    while (next_part(&list, part)) {
        size_t i = 0;
        while (i < n && strcmp(names[i], part) != 0) i++;
        if (i == n) return unknown(option, part, names, n, why);
        for (size_t k = 0; k < *n_picked; k++)
            if (at[k] == i) return gnt_fail(why, GNT_EUSAGE, "bench: --%s: '%s' is named twice", option, part);
        at[(*n_picked)++] = i;
    }
    return GNT_OK;
}

static gnt_status pick_ops(const gnt_args *args, picks *want, gnt_error *why)
{
    const char *names[MAX_PICKS];
    size_t at[MAX_PICKS], n = gnt_n_bench_ops();
    for (size_t i = 0; i < n; i++) names[i] = gnt_bench_op_name(gnt_bench_op_at(i));
    want->all_ops = strcmp(gnt_arg(args, "op"), "all") == 0;
    if (want->all_ops) {
        want->n_ops = n;
        for (size_t i = 0; i < n; i++) at[i] = i;
    } else {
        GNT_TRY(pick(args, "op", names, n, at, &want->n_ops, why));
    }
    for (size_t i = 0; i < want->n_ops; i++) want->op[i] = gnt_bench_op_at(at[i]);
    return GNT_OK;
}

static gnt_status pick_shapes(const gnt_args *args, picks *want, gnt_error *why)
{
    const char *names[MAX_PICKS];
    size_t at[MAX_PICKS];
    if (gnt_arg_given(args, "model") && gnt_arg_given(args, "shape"))
        return gnt_fail(why, GNT_EUSAGE, "bench: --model takes no --shape");
    if (strcmp(gnt_arg(args, "shape"), "all") == 0) return GNT_OK;
    for (size_t i = 0; i < gnt_n_bench_shapes; i++) names[i] = gnt_bench_shapes[i].name;
    GNT_TRY(pick(args, "shape", names, gnt_n_bench_shapes, at, &want->n_shapes, why));
    for (size_t i = 0; i < want->n_shapes; i++) want->shape[i] = &gnt_bench_shapes[at[i]];
    return GNT_OK;
}

static gnt_status pick_threads(const gnt_args *args, picks *want, gnt_error *why)
{
    const char *list = gnt_arg(args, "threads");
    char part[64];
    while (next_part(&list, part)) {
        size_t digits = strspn(part, "0123456789");
        if (!digits || part[digits] || digits > 4 || atoi(part) > 1024)
            return gnt_fail(why, GNT_EUSAGE, "bench: --threads: '%s' is not a whole number up to 1024", part);
        if (want->n_threads == MAX_THREAD_COUNTS)
            return gnt_fail(why, GNT_EUSAGE, "bench: --threads: at most %d counts", MAX_THREAD_COUNTS);
        want->threads[want->n_threads++] = (unsigned)atoi(part);
    }
    return GNT_OK;
}

static gnt_status read_picks(const gnt_args *args, picks *want, gnt_error *why)
{
    uint64_t repeats = gnt_arg_count(args, "repeats");
    if (repeats < GNT_BENCH_MIN_REPEATS || repeats > GNT_BENCH_MAX_REPEATS)
        return gnt_fail(why, GNT_EUSAGE, "bench: --repeats: %d to %d are possible", GNT_BENCH_MIN_REPEATS,
                        GNT_BENCH_MAX_REPEATS);
    if (gnt_arg_given(args, "n") && gnt_arg_count(args, "n") == 0)
        return gnt_fail(why, GNT_EUSAGE, "bench: --n: 0 is nothing to measure");
    GNT_TRY(pick_ops(args, want, why));
    GNT_TRY(pick_shapes(args, want, why));
    return pick_threads(args, want, why);
}

/* Only the CPU has thread counts to choose. */
static gnt_status check_threads(const gnt_args *args, const job *j, gnt_error *why)
{
    const gnt_device_info *info = &j->engine[0].info;
    if (!strcmp(info->name, "cpu") || !gnt_arg_given(args, "threads")) return GNT_OK;
    return gnt_fail(why, GNT_EUSAGE, "bench: --threads: device %s has none to choose; leave it out", info->name);
}

/* ---- measuring -------------------------------------------------------------------------------------------------- */

static gnt_status measure(const gnt_args *args, job *j, gnt_bench_case what, gnt_error *why)
{
    what.n = (size_t)gnt_arg_count(args, "n");
    if (strcmp(gnt_bench_op_name(what.op), "forward_one") == 0) what.n = 0;
    what.repeats = (unsigned)gnt_arg_count(args, "repeats");
    what.precision = strcmp(gnt_arg(args, "precision"), "bf16") == 0 ? GNT_BF16 : GNT_FLOAT32;
    what.seed = gnt_arg_seed(args);
    for (size_t t = 0; t < j->want.n_threads; t++) {
        gnt_bench_row row;
        char detail[96];
        snprintf(detail, sizeof detail, "%s %s, %u threads", gnt_bench_op_name(what.op), what.shape ? what.shape : "",
                 j->engine[t].info.threads);
        if (!gnt_progress_report(gnt_arg_progress(args), "bench", (double)j->done, (double)j->total, detail))
            return gnt_fail(why, GNT_EINTERRUPTED, "stopped");
        GNT_TRY(gnt_bench_measure(&j->engine[t], &what, j->limits[t].bandwidth, &row, why));
        gnt_bench_say_row(args, &row);
        j->disturbed += !strcmp(row.device, "cpu") && row.threads == 1 && row.cpu_seconds < 0.95 * row.seconds.median;
        json_array_append_new(j->rows, gnt_bench_row_json(&row));
        j->done++;
    }
    return GNT_OK;
}

/* Every case of an operation; with `count` they are only counted. */
static gnt_status each_shape(const gnt_args *args, job *j, const gnt_bench_op *op, bool count, gnt_error *why)
{
    const picks *want = &j->want;
    gnt_bench_case what = {.op = op};
    bool model = gnt_arg_given(args, "model"), single = !gnt_bench_op_has_shape(op) || model;
    if (gnt_bench_op_has_shape(op) && model) {
        what.shape = gnt_arg(args, "model");
        what.net = j->model.net;
        what.weights = j->model.weights;
    }
    size_t n = single ? 1 : want->n_shapes ? want->n_shapes : gnt_n_bench_shapes;
    for (size_t i = 0; i < n; i++) {
        if (!single) {
            const gnt_bench_shape *shape = want->n_shapes ? want->shape[i] : &gnt_bench_shapes[i];
            if ((want->all_ops || !want->n_shapes) && !gnt_bench_op_usual(op, shape->name)) continue;
            what.shape = shape->name;
            what.net = shape->net;
        }
        if (count)
            j->total += want->n_threads;
        else
            GNT_TRY(measure(args, j, what, why));
    }
    return GNT_OK;
}

/* Who names thread counts and no device means the CPU, also where there is a GPU. */
static const char *device_of(const gnt_args *args)
{
    return gnt_arg_given(args, "threads") && !gnt_arg_given(args, "device") ? "cpu" : gnt_arg(args, "device");
}

static gnt_status open_engines(const gnt_args *args, job *j, gnt_error *why)
{
    for (size_t t = 0; t < j->want.n_threads; t++) {
        GNT_TRY(gnt_engine_open(&j->engine[t], device_of(args), j->want.threads[t], gnt_arg_progress(args), why));
        GNT_TRY(check_threads(args, j, why));
        for (size_t k = 0; k < t; k++)
            if (j->engine[k].info.threads == j->engine[t].info.threads)
                return gnt_fail(why, GNT_EUSAGE, "bench: --threads: %u threads twice", j->engine[t].info.threads);
    }
    for (size_t t = 0; t < j->want.n_threads; t++) GNT_TRY(gnt_bench_probe(&j->engine[t], &j->limits[t], why));
    return GNT_OK;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    job j = {0};
    json_t *answer = NULL;
    GNT_GOTO(read_picks(args, &j.want, why));
    if (gnt_arg_given(args, "model")) GNT_GOTO(gnt_onnx_read(gnt_arg(args, "model"), &j.model, why));
    GNT_GOTO(open_engines(args, &j, why));
    j.rows = json_array();
    answer = json_object();
    gnt_json_text(answer, "schema", "gauntlet-bench");
    gnt_json_count(answer, "schema_version", 1);
    gnt_json_put(answer, "machine", gnt_bench_machine(&j.engine[0], j.limits, j.want.n_threads));
    gnt_json_count(json_object_get(answer, "machine"), "seed", gnt_arg_seed(args));
    gnt_bench_say_head(args, json_object_get(answer, "machine"));
    for (size_t i = 0; i < j.want.n_ops; i++) GNT_GOTO(each_shape(args, &j, j.want.op[i], true, why));
    for (size_t i = 0; i < j.want.n_ops; i++) GNT_GOTO(each_shape(args, &j, j.want.op[i], false, why));
    gnt_json_put(answer, "rows", json_incref(j.rows));
    if (j.disturbed)
        gnt_say(args,
                "! Other programs held the processor while %zu of these rows ran: measure again when it is quiet.",
                j.disturbed);
    if (gnt_arg(args, "out")) GNT_GOTO(gnt_json_write(gnt_arg(args, "out"), answer, why));
    gnt_answer(args, json_incref(answer));
out:
    json_decref(answer);
    json_decref(j.rows);
    for (size_t t = 0; t < MAX_THREAD_COUNTS; t++) gnt_engine_close(&j.engine[t]);
    gnt_model_free(&j.model);
    return st;
}

const gnt_verb gnt_verb_bench = {
    .name = "bench",
    .run = run,
    .summary = "speed of the operations, beside the machine's limits",
    .synopsis = "[--op NAME,...] [--shape NAME,...] [--threads N,...] [options]",
    .detail =
        "Operations: forward_sliding (overlapping windows of consecutive bars), forward_windows ([N, L, F] that share\n"
        "nothing), forward_one (one window through the C call), train (one model, an epoch of 1,003 windows in\n"
        "batches of 64), train_many (100 models at once), sweep (thresholds x costs over 6,320 bars), features (32\n"
        "symbols in a call).\n"
        "\n"
        "Every repeat probes the processor's fma peak just before the operation, so shares hold though clocks drift.\n"
        "GFLOP/s counts matrix products only; act. is the share of time that the cell steps alone would take, matrix\n"
        "the share of peak in the rest of the time. Inputs are synthetic. Measure on a quiet machine: load_1m and\n"
        "the spread (iqr) tell.\n"
        "\n"
        "--threads without --device measures the CPU. On a GPU (--device cuda:0) calls are larger; a row has the rate\n"
        "from host memory to host memory and that of the kernels alone, whose GFLOP/s and peak stand beside it, and\n"
        "forward is measured beside every algorithm of cuDNN (GNT_CUDNN names its file). On the emulated\n"
        "device nothing says anything about speed.\n"
        "\n"
        "Examples:\n"
        "  gauntlet bench --op forward_sliding,train --shape 1x32,2x96 --threads 1,2\n"
        "  gauntlet bench --op forward_one --model enhanced.onnx --json\n"
        "  gauntlet bench --device cuda:0 --op forward_windows --shape lstm_a --n 65536",
    .options = options,
    .computes = true,
};
