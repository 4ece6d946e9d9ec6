/* gauntlet predict: scores of one model on bars or on windows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/eval/scores.h"
#include "host/model/model.h"
#include "host/store/npy.h"
#include "panel.h"

static const gnt_option options[] = {
    {"model", GNT_OPT_FILE, "FILE.onnx", NULL, "the model", true, false},
    {"bars", GNT_OPT_TEXT, "FILE.csv|STORE.h5:SYMBOL", NULL, "daily bars; repeats for schema levels-17", false, true},
    {"windows", GNT_OPT_FILE, "FILE.npy", NULL, "raw feature windows [N, L, F] instead of bars", false, false},
    {"from", GNT_OPT_DATE, "DATE", NULL, "first day of the test window; without: every bar with a full window", false,
     false},
    {"to", GNT_OPT_DATE, "DATE", NULL, "last day of the test window", false, false},
    {"schema", GNT_OPT_WORD, "gauntlet-35|levels-17", NULL, "feature schema of a model that names none", false, false},
    {"price", GNT_OPT_WORD, "close|adj", "close", "prices as given, or adjusted for dividends", false, false},
    {"precision", GNT_OPT_WORD, "float32|bf16", "float32",
     "bf16: faster, weights and inputs of the LSTM rounded to 8 bits; needs AVX512-BF16 or, on a GPU, GNT_CUDA_BF16=1",
     false, false},
    {"out", GNT_OPT_FILE, "FILE.csv|FILE.npy", NULL, "date,prob for bars; float32 [N, 1] for windows", true, false},
    {0},
};

typedef struct job {
    gnt_engine engine;
    gnt_model model;
    gnt_cli_panel panel;
    uint32_t *row; /* [n] rows scored */
    float *prob;   /* [n] */
    size_t n;
    gnt_in_sample in_sample;
} job;

static gnt_precision precision(const gnt_args *args)
{
    return strcmp(gnt_arg(args, "precision"), "bf16") == 0 ? GNT_BF16 : GNT_FLOAT32;
}

/* All equal, or all on one side of 0.5: such a model is called that (SPEC 9.2). */
static bool is_constant(const float *prob, size_t n)
{
    size_t n_up = 0;
    for (size_t i = 0; i < n; i++) n_up += prob[i] >= 0.5f;
    return n > 0 && (n_up == 0 || n_up == n);
}

static void finish(const gnt_args *args, const job *j, json_t *object)
{
    bool constant = is_constant(j->prob, j->n);
    gnt_json_text(object, "precision", gnt_arg(args, "precision"));
    gnt_json_flag(object, "constant_prediction", constant);
    if (constant) gnt_say(args, "! Every score is on the same side of 0.5: the model says one thing only.");
    gnt_answer(args, object);
}

/* ---- on windows ------------------------------------------------------------------------------------------ */

static gnt_status check_windows(const gnt_net *net, const gnt_npy *x, const char *path, gnt_error *why)
{
    if (x->rank != 3 || x->dim[1] != net->window || x->dim[2] != net->n_features || !x->dim[0])
        return gnt_fail(why, GNT_EVALUE, "%s: its shape is not [N, %u, %u], which the model takes", path, net->window,
                        net->n_features);
    size_t per = x->dim[1] * x->dim[2];
    for (size_t i = 0; i < x->n; i++)
        if (!isfinite(x->data[i]))
            return gnt_fail(why, GNT_EVALUE, "%s: window %zu, step %zu, feature %zu is not finite", path, i / per,
                            i % per / x->dim[2], i % x->dim[2]);
    return GNT_OK;
}

static gnt_status score_windows(const gnt_args *args, job *j, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_npy x = {0};
    const char *path = gnt_arg(args, "windows");
    uint32_t length = j->model.net.window;
    if (gnt_arg_n(args, "bars") || gnt_arg_given(args, "from") || gnt_arg_given(args, "to"))
        return gnt_fail(why, GNT_EUSAGE, "predict: --windows takes no --bars, --from or --to");
    GNT_GOTO(gnt_npy_read(path, &x, why));
    GNT_GOTO(check_windows(&j->model.net, &x, path, why));
    j->n = x.dim[0];
    if (j->n > UINT32_MAX / length) {
        st = gnt_fail(why, GNT_EVALUE, "%s: more than 2^32 rows; split the file", path);
        goto out;
    }
    GNT_ALLOC(j->row, j->n);
    GNT_ALLOC(j->prob, j->n);
    for (size_t i = 0; i < j->n; i++) j->row[i] = (uint32_t)(i * length + length - 1);
    GNT_GOTO(gnt_arg_engine(args, &j->engine, why));
    gnt_panel panel = {x.data, j->n * length, x.dim[2]};
    GNT_GOTO(gnt_model_score(&j->engine, &j->model, panel, (gnt_rows){j->row, j->n}, precision(args), j->prob, why));
    GNT_GOTO(gnt_npy_write(gnt_arg(args, "out"), j->prob, 2, (size_t[]){j->n, 1}, why));
    gnt_say(args, "%zu windows scored; %s written", j->n, gnt_arg(args, "out"));
    json_t *object = json_object();
    gnt_json_text(object, "model", gnt_arg(args, "model"));
    gnt_json_text(object, "out", gnt_arg(args, "out"));
    gnt_json_count(object, "rows", j->n);
    finish(args, j, object);
out:
    gnt_npy_free(&x);
    return st;
}

