/* Fitting one model: scaler on the train rows, first weights, epochs, early stopping, the best epoch's weights back.
 *
 * An epoch is one call of the engine; everything that must survive a stop lies in gnt_fit_state, so a run that was
 * stopped and resumed gives the same bits as one that wasn't. */
#include "fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/base/mem.h"

typedef struct fit {
    gnt_engine *engine;
    const gnt_fit_options *options;
    const gnt_features *features;
    const gnt_split *split;
    const gnt_progress *progress;
    gnt_labels labels;
    gnt_model *model;
    gnt_train_options train; /* as the epoch to run uses them */
    float *scaled;           /* [n_rows][F], owned */
    gnt_panel panel;
    gnt_fit_state state;
    char print[GNT_SHA256_ROOM];
    gnt_error *why;
} fit;

void gnt_fit_report_free(gnt_fit_report *report)
{
    free(report->epoch);
    *report = (gnt_fit_report){0};
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t count_up(const fit *f, const uint32_t *row, size_t n)
{
    uint64_t up = 0;
    for (size_t i = 0; i < n; i++) up += f->labels.up[row[i]];
    return up;
}

/* ---- before the first epoch ------------------------------------------------------------------------ */

static gnt_status check_input(const fit *f)
{
    const gnt_fit_options *o = f->options;
    if (f->features->schema.n_features != f->model->net.n_features)
        return gnt_fail(f->why, GNT_EINVAL, "the model takes %u features, schema %s has %zu", f->model->net.n_features,
                        f->features->schema.name, f->features->schema.n_features);
    if (!f->split->n_train) return gnt_fail(f->why, GNT_EFEW, "no row to train on: widen the train dates");
    if (!o->epochs) return gnt_fail(f->why, GNT_EINVAL, "0 epochs: at least one is needed");
    if (f->labels.n + 1 < f->features->n_rows)
        return gnt_fail(f->why, GNT_EINVAL, "%zu labels for %zu rows", f->labels.n, f->features->n_rows);
    return GNT_OK;
}

static gnt_status set_pos_weight(fit *f)
{
    uint64_t up = count_up(f, f->split->train_row, f->split->n_train), down = f->split->n_train - up;
    if (!f->options->balanced) return GNT_OK;
    if (!up || !down) return gnt_fail(f->why, GNT_EVALUE, "balanced: the train rows hold only one class");
    f->train.pos_weight = (double)down / (double)up;
    return GNT_OK;
}

static gnt_status scale(fit *f)
{
    gnt_status st = GNT_OK;
    gnt_error *why = f->why;
    gnt_panel raw = gnt_features_panel(f->features);
    gnt_scaler *scaler = &f->model->scaler;
    gnt_rows rows = {f->split->train_row, f->split->n_train};
    bool min_max = !strcmp(f->features->schema.name, "levels-17");
    gnt_scaler_free(scaler);
    GNT_TRY(gnt_scaler_fit(scaler, raw, rows, min_max, why));
    GNT_ALLOC(f->scaled, raw.n_rows * raw.n_features);
    GNT_GOTO(gnt_engine_scale(f->engine, raw, scaler->center, scaler->scale, scaler->limit, f->scaled, why));
    f->panel = (gnt_panel){f->scaled, raw.n_rows, raw.n_features};
out:
    return st;
}

/* SHA-256 over all that decides the weights after k epochs. The number of epochs counts only where the schedule
 * depends on it; patience never does. */
static gnt_status make_print(fit *f)
{
    const gnt_net *n = &f->model->net;
    const gnt_train_options *t = &f->train;
    const struct {
        const void *data;
        size_t n;
    } part[] = {{f->scaled, f->panel.n_rows * f->panel.n_features * sizeof(float)},
                {f->labels.up, f->labels.n},
                {f->split->train_row, f->split->n_train * sizeof(uint32_t)},
                {f->split->val_row, f->split->n_val * sizeof(uint32_t)}};
    char text[1024], hash[GNT_SHA256_ROOM];
    int used =
        snprintf(text, sizeof text,
                 "net %u %u %u %u %d %d %u\ntrain %d %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %u %llu\n"
                 "schedule %d %u\n",
                 n->n_features, n->window, n->hidden, n->layers, n->bidirectional, (int)n->pool, n->attention,
                 (int)t->optimiser, t->learning_rate, t->weight_decay, t->beta1, t->beta2, t->epsilon, t->clip_norm,
                 t->dropout, t->pos_weight, t->batch, (unsigned long long)t->seed, (int)f->options->schedule,
                 f->options->schedule == GNT_SCHEDULE_COSINE ? f->options->epochs : 0);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        GNT_TRY(gnt_sha256(part[i].data, part[i].n, hash, f->why));
        used += snprintf(text + used, sizeof text - (size_t)used, "%s\n", hash);
    }
    return gnt_sha256(text, (size_t)used, f->print, f->why);
}

