/* gauntlet sweep: a grid of strategy configurations on given scores, and what the best of so many is worth. */
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/sweep/answer.h"
#include "host/sweep/shard.h"
#include "sweep_table.h"

static const gnt_option options[] = {
    {"bars", GNT_OPT_TEXT, "FILE.csv|STORE.h5:SYMBOL", NULL, "daily bars; repeats, one symbol each", true, true},
    {"scores", GNT_OPT_FILE, "FILE.csv", NULL, "date,prob for the bars given at the same place; repeats", true, true},
    {"from", GNT_OPT_DATE, "DATE", NULL, "first day of the window", true, false},
    {"to", GNT_OPT_DATE, "DATE", NULL, "last day of the window", true, false},
    {"grid", GNT_OPT_TEXT, "NAME=A:B:STEP|NAME=X|Y,...", NULL, "a parameter and its values, inclusive; repeats", true,
     true},
    {"out", GNT_OPT_FILE, "FILE.h5", NULL, "where the results go", true, false},
    {"price", GNT_OPT_WORD, "close|adj", "close", "prices as given, or adjusted for dividends (total return)", false,
     false},
    {"by", GNT_OPT_WORD, GNT_SWEEP_METRIC_WORDS, "sharpe", "what the best are chosen by", false, false},
    {"top", GNT_OPT_COUNT, "K", "10", "how many of the best are kept, with all their figures", false, false},
    {"folds", GNT_OPT_COUNT, "K", "1", "cut the window into K equal pieces, each starting flat", false, false},
    {"heatmap", GNT_OPT_TEXT, "X,Y", NULL, "best and mean over two parameters of the grid; repeats", false, true},
    {"full", GNT_OPT_FLAG, NULL, NULL, "also write the figures of every configuration", false, false},
    {"shard", GNT_OPT_TEXT, "I/N", NULL, "do part I of N (from 0); merge makes the whole of the parts", false, false},
    {"shards", GNT_OPT_COUNT, "N", NULL, "N parts, the index from JOB_COMPLETION_INDEX or SLURM_ARRAY_TASK_ID", false,
     false},
    {0},
};

typedef struct job {
    gnt_engine engine;
    gnt_sweep_spec spec;
    gnt_sweep_market market;
    gnt_sweep_collection collection;
    gnt_sweep_writer writer;
    const char **bars, **scores, **inputs; /* [n], [n], [2n] */
    size_t n;
    uint64_t shard, n_shards;
} job;

static gnt_status take_grid(const gnt_args *args, gnt_sweep_spec *spec, gnt_error *why)
{
    for (size_t i = 0; i < gnt_arg_n(args, "grid"); i++)
        GNT_TRY(gnt_grid_add(&spec->grid, gnt_arg_at(args, "grid", i), why));
    for (size_t d = 0; d < spec->grid.n_dims; d++) {
        const char *name = spec->grid.dim[d].parameter->name;
        if (gnt_arg_given(args, name))
            return gnt_fail(why, GNT_EUSAGE, "sweep: %s is in --grid and given as --%s too", name, name);
    }
    for (size_t i = 0; i < gnt_arg_n(args, "heatmap"); i++)
        GNT_TRY(gnt_sweep_spec_heatmap(spec, gnt_arg_at(args, "heatmap", i), why));
    return GNT_OK;
}

