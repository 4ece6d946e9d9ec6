/* Splits and models of a run. */
#include <stdio.h>
#include <string.h>

#include "inside.h"

uint32_t gnt_run_epochs(const gnt_run *run, uint32_t epochs)
{
    uint32_t quick = run->experiment->training.quick_epochs;
    return run->options->quick && quick < epochs ? quick : epochs;
}

/* The original demo's way: shares of the rows that have every feature and a label. */
static gnt_status ranges_of_shares(const gnt_run *run, const gnt_exp_split *from, gnt_split *split, gnt_error *why)
{
    const gnt_day *day = run->market->bars.day;
    size_t first = run->market->features.schema.first_valid, n = run->market->bars.n;
    size_t usable = n > first + 1 ? n - first - 1 : 0;
    size_t train = (size_t)(from->shares[0] * (double)usable), val = (size_t)(from->shares[1] * (double)usable);
    if (train < 1 || val <= train || val >= usable)
        return gnt_fail(why, GNT_EFEW, "split %s: %zu usable rows are too few for its shares", from->name, usable);
    split->train = (gnt_range){day[first], day[first + train - 1]};
    split->val = (gnt_range){day[first + train], day[first + val - 1]};
    return GNT_OK;
}

gnt_status gnt_run_split(gnt_run *run, const gnt_exp_split *from, gnt_split *split, gnt_error *why)
{
    const gnt_bars *bars = &run->market->bars;
    *split = (gnt_split){.train = from->train, .val = from->val, .has_val = true};
    if (from->n_shares) GNT_TRY(ranges_of_shares(run, from, split, why));
    split->test = (gnt_range){split->val.to + 1, bars->day[bars->n - 1]};
    split->has_test = split->test.from <= split->test.to;
    gnt_status st = gnt_split_make(split, bars->day, bars->n, run->market->features.schema.first_valid,
                                   run->experiment->window, why);
    if (st) (void)gnt_error_prefix(why, "split %s", from->name);
    return st;
}

static const gnt_schedule schedules[] = {GNT_SCHEDULE_CONSTANT, GNT_SCHEDULE_COSINE, GNT_SCHEDULE_STEP,
                                         GNT_SCHEDULE_PLATEAU};

/* The variant's architecture with the experiment's training: the same budget for both. */
static gnt_status options_of(const gnt_run *run, int arm, uint32_t epochs, gnt_net *net, gnt_fit_options *options,
                             gnt_error *why)
{
    const gnt_exp_training *t = &run->experiment->training;
    uint32_t width = (uint32_t)run->market->features.schema.n_features;
    GNT_TRY(gnt_variant(gnt_arm_names[arm], width, run->experiment->window, net, options, why));
    options->epochs = gnt_run_epochs(run, epochs);
    options->patience = t->patience;
    options->schedule = schedules[t->schedule];
    options->balanced = t->balanced;
    options->train.optimiser = t->optimiser ? GNT_ADAMW : GNT_ADAM;
    options->train.learning_rate = t->learning_rate;
    options->train.weight_decay = t->weight_decay;
    options->train.clip_norm = t->clip_norm;
    options->train.batch = t->batch;
    options->train.seed = run->seed;
    return GNT_OK;
}

typedef struct wanted_list {
    gnt_wanted item[GNT_MAX_ARMS * (GNT_MAX_SPLITS + GNT_MAX_FOLDS)];
    size_t n;
} wanted_list;

/* The variants of `arms` on a split's rows; epochs: at most. */
static gnt_status want(const gnt_run *run, uint32_t arms, const gnt_split *split, uint32_t epochs,
                       const gnt_fitted *fitted[GNT_MAX_ARMS], wanted_list *list, gnt_error *why)
{
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++) {
        if (!(arms & 1u << arm)) continue;
        gnt_wanted *w = &list->item[list->n++];
        *w = (gnt_wanted){.split = split, .variant = gnt_arm_names[arm], .fitted = &fitted[arm]};
        GNT_TRY(options_of(run, arm, epochs, &w->net, &w->options, why));
    }
    return GNT_OK;
}

gnt_status gnt_run_fit(gnt_run *run, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_experiment *e = run->experiment;
    const gnt_exp_walk *walk = &e->walk_forward;
    wanted_list *list;
    GNT_ALLOC(list, 1);
    for (size_t s = 0; s < e->n_splits; s++)
        if (gnt_run_split_used(run, s))
            GNT_GOTO(want(run, e->variants, &run->split[s], e->training.epochs, run->fitted[s], list, why));
    for (size_t i = 0; e->parts & GNT_PART_FOLDS && i < walk->folds; i++)
        GNT_GOTO(want(run, walk->arms, &run->fold[i], walk->epochs, run->fold_fitted[i], list, why));
    st = gnt_cache_models(run->cache, run->engine, run->market, list->item, list->n, run->progress, why);
out:
    free(list);
    return st;
}