static gnt_status start(fit *f)
{
    GNT_TRY(check_input(f));
    GNT_TRY(set_pos_weight(f));
    GNT_TRY(scale(f));
    GNT_TRY(make_print(f));
    GNT_TRY(gnt_fit_state_alloc(&f->state, &f->model->net, f->options->epochs, f->why));
    if (f->options->resume && f->options->checkpoint && gnt_file_exists(f->options->checkpoint))
        return gnt_checkpoint_read(f->options->checkpoint, f->print, f->options->epochs, &f->state, f->why);
    return gnt_init_weights(&f->model->net, f->train.seed, f->state.weights, f->why);
}

/* ---- epochs ----------------------------------------------------------------------------------------- */

static gnt_status keep_epoch(fit *f, const gnt_train_job *job)
{
    gnt_fit_state *s = &f->state;
    size_t n_train = f->split->n_train, n_val = f->split->n_val;
    if (!isfinite(job->train_loss) || (n_val && !isfinite(job->val_loss)))
        return gnt_fail(f->why, GNT_EVALUE,
                        "epoch %u: the loss is not a number (train %g, val %g); lower the learning rate (now %g)",
                        s->epochs_run + 1, job->train_loss, job->val_loss, f->train.learning_rate);
    s->epoch[s->epochs_run] = (gnt_epoch){.train_loss = job->train_loss,
                                          .val_loss = n_val ? job->val_loss : NAN,
                                          .train_accuracy = (double)job->train_correct / (double)n_train,
                                          .val_accuracy = n_val ? (double)job->val_correct / (double)n_val : NAN,
                                          .learning_rate = f->train.learning_rate};
    s->val_correct[s->epochs_run] = job->val_correct;
    s->step = job->step;
    s->epochs_run++;
    if (gnt_fit_best(s) == s->epochs_run - 1) memcpy(s->best, s->weights, s->n_weights * sizeof *s->best);
    if (f->options->checkpoint) return gnt_checkpoint_write(f->options->checkpoint, s, f->print, f->why);
    return GNT_OK;
}

static gnt_status run_epoch(fit *f)
{
    gnt_fit_state *s = &f->state;
    f->train.learning_rate = gnt_fit_rate(f->options, s);
    gnt_train_job job = {.net = &f->model->net,
                         .options = &f->train,
                         .panel = f->panel,
                         .labels = f->labels,
                         .train = {f->split->train_row, f->split->n_train},
                         .val = {f->split->val_row, f->split->n_val},
                         .weights = s->weights,
                         .moment1 = s->moment1,
                         .moment2 = s->moment2,
                         .step = s->step,
                         .epoch = s->epochs_run};
    GNT_TRY(gnt_engine_train_epoch(f->engine, &job, 1, f->why));
    return keep_epoch(f, &job);
}

static gnt_status tell(const fit *f)
{
    const gnt_epoch *e = &f->state.epoch[f->state.epochs_run - 1];
    const char *variant = gnt_model_meta(f->model, "gauntlet.variant");
    char what[64], detail[128];
    snprintf(what, sizeof what, "training %s", variant ? variant : "model");
    int n = snprintf(detail, sizeof detail, "loss %.4f accuracy %.1f %%", e->train_loss, 100 * e->train_accuracy);
    if (f->split->n_val)
        snprintf(detail + n, sizeof detail - (size_t)n, ", val %.4f %.1f %%", e->val_loss, 100 * e->val_accuracy);
    if (gnt_progress_report(f->progress, what, f->state.epochs_run, f->options->epochs, detail)) return GNT_OK;
    return gnt_fail(f->why, GNT_EINTERRUPTED, "stopped after epoch %u%s", f->state.epochs_run,
                    f->options->checkpoint ? "; the same command with --resume goes on from the checkpoint" : "");
}

/* ---- after the last epoch ---------------------------------------------------------------------------- */

static gnt_status put_range(fit *f, const char *key, gnt_day from, gnt_day to)
{
    char a[GNT_DATE_ROOM], b[GNT_DATE_ROOM], text[2 * GNT_DATE_ROOM + 2];
    snprintf(text, sizeof text, "%s..%s", gnt_date_format(from, a), gnt_date_format(to, b));
    return gnt_model_set_meta(f->model, key, text, f->why);
}