static gnt_status take_spec(const gnt_args *args, gnt_sweep_spec *spec, gnt_error *why)
{
    gnt_strategy_default(&spec->base);
    GNT_TRY(gnt_arg_strategy(args, &spec->base, why));
    if (take_grid(args, spec, why)) return why->status;
    spec->top = gnt_arg_count(args, "top");
    spec->n_folds = gnt_arg_count(args, "folds");
    spec->seed = gnt_arg_seed(args);
    spec->adjusted = !strcmp(gnt_arg(args, "price"), "adj");
    spec->full = gnt_arg_flag(args, "full");
    if (!gnt_sweep_metric_parse(gnt_arg(args, "by"), &spec->by)) spec->by = GNT_BY_SHARPE; /* never: a checked word */
    if (spec->top < 1 || spec->top > GNT_SWEEP_TOP)
        return gnt_fail(why, GNT_EUSAGE, "sweep: --top: 1 to %d", GNT_SWEEP_TOP);
    if (spec->n_folds < 1 || spec->n_folds > GNT_SWEEP_SLICES)
        return gnt_fail(why, GNT_EUSAGE, "sweep: --folds: 1 to %d", GNT_SWEEP_SLICES);
    return GNT_OK;
}

static gnt_status take_inputs(const gnt_args *args, job *j, gnt_error *why)
{
    gnt_status st = GNT_OK;
    j->n = gnt_arg_n(args, "bars");
    if (j->n != gnt_arg_n(args, "scores"))
        return gnt_fail(why, GNT_EUSAGE, "sweep: %zu --bars but %zu --scores; each bars needs its scores, in order",
                        j->n, gnt_arg_n(args, "scores"));
    GNT_ALLOC(j->bars, j->n);
    GNT_ALLOC(j->scores, j->n);
    GNT_ALLOC(j->inputs, 2 * j->n);
    for (size_t i = 0; i < j->n; i++) {
        j->inputs[2 * i] = j->bars[i] = gnt_arg_at(args, "bars", i);
        j->inputs[2 * i + 1] = j->scores[i] = gnt_arg_at(args, "scores", i);
    }
out:
    return st;
}

static gnt_status take_shard(const gnt_args *args, job *j, gnt_error *why)
{
    const char *from;
    char line[128];
    const gnt_shard_request request = {.shard = gnt_arg(args, "shard"),
                                       .shards = gnt_arg(args, "shards"),
                                       .job_index = getenv("JOB_COMPLETION_INDEX"),
                                       .job_completions = getenv("JOB_COMPLETIONS"),
                                       .slurm_id = getenv("SLURM_ARRAY_TASK_ID"),
                                       .slurm_min = getenv("SLURM_ARRAY_TASK_MIN"),
                                       .slurm_count = getenv("SLURM_ARRAY_TASK_COUNT"),
                                       .slurm_step = getenv("SLURM_ARRAY_TASK_STEP")};
    GNT_TRY(gnt_shard_resolve(&request, &j->shard, &j->n_shards, &from, why));
    if (j->n_shards > 1) {
        snprintf(line, sizeof line, "shard %llu of %llu, by %s", (unsigned long long)j->shard,
                 (unsigned long long)j->n_shards, from);
        gnt_progress_log(gnt_arg_progress(args), line);
    }
    return GNT_OK;
}

/* The window is checked before anything is loaded. */
static gnt_status load(const gnt_args *args, job *j, gnt_error *why)
{
    gnt_sweep_inputs inputs = {j->bars, j->scores, j->n, {gnt_arg_date(args, "from"), gnt_arg_date(args, "to")}};
    if (inputs.window.from > inputs.window.to)
        return gnt_fail(why, GNT_EUSAGE, "sweep: --from %s is after --to %s", gnt_arg(args, "from"),
                        gnt_arg(args, "to"));
    GNT_TRY(gnt_sweep_market_open(&inputs, &j->spec, &j->market, why));
    GNT_TRY(gnt_sweep_collection_init(&j->collection, &j->spec, why));
    gnt_sweep_collection_cut(&j->collection, j->shard, j->n_shards);
    return GNT_OK;
}

static gnt_status compute(const gnt_args *args, job *j, gnt_error *why)
{
    GNT_TRY(gnt_arg_engine(args, &j->engine, why));
    GNT_TRY(gnt_sweep_writer_open(&j->writer, gnt_arg(args, "out"), &j->collection, why));
    gnt_sweep_sink rows = gnt_sweep_writer_sink(&j->writer);
    GNT_TRY(gnt_sweep_run(&j->engine, &j->market, &j->collection, j->collection.spec.full ? &rows : NULL,
                          gnt_arg_progress(args), why));
    return gnt_sweep_writer_commit(&j->writer, why);
}

