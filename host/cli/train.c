/* gauntlet train: fit one model on a date range and write it as ONNX. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/model/model.h"
#include "host/report/report.h"
#include "panel.h"

static const gnt_option options[] = {
    {"bars", GNT_OPT_TEXT, "FILE.csv|STORE.h5:SYMBOL", NULL, "daily bars; repeats for schema levels-17", true, true},
    {"schema", GNT_OPT_WORD, "gauntlet-35|levels-17", "gauntlet-35", "feature schema", false, false},
    {"price", GNT_OPT_WORD, "close|adj", "close", "prices as given, or adjusted for dividends", false, false},
    {"train", GNT_OPT_RANGE, "A..B", NULL, "dates to train on", true, false},
    {"val", GNT_OPT_RANGE, "A..B", NULL, "dates to stop early on; without: all epochs are run", false, false},
    {"test", GNT_OPT_RANGE, "A..B", NULL, "dates kept for a test: rows whose label lies there are dropped", false,
     false},
    {"embargo", GNT_OPT_COUNT, "BARS", "0", "bars after the test dates that are dropped too", false, false},
    {"variant", GNT_OPT_WORD, "baseline|enhanced", NULL, "1 x 32, or 2 x 96 with dropout 0.25 (default: baseline)",
     false, false},
    {"hidden", GNT_OPT_COUNT, "H", NULL, "hidden units a layer, instead of a variant", false, false},
    {"layers", GNT_OPT_COUNT, "K", NULL, "LSTM layers, 1 to 8, with --hidden (default 1)", false, false},
    {"bidirectional", GNT_OPT_FLAG, NULL, NULL, "read each window in both directions", false, false},
    {"attention", GNT_OPT_FLAG, NULL, NULL, "pool the steps by additive attention instead of taking the last", false,
     false},
    {"window", GNT_OPT_COUNT, "L", "10", "bars a window", false, false},
    {"epochs", GNT_OPT_COUNT, "N", NULL, "epochs at most", false, false},
    {"patience", GNT_OPT_COUNT, "N", NULL, "epochs without a lower validation loss before stopping; 0: never", false,
     false},
    {"batch", GNT_OPT_COUNT, "N", NULL, "windows a step", false, false},
    {"lr", GNT_OPT_REAL, "RATE", NULL, "learning rate", false, false},
    {"schedule", GNT_OPT_WORD, "constant|cosine|step|plateau", NULL, "how the rate falls", false, false},
    {"optimiser", GNT_OPT_WORD, "adam|adamw", NULL, "optimiser", false, false},
    {"weight-decay", GNT_OPT_REAL, "W", NULL, "weight decay", false, false},
    {"dropout", GNT_OPT_REAL, "P", NULL, "dropout between layers", false, false},
    {"clip", GNT_OPT_REAL, "NORM", NULL, "gradient norm at most; 0: off", false, false},
    {"balanced", GNT_OPT_FLAG, NULL, NULL, "weigh up days by n_down/n_up: probabilities are then not calibrated", false,
     false},
    {"checkpoint", GNT_OPT_FILE, "FILE.h5", NULL, "written after each epoch", false, false},
    {"resume", GNT_OPT_FLAG, NULL, NULL, "go on from the checkpoint if it is there: same bits as without a stop", false,
     false},
    {"out", GNT_OPT_FILE, "FILE.onnx", NULL, "the model", true, false},
    {"curve", GNT_OPT_FILE, "FILE.csv|.png", NULL, "learning curve, as figures or as a picture (gnuplot)", false,
     false},
    {0},
};

/* Numbers and where they go; all have defaults from the variant. */
typedef struct number_row {
    const char *option;
    double low, high;
    size_t offset;
    bool whole; /* uint32_t or unsigned, else double */
} number_row;

#define FIT(field) offsetof(gnt_fit_options, field)
static const number_row numbers[] = {
    {"epochs", 1, 100000, FIT(epochs), true},
    {"patience", 0, 100000, FIT(patience), true},
    {"batch", 1, 65536, FIT(train.batch), true},
    {"lr", 1e-12, 1e3, FIT(train.learning_rate), false},
    {"weight-decay", 0, 1e3, FIT(train.weight_decay), false},
    {"dropout", 0, 0.99, FIT(train.dropout), false},
    {"clip", 0, 1e9, FIT(train.clip_norm), false},
};
#undef FIT