/* ---- on bars ------------------------------------------------------------------------------------------------ */

/* The schema's name to make features by: the model's own, or --schema for a model that names none. */
static gnt_status schema_name(const gnt_args *args, const gnt_model *model, const char **name, gnt_error *why)
{
    const char *given = gnt_arg(args, "schema"), *file = gnt_arg(args, "model");
    if (!model->schema[0] && !given)
        return gnt_fail(why, GNT_EVALUE, "%s names no feature schema: give --schema, or score --windows", file);
    if (model->schema[0] && given && strcmp(given, model->schema) != 0)
        return gnt_fail(why, GNT_EVALUE, "%s was made for schema %s, not %s", file, model->schema, given);
    *name = model->schema[0] ? model->schema : given;
    return GNT_OK;
}

static gnt_status check_schema(const gnt_args *args, const job *j, gnt_error *why)
{
    const gnt_schema *schema = &j->panel.features.schema;
    const gnt_model *model = &j->model;
    if (model->schema[0] && strcmp(model->schema_hash, schema->hash) != 0)
        return gnt_fail(why, GNT_EVALUE,
                        "%s: its features have hash %.16s... (%s version %u), these bars give %.16s...",
                        gnt_arg(args, "model"), model->schema_hash, model->schema, model->schema_version, schema->hash);
    if (schema->n_features != model->net.n_features)
        return gnt_fail(why, GNT_EVALUE, "%s takes %u features, schema %s has %zu", gnt_arg(args, "model"),
                        model->net.n_features, schema->name, schema->n_features);
    return GNT_OK;
}

/* Rows of the test window (t with t + 1 inside), or every row with a full window. The last row scored is the one
 * before the window's last bar; without a window it is the last bar, whose score acts on a bar to come. */
static gnt_status choose_rows(const gnt_args *args, job *j, size_t *first, size_t *last, gnt_error *why)
{
    const gnt_features *f = &j->panel.features;
    size_t begin, end, earliest = f->schema.first_valid + j->model.net.window - 1;
    gnt_bars rows = {.n = f->n_rows, .day = f->day}; /* a view of the rows' dates */
    char date[GNT_DATE_ROOM];
    if (gnt_arg_given(args, "from") != gnt_arg_given(args, "to"))
        return gnt_fail(why, GNT_EUSAGE, "predict: --from and --to come together");
    if (earliest >= f->n_rows)
        return gnt_fail(why, GNT_EFEW, "%zu bars; the first full window needs %zu", f->n_rows, earliest + 1);
    *first = earliest;
    *last = f->n_rows - 1;
    if (!gnt_arg_given(args, "from")) return GNT_OK;
    gnt_range range = {gnt_arg_date(args, "from"), gnt_arg_date(args, "to")};
    if (range.from > range.to) return gnt_fail(why, GNT_EUSAGE, "predict: --from is after --to");
    GNT_TRY(gnt_bars_window(&rows, range, &begin, &end, why));
    if (begin < earliest + 1)
        return gnt_fail(why, GNT_EDATA,
                        "the window starts at %s, before the history that its first score needs: the "
                        "first bar that can be traded is %s",
                        gnt_arg(args, "from"),
                        earliest + 1 < f->n_rows ? gnt_date_format(f->day[earliest + 1], date) : "beyond the data");
    *first = begin - 1;
    *last = end - 2;
    return GNT_OK;
}

static gnt_status write_scores(const gnt_args *args, const job *j, size_t first, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *score = NULL;
    GNT_ALLOC(score, j->n);
    for (size_t i = 0; i < j->n; i++) score[i] = (double)j->prob[i];
    GNT_GOTO(gnt_scores_write(gnt_arg(args, "out"), j->panel.features.day + first, score, j->n, why));
out:
    free(score);
    return st;
}