static void answer(const gnt_args *args, const job *j, double seconds)
{
    json_t *object = gnt_sweep_json(&j->collection);
    double evaluations = json_number_value(json_object_get(object, "evaluations"));
    gnt_json_figure(object, "seconds", seconds, NULL);
    gnt_json_figure(object, "evaluations_per_s", seconds > 0 ? evaluations / seconds : NAN, "no_time");
    gnt_json_text(object, "store", gnt_arg(args, "out"));
    gnt_say_sweep(args, &j->collection, gnt_arg(args, "out"));
    gnt_say(args, "%.3g costed bars in %.2f s, %.3g a second", evaluations, seconds, evaluations / seconds);
    gnt_answer(args, object);
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    job j = {0};
    gnt_run_start start = gnt_run_start_now();
    GNT_GOTO(take_spec(args, &j.spec, why));
    GNT_GOTO(take_inputs(args, &j, why));
    GNT_GOTO(take_shard(args, &j, why));
    GNT_GOTO(load(args, &j, why));
    gnt_run_start computing = gnt_run_start_now();
    GNT_GOTO(compute(args, &j, why));
    double seconds = gnt_run_start_now().monotonic_s - computing.monotonic_s;
    GNT_GOTO(gnt_sweep_manifest_write(gnt_arg(args, "out"), "sweep", &j.collection, j.inputs, 2 * j.n, &j.engine,
                                      &start, why));
    answer(args, &j, seconds);
out:
    gnt_sweep_writer_close(&j.writer);
    gnt_sweep_collection_free(&j.collection);
    gnt_sweep_market_close(&j.market);
    gnt_sweep_spec_free(&j.spec);
    gnt_engine_close(&j.engine);
    free(j.bars);
    free(j.scores);
    free(j.inputs);
    return st;
}

const gnt_verb gnt_verb_sweep = {
    .name = "sweep",
    .run = run,
    .summary = "simulate a grid of configurations",
    .synopsis = "--bars BARS --scores FILE.csv --from DATE --to DATE --grid NAME=A:B:STEP,... --out FILE.h5",
    .detail =
        "Every parameter below can be a dimension of the grid: NAME=A:B:STEP is inclusive (A + k STEP), NAME=X|Y "
        "lists\n"
        "values or words. What isn't in the grid is fixed by its own option. Points with lower above upper, or whose\n"
        "costs take the whole trade, are skipped and counted.\n"
        "\n"
        "With several --bars, or --folds K, a configuration is ranked by its mean over symbols and folds. The number "
        "of\n"
        "configurations tried deflates the best: DSR is the chance that its Sharpe is above what the best of so many\n"
        "worthless ones would show.\n"
        "\n"
        "A shard writes its own file; gauntlet merge makes the same bytes of them as one run. The index comes from\n"
        "--shard, or with --shards N from JOB_COMPLETION_INDEX (Kubernetes; N also from JOB_COMPLETIONS) or\n"
        "SLURM_ARRAY_TASK_ID (counted from SLURM_ARRAY_TASK_MIN; N also from SLURM_ARRAY_TASK_COUNT).\n"
        "\n"
        "Examples:\n"
        "  gauntlet sweep --bars IBB.csv --scores s.csv --from 2018-03-14 --to 2023-12-29 --out sweep.h5 \\\n"
        "      --grid upper=0.5:0.6:0.01,lower=0.4:0.5:0.01 --grid 'between=flat|hold,commission-bp=0:5:1'\n"
        "  gauntlet sweep ... --shard 2/8 --out part2.h5; gauntlet merge --out sweep.h5 part*.h5",
    .options = options,
    .computes = true,
    .simulates = true,
};