typedef struct job {
    gnt_engine engine;
    gnt_cli_panel panel;
    gnt_split split;
    uint32_t window;
    const char *variant; /* "baseline", "enhanced", "custom" */
    gnt_net net;
    gnt_fit_options fit;
    gnt_model model;
    gnt_fit_report report;
} job;

/* ---- what the options say ---------------------------------------------------------------------------- */

static gnt_status count_in(const gnt_args *args, const char *name, uint64_t low, uint64_t high, uint64_t fallback,
                           uint32_t *out, gnt_error *why)
{
    uint64_t value = gnt_arg(args, name) ? gnt_arg_count(args, name) : fallback;
    if (value < low || value > high)
        return gnt_fail(why, GNT_EINVAL, "--%s %llu: expected %llu to %llu", name, (unsigned long long)value,
                        (unsigned long long)low, (unsigned long long)high);
    *out = (uint32_t)value;
    return GNT_OK;
}

/* Returns the index of the option's word among "a|b|c". */
static int word_of(const gnt_args *args, const char *name, const char *words)
{
    const char *value = gnt_arg(args, name), *at = words;
    for (int i = 0; at; i++) {
        size_t n = strcspn(at, "|");
        if (strlen(value) == n && !strncmp(value, at, n)) return i;
        at = at[n] ? at + n + 1 : NULL;
    }
    return 0;
}

static gnt_status read_numbers(const gnt_args *args, gnt_fit_options *fit, gnt_error *why)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const number_row *row = &numbers[i];
        char *at = (char *)fit + row->offset;
        if (!gnt_arg_given(args, row->option)) continue;
        double value = row->whole ? (double)gnt_arg_count(args, row->option) : gnt_arg_real(args, row->option);
        if (!(value >= row->low && value <= row->high))
            return gnt_fail(why, GNT_EINVAL, "--%s %s: expected %g to %g", row->option, gnt_arg(args, row->option),
                            row->low, row->high);
        if (row->whole)
            memcpy(at, &(uint32_t){(uint32_t)value}, sizeof(uint32_t));
        else
            memcpy(at, &value, sizeof value);
    }
    if (gnt_arg_given(args, "optimiser"))
        fit->train.optimiser = word_of(args, "optimiser", "adam|adamw") ? GNT_ADAMW : GNT_ADAM;
    if (gnt_arg_given(args, "schedule"))
        fit->schedule = (gnt_schedule)word_of(args, "schedule", "constant|cosine|step|plateau");
    return GNT_OK;
}

static gnt_status read_net(const gnt_args *args, job *j, gnt_error *why)
{
    bool custom = gnt_arg_given(args, "hidden");
    if ((custom && gnt_arg_given(args, "variant")) || (!custom && gnt_arg_given(args, "layers")))
        return gnt_fail(why, GNT_EUSAGE, "train: give --variant, or --hidden with --layers, not both");
    const char *variant = gnt_arg(args, "variant") ? gnt_arg(args, "variant") : "baseline";
    GNT_TRY(gnt_variant(variant, 1, j->window, &j->net, &j->fit, why));
    j->variant = custom ? "custom" : variant;
    if (custom) {
        GNT_TRY(count_in(args, "hidden", 1, 4096, 32, &j->net.hidden, why));
        GNT_TRY(count_in(args, "layers", 1, GNT_MAX_LAYERS, 1, &j->net.layers, why));
        j->fit.train.dropout = 0;
    }
    j->net.bidirectional = gnt_arg_flag(args, "bidirectional");
    if (gnt_arg_flag(args, "attention")) {
        j->net.pool = GNT_POOL_ATTENTION;
        j->net.attention = j->net.hidden;
    }
    return GNT_OK;
}

static gnt_status read_options(const gnt_args *args, job *j, gnt_error *why)
{
    GNT_TRY(count_in(args, "window", 1, 1000, 10, &j->window, why));
    GNT_TRY(read_net(args, j, why));
    GNT_TRY(read_numbers(args, &j->fit, why));
    GNT_TRY(count_in(args, "embargo", 0, 100000, 0, &j->split.embargo, why));
    j->fit.balanced = gnt_arg_flag(args, "balanced");
    j->fit.checkpoint = gnt_arg(args, "checkpoint");
    j->fit.resume = gnt_arg_flag(args, "resume");
    j->fit.train.seed = gnt_arg_seed(args);
    if (j->fit.resume && !j->fit.checkpoint)
        return gnt_fail(why, GNT_EUSAGE, "train: --resume needs --checkpoint FILE.h5");
    j->split.train = gnt_arg_range(args, "train");
    j->split.has_val = gnt_arg_given(args, "val");
    j->split.has_test = gnt_arg_given(args, "test");
    if (j->split.has_val) j->split.val = gnt_arg_range(args, "val");
    if (j->split.has_test) j->split.test = gnt_arg_range(args, "test");
    return GNT_OK;
}