/* Dates of the split, and of the first and last bar whose close was a label. */
static gnt_status put_dates(fit *f)
{
    const gnt_split *s = f->split;
    const gnt_day *day = f->features->day;
    GNT_TRY(put_range(f, "gauntlet.train", s->train.from, s->train.to));
    GNT_TRY(put_range(f, "gauntlet.train_labels", day[s->train_row[0] + 1], day[s->train_row[s->n_train - 1] + 1]));
    if (s->n_val) {
        GNT_TRY(put_range(f, "gauntlet.val", s->val.from, s->val.to));
        GNT_TRY(put_range(f, "gauntlet.val_labels", day[s->val_row[0] + 1], day[s->val_row[s->n_val - 1] + 1]));
    }
    return s->has_test ? put_range(f, "gauntlet.test", s->test.from, s->test.to) : GNT_OK;
}

static gnt_status put_number(fit *f, const char *key, double value)
{
    char text[32];
    if (!isfinite(value)) return GNT_OK;
    snprintf(text, sizeof text, "%.17g", value);
    return gnt_model_set_meta(f->model, key, text, f->why);
}

static gnt_status describe(fit *f, const gnt_fit_report *report)
{
    static const char *const schedules[] = {"constant", "cosine", "step", "plateau"};
    const gnt_train_options *t = &f->train;
    char seed[24];
    const struct {
        const char *key;
        double value;
    } number[] = {
        {"gauntlet.learning_rate", f->options->train.learning_rate},
        {"gauntlet.weight_decay", t->weight_decay},
        {"gauntlet.batch", t->batch},
        {"gauntlet.dropout", t->dropout},
        {"gauntlet.clip_norm", t->clip_norm},
        {"gauntlet.pos_weight", report->pos_weight},
        {"gauntlet.epochs", f->options->epochs},
        {"gauntlet.patience", f->options->patience},
        {"gauntlet.n_train", (double)f->split->n_train},
        {"gauntlet.n_val", (double)f->split->n_val},
        {"gauntlet.epochs_run", report->epochs_run},
        {"gauntlet.best_epoch", report->best_epoch},
        {"gauntlet.train_loss", report->train_loss},
        {"gauntlet.val_loss", report->val_loss},
        {"gauntlet.val_correct", (double)report->val_correct},
        {"gauntlet.val_up", (double)report->val_up},
    };
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)t->seed);
    GNT_TRY(gnt_model_set_schema(f->model, &f->features->schema, f->why));
    GNT_TRY(put_dates(f));
    GNT_TRY(gnt_model_set_meta(f->model, "gauntlet.seed", seed, f->why));
    GNT_TRY(gnt_model_set_meta(f->model, "gauntlet.optimiser", t->optimiser == GNT_ADAM ? "adam" : "adamw", f->why));
    GNT_TRY(gnt_model_set_meta(f->model, "gauntlet.schedule", schedules[f->options->schedule], f->why));
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) GNT_TRY(put_number(f, number[i].key, number[i].value));
    return GNT_OK;
}

static gnt_status finish(fit *f, gnt_fit_report *report)
{
    gnt_fit_state *s = &f->state;
    unsigned best = gnt_fit_best(s);
    report->epochs_run = s->epochs_run;
    report->best_epoch = best + 1;
    report->train_loss = s->epoch[best].train_loss;
    report->val_loss = s->epoch[best].val_loss;
    report->val_n = f->split->n_val;
    report->val_correct = s->val_correct[best];
    report->val_up = count_up(f, f->split->val_row, f->split->n_val);
    report->pos_weight = f->train.pos_weight;
    report->epoch = s->epoch;
    s->epoch = NULL;
    free(f->model->weights);
    f->model->weights = s->best;
    s->best = NULL;
    return describe(f, report);
}

gnt_status gnt_model_fit(gnt_engine *engine, const gnt_features *features, gnt_labels labels, const gnt_split *split,
                         const gnt_fit_options *options, const gnt_progress *progress, gnt_model *model,
                         gnt_fit_report *report, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double begin = now();
    fit f = {.engine = engine,
             .options = options,
             .features = features,
             .split = split,
             .progress = progress,
             .labels = labels,
             .model = model,
             .train = options->train,
             .why = why};
    *report = (gnt_fit_report){0};
    GNT_GOTO(start(&f));
    while (f.state.epochs_run < options->epochs && !gnt_fit_exhausted(&f.state, options->patience)) {
        GNT_GOTO(run_epoch(&f));
        GNT_GOTO(tell(&f));
    }
    GNT_GOTO(finish(&f, report));
    report->seconds = now() - begin;
out:
    gnt_fit_state_free(&f.state);
    free(f.scaled);
    if (st) gnt_fit_report_free(report);
    return st;
}