/* ---- what a result keeps of a model -------------------------------------------------------------------- */

static gnt_status put_curve(gnt_run *run, const char *variant, const char *split_name, const gnt_fit_report *report,
                            gnt_error *why)
{
    static const struct {
        const char *name;
        size_t offset;
    } column[] = {{"train_loss", offsetof(gnt_epoch, train_loss)},
                  {"val_loss", offsetof(gnt_epoch, val_loss)},
                  {"train_accuracy", offsetof(gnt_epoch, train_accuracy)},
                  {"val_accuracy", offsetof(gnt_epoch, val_accuracy)},
                  {"learning_rate", offsetof(gnt_epoch, learning_rate)}};
    gnt_status st = GNT_OK;
    double *value = NULL;
    GNT_ALLOC(value, report->epochs_run);
    for (size_t c = 0; c < sizeof column / sizeof *column; c++) {
        char path[200];
        for (unsigned i = 0; i < report->epochs_run; i++)
            memcpy(&value[i], (const char *)&report->epoch[i] + column[c].offset, sizeof *value);
        snprintf(path, sizeof path, "/training/%s_%s/%s", variant, split_name, column[c].name);
        GNT_GOTO(gnt_h5_put(run->h5, path, GNT_H5_F64, value, report->epochs_run, 0, why));
    }
out:
    free(value);
    return st;
}

static json_t *val_accuracy(const gnt_fit_report *report)
{
    uint64_t n = report->val_n, up = report->val_up;
    if (!n) return json_null();
    gnt_interval wilson = gnt_wilson(report->val_correct, n, 0.05);
    double share = (double)up / (double)n;
    gnt_accuracy accuracy = {.value = (double)report->val_correct / (double)n,
                             .lo = wilson.lo,
                             .hi = wilson.hi,
                             .majority = share > 0.5 ? share : 1 - share,
                             .n = n,
                             .n_right = report->val_correct,
                             .n_up = up};
    return gnt_accuracy_json(&accuracy);
}

static gnt_status write_model(gnt_run *run, json_t *entry, const char *name, const gnt_model *model, gnt_error *why)
{
    char path[1024], hash[GNT_SHA256_ROOM];
    GNT_TRY(gnt_path_join(path, sizeof path, run->options->out, name, why));
    GNT_TRY(gnt_onnx_write(path, model, why));
    GNT_TRY(gnt_sha256_file(path, hash, why));
    gnt_json_text(entry, "file", name);
    gnt_json_text(entry, "sha256", hash);
    return GNT_OK;
}

gnt_status gnt_run_store_model(gnt_run *run, int arm, const char *split_name, const gnt_split *split,
                               const gnt_fitted *fitted, bool write_file, gnt_error *why)
{
    const gnt_fit_report *report = &fitted->report;
    const gnt_day *day = run->market->bars.day;
    json_t *entry = json_object();
    char file[160];
    json_array_append_new(json_object_get(run->result, "models"), entry);
    gnt_json_text(entry, "variant", gnt_arm_names[arm]);
    gnt_json_text(entry, "split", split_name);
    gnt_json_count(entry, "parameters", gnt_net_n_weights(&fitted->model.net));
    gnt_json_put(entry, "train", gnt_run_dates(day[split->train_row[0]], day[split->train_row[split->n_train - 1]]));
    gnt_json_put(entry, "val",
                 split->n_val ? gnt_run_dates(day[split->val_row[0]], day[split->val_row[split->n_val - 1]])
                              : json_null());
    gnt_json_count(entry, "n_train", split->n_train);
    gnt_json_count(entry, "n_val", split->n_val);
    gnt_json_count(entry, "epochs_run", report->epochs_run);
    gnt_json_count(entry, "best_epoch", report->best_epoch);
    gnt_json_figure(entry, "train_loss", report->train_loss, NULL);
    gnt_json_figure(entry, "val_loss", report->val_loss, "no_validation");
    gnt_json_put(entry, "val_accuracy", val_accuracy(report));
    gnt_json_figure(entry, "pos_weight", report->pos_weight, NULL);
    gnt_json_text(entry, "file", NULL);
    gnt_json_text(entry, "sha256", NULL);
    snprintf(file, sizeof file, "%s_%s.onnx", gnt_arm_names[arm], split_name);
    if (write_file) GNT_TRY(write_model(run, entry, file, &fitted->model, why));
    return put_curve(run, gnt_arm_names[arm], split_name, report, why);
}