/* ---- what comes out ------------------------------------------------------------------------------------ */

static void cell(char *out, size_t room, double value)
{
    size_t used = strlen(out);
    if (isfinite(value))
        snprintf(out + used, room - used, ",%.17g", value);
    else
        snprintf(out + used, room - used, ",");
}

static gnt_status write_figures(const char *path, const gnt_fit_report *report, gnt_error *why)
{
    enum { LINE = 200 };
    gnt_status st = GNT_OK;
    char *text = NULL;
    size_t room = ((size_t)report->epochs_run + 1) * LINE;
    GNT_ALLOC(text, room);
    size_t used = (size_t)snprintf(text, room, "epoch,train_loss,val_loss,train_accuracy,val_accuracy,learning_rate\n");
    for (unsigned e = 0; e < report->epochs_run; e++) {
        const gnt_epoch *at = &report->epoch[e];
        const double value[] = {at->train_loss, at->val_loss, at->train_accuracy, at->val_accuracy, at->learning_rate};
        char line[LINE];
        snprintf(line, sizeof line, "%u", e + 1);
        for (size_t k = 0; k < sizeof value / sizeof *value; k++) cell(line, sizeof line, value[k]);
        used += (size_t)snprintf(text + used, room - used, "%s\n", line);
    }
    GNT_GOTO(gnt_file_write(path, text, used, why));
out:
    free(text);
    return st;
}

/* A picture when the name ends in .png, else the figures. */
static gnt_status write_curve(const char *path, const job *j, gnt_error *why)
{
    char symbols[128], title[192];
    size_t n = strlen(path);
    if (n < 4 || strcmp(path + n - 4, ".png") != 0) return write_figures(path, &j->report, why);
    gnt_cli_panel_symbols(&j->panel, symbols, sizeof symbols);
    snprintf(title, sizeof title, "%s, %s", symbols, j->variant);
    return gnt_report_learning_curve(path, title, gnt_cli_panel_provenance(&j->panel), &j->report, why);
}

static gnt_status describe(const gnt_args *args, job *j, gnt_error *why)
{
    const gnt_cli_panel *p = &j->panel;
    char symbols[1024], hashes[64 * GNT_SHA256_ROOM];
    gnt_cli_panel_symbols(p, symbols, sizeof symbols);
    gnt_cli_panel_hashes(p, hashes, sizeof hashes);
    GNT_TRY(gnt_model_set_source(&j->model, j->variant, &p->bars[p->lead], gnt_arg(args, "price"), why));
    GNT_TRY(gnt_model_set_meta(&j->model, "gauntlet.symbol", symbols, why));
    GNT_TRY(gnt_model_set_meta(&j->model, "gauntlet.data_sha256", hashes, why));
    return gnt_model_set_meta(&j->model, "gauntlet.provenance", gnt_provenance_name(gnt_cli_panel_provenance(p)), why);
}

static void say(const gnt_args *args, const job *j, const gnt_accuracy *a)
{
    const gnt_fit_report *r = &j->report;
    const char *provenance = gnt_provenance_name(gnt_cli_panel_provenance(&j->panel));
    gnt_say(args, "%s (%s bars): %zu parameters, %u epochs, the best was %u", j->variant, provenance,
            gnt_net_n_weights(&j->net), r->epochs_run, r->best_epoch);
    if (!a->n) {
        gnt_say(args, "train loss %.4f; no validation dates", r->train_loss);
    } else {
        gnt_say(args, "train loss %.4f, validation loss %.4f; %llu of %llu validation days right, %.1f %%",
                r->train_loss, r->val_loss, (unsigned long long)a->n_right, (unsigned long long)a->n, 100 * a->value);
        gnt_say(args, "(95 %% %.1f to %.1f), majority %.1f %%", 100 * a->lo, 100 * a->hi, 100 * a->majority);
        if (!(a->lo > a->majority)) gnt_say(args, "It can't be told from always saying the more frequent direction.");
    }
    gnt_say(args, "weight of up days in the loss: %g%s", r->pos_weight,
            r->pos_weight == 1 ? "" : " (probabilities are not calibrated)");
    gnt_say(args, "%s written", gnt_arg(args, "out"));
}