static void tell_bars(const gnt_args *args, const job *j, size_t first)
{
    const gnt_day *day = j->panel.features.day + first;
    const char *provenance = gnt_provenance_name(gnt_cli_panel_provenance(&j->panel));
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM], symbols[1024];
    json_t *object = json_object();
    gnt_cli_panel_symbols(&j->panel, symbols, sizeof symbols);
    gnt_date_format(day[0], from);
    gnt_date_format(day[j->n - 1], to);
    gnt_say(args, "%s (%s): %zu scores made from %s to %s; %s written", symbols, provenance, j->n, from, to,
            gnt_arg(args, "out"));
    if (j->in_sample == GNT_IN_SAMPLE_PARTIAL || j->in_sample == GNT_IN_SAMPLE_ALL)
        gnt_say(args, "! In sample (%s): the model was trained or validated on these dates; this is no test.",
                gnt_in_sample_name(j->in_sample));
    if (j->in_sample == GNT_IN_SAMPLE_UNKNOWN)
        gnt_say(args, "! The model doesn't say what it was trained on: these scores may be in sample.");
    gnt_json_text(object, "model", gnt_arg(args, "model"));
    gnt_json_text(object, "out", gnt_arg(args, "out"));
    gnt_json_text(object, "symbol", symbols);
    gnt_json_count(object, "rows", j->n);
    gnt_json_text(object, "first", from);
    gnt_json_text(object, "last", to);
    gnt_json_text(object, "in_sample", gnt_in_sample_name(j->in_sample));
    gnt_json_text(object, "provenance", provenance);
    gnt_json_text(object, "schema", j->panel.features.schema.name);
    gnt_json_text(object, "schema_hash", j->panel.features.schema.hash);
    finish(args, j, object);
}

static gnt_status score_bars(const gnt_args *args, job *j, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const char *schema = NULL;
    size_t first = 0, last = 0;
    GNT_GOTO(schema_name(args, &j->model, &schema, why));
    GNT_GOTO(gnt_arg_engine(args, &j->engine, why));
    GNT_GOTO(gnt_cli_panel_load(args, &j->engine, schema, &j->panel, why));
    GNT_GOTO(check_schema(args, j, why));
    GNT_GOTO(choose_rows(args, j, &first, &last, why));
    const gnt_features *f = &j->panel.features;
    j->n = last - first + 1;
    GNT_ALLOC(j->row, j->n);
    GNT_ALLOC(j->prob, j->n);
    for (size_t i = 0; i < j->n; i++) j->row[i] = (uint32_t)(first + i);
    GNT_GOTO(gnt_model_score(&j->engine, &j->model, gnt_features_panel(f), (gnt_rows){j->row, j->n}, precision(args),
                             j->prob, why));
    size_t n_bars = last + 1 < f->n_rows ? j->n : j->n - 1; /* the last row's bar may not be known yet */
    j->in_sample = gnt_model_in_sample(&j->model, f->day + first + 1, n_bars);
    GNT_GOTO(write_scores(args, j, first, why));
    tell_bars(args, j, first);
out:
    return st;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    job j = {0};
    bool windows = gnt_arg(args, "windows") != NULL;
    if (!windows && !gnt_arg_n(args, "bars")) return gnt_fail(why, GNT_EUSAGE, "predict: give --bars or --windows");
    GNT_GOTO(gnt_onnx_read(gnt_arg(args, "model"), &j.model, why));
    GNT_GOTO(windows ? score_windows(args, &j, why) : score_bars(args, &j, why));
out:
    free(j.row);
    free(j.prob);
    gnt_cli_panel_free(&j.panel);
    gnt_model_free(&j.model);
    gnt_engine_close(&j.engine);
    return st;
}

const gnt_verb gnt_verb_predict = {
    .name = "predict",
    .run = run,
    .summary = "score bars or windows",
    .synopsis = "--model FILE.onnx (--bars BARS [--from A --to B] | --windows FILE.npy) --out FILE",
    .detail =
        "On bars: one score a row, dated with the bar it was made from; it acts on the next bar. With --from and --to\n"
        "the scores of that test window: the first is made on the bar before it. The features' hash must be the\n"
        "model's. Scores on dates the model was trained or validated on are marked in sample.\n"
        "bf16 moves a score in its third or fourth digit (docs/NUMERICS.md); a device without it is an error.\n"
        "\n"
        "Examples:\n"
        "  gauntlet predict --model b.onnx --bars IBB.csv --from 2020-02-20 --to 2020-04-30 --out scores.csv\n"
        "  gauntlet predict --model pytorch.onnx --windows x.npy --out y.npy",
    .options = options,
    .computes = true,
};