static json_t *answer(const gnt_args *args, const job *j, const gnt_accuracy *a, const char *hash)
{
    const gnt_fit_report *r = &j->report;
    json_t *object = json_object();
    gnt_json_text(object, "model", gnt_arg(args, "out"));
    gnt_json_text(object, "sha256", hash);
    gnt_json_text(object, "variant", j->variant);
    gnt_json_count(object, "parameters", gnt_net_n_weights(&j->net));
    gnt_json_count(object, "epochs_run", r->epochs_run);
    gnt_json_count(object, "best_epoch", r->best_epoch);
    gnt_json_figure(object, "train_loss", r->train_loss, NULL);
    gnt_json_figure(object, "val_loss", r->val_loss, "no_validation");
    gnt_json_put(object, "val_accuracy", gnt_accuracy_json(a));
    gnt_json_figure(object, "seconds", r->seconds, NULL);
    gnt_json_count(object, "seed", j->fit.train.seed);
    gnt_json_text(object, "provenance", gnt_provenance_name(gnt_cli_panel_provenance(&j->panel)));
    gnt_json_count(object, "n_train", j->split.n_train);
    gnt_json_count(object, "n_val", j->split.n_val);
    gnt_json_figure(object, "pos_weight", r->pos_weight, NULL);
    gnt_json_text(object, "schema", j->model.schema);
    gnt_json_text(object, "schema_hash", j->model.schema_hash);
    return object;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    job j = {0};
    char hash[GNT_SHA256_ROOM];
    GNT_GOTO(read_options(args, &j, why));
    GNT_GOTO(gnt_arg_engine(args, &j.engine, why));
    GNT_GOTO(gnt_cli_panel_load(args, &j.engine, gnt_arg(args, "schema"), &j.panel, why));
    const gnt_features *f = &j.panel.features;
    GNT_GOTO(gnt_split_make(&j.split, f->day, f->n_rows, f->schema.first_valid, j.window, why));
    j.net.n_features = (uint32_t)f->schema.n_features;
    j.model.net = j.net;
    GNT_GOTO(describe(args, &j, why));
    GNT_GOTO(gnt_model_fit(&j.engine, f, j.panel.labels, &j.split, &j.fit, gnt_arg_progress(args), &j.model, &j.report,
                           why));
    GNT_GOTO(gnt_onnx_write(gnt_arg(args, "out"), &j.model, why));
    GNT_GOTO(gnt_sha256_file(gnt_arg(args, "out"), hash, why));
    if (gnt_arg(args, "curve")) GNT_GOTO(write_curve(gnt_arg(args, "curve"), &j, why));
    gnt_accuracy a = gnt_accuracy_of(j.report.val_correct, j.report.val_n, j.report.val_up);
    say(args, &j, &a);
    gnt_answer(args, answer(args, &j, &a, hash));
out:
    gnt_fit_report_free(&j.report);
    gnt_model_free(&j.model);
    gnt_split_free(&j.split);
    gnt_cli_panel_free(&j.panel);
    gnt_engine_close(&j.engine);
    return st;
}

const gnt_verb gnt_verb_train = {
    .name = "train",
    .run = run,
    .summary = "fit one model",
    .synopsis = "--bars BARS --train A..B [--val A..B] --out FILE.onnx [options]",
    .detail =
        "Fits an LSTM on the windows that end inside the train dates, keeps the weights of the epoch with the lowest\n"
        "validation loss, and writes one ONNX file that takes raw features: the scaler, fitted on the train rows "
        "only,\n"
        "is its first nodes. The same seed gives the same bits for any number of threads. A training row whose label\n"
        "lies in a later range is dropped. Unset options take the defaults both variants share.\n"
        "\n"
        "Examples:\n"
        "  gauntlet train --bars IBB.csv --train 2018-01-01..2019-06-28 --val 2019-07-01..2020-02-18 --out b.onnx\n"
        "  gauntlet train --bars IBB.csv --hidden 64 --layers 2 --bidirectional --attention --train ... --out m.onnx\n"
        "  gauntlet train ... --checkpoint run.h5 --resume --out m.onnx    (after Ctrl-C: the same command again)",
    .options = options,
    .computes = true,
};
