/* Fitting models: scaler on the train rows, first weights, epochs, early stopping, the best epoch's weights back.
 *
 * A call of the engine runs epochs of all models still in training, one or many: that is a matter of checkpoints and
 * of whoever watches, and doesn't show in any result. A model leaves when its own rule says so.
 * Everything that must survive a stop lies in gnt_fit_state, so a run that was stopped and resumed gives the same
 * bits as one that wasn't. Models with the same features and train rows share one scaled panel. */
#include "fit.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/base/mem.h"
#include "kernels/math/curve.h"

typedef struct fit {
    gnt_engine *engine;
    const gnt_fit_task *task;
    gnt_train_options train;    /* as the last epoch used them */
    double *rate;               /* [epochs], owned */
    gnt_train_figures *figures; /* [epochs] of the call, owned */
    float *scaled;              /* [n_rows][F], owned; NULL: the panel is an earlier fit's */
    gnt_panel panel;
    gnt_fit_state state;
    char print[GNT_SHA256_ROOM]; /* "": no checkpoint */
    bool done;
    double begin; /* s */
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
    for (size_t i = 0; i < n; i++) up += f->task->labels.up[row[i]];
    return up;
}

/* ---- before the first epoch ------------------------------------------------------------------------ */

static gnt_status check_input(const fit *f)
{
    const gnt_fit_options *o = f->task->options;
    if (f->task->features->schema.n_features != f->task->model->net.n_features)
        return gnt_fail(f->why, GNT_EINVAL, "the model takes %u features, schema %s has %zu",
                        f->task->model->net.n_features, f->task->features->schema.name,
                        f->task->features->schema.n_features);
    if (!f->task->split->n_train) return gnt_fail(f->why, GNT_EFEW, "no row to train on: widen the train dates");
    if (!o->epochs) return gnt_fail(f->why, GNT_EINVAL, "0 epochs: at least one is needed");
    if (f->task->labels.n + 1 < f->task->features->n_rows)
        return gnt_fail(f->why, GNT_EINVAL, "%zu labels for %zu rows", f->task->labels.n, f->task->features->n_rows);
    return GNT_OK;
}

static gnt_status set_pos_weight(fit *f)
{
    uint64_t up = count_up(f, f->task->split->train_row, f->task->split->n_train), down = f->task->split->n_train - up;
    if (!f->task->options->balanced) return GNT_OK;
    if (!up || !down) return gnt_fail(f->why, GNT_EVALUE, "balanced: the train rows hold only one class");
    f->train.pos_weight = (double)down / (double)up;
    return GNT_OK;
}

/* The panel of an earlier fit whose scaler has learned from the same rows; NULL when there is none. */
static const gnt_panel *same_panel(const fit *first, const fit *f)
{
    const gnt_split *s = f->task->split;
    for (; first < f; first++) {
        const gnt_split *other = first->task->split;
        if (first->task->features == f->task->features && other->n_train == s->n_train &&
            memcmp(other->train_row, s->train_row, s->n_train * sizeof *s->train_row) == 0)
            return &first->panel;
    }
    return NULL;
}

static gnt_status scale(fit *f, const fit *first)
{
    gnt_status st = GNT_OK;
    gnt_error *why = f->why;
    gnt_panel raw = gnt_features_panel(f->task->features);
    gnt_scaler *scaler = &f->task->model->scaler;
    gnt_rows rows = {f->task->split->train_row, f->task->split->n_train};
    bool min_max = !strcmp(f->task->features->schema.name, "levels-17");
    const gnt_panel *shared = same_panel(first, f);
    gnt_scaler_free(scaler);
    GNT_TRY(gnt_scaler_fit(scaler, raw, rows, min_max, why));
    if (shared) {
        f->panel = *shared;
        return GNT_OK;
    }
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
    const gnt_net *n = &f->task->model->net;
    const gnt_train_options *t = &f->train;
    const struct {
        const void *data;
        size_t n;
    } part[] = {{f->panel.x, f->panel.n_rows * f->panel.n_features * sizeof(float)},
                {f->task->labels.up, f->task->labels.n},
                {f->task->split->train_row, f->task->split->n_train * sizeof(uint32_t)},
                {f->task->split->val_row, f->task->split->n_val * sizeof(uint32_t)}};
    char text[1024], hash[GNT_SHA256_ROOM];
    int used =
        snprintf(text, sizeof text,
                 "net %u %u %u %u %d %d %u\ntrain %d %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %u %llu\n"
                 "schedule %d %u\n",
                 n->n_features, n->window, n->hidden, n->layers, n->bidirectional, (int)n->pool, n->attention,
                 (int)t->optimiser, t->learning_rate, t->weight_decay, t->beta1, t->beta2, t->epsilon, t->clip_norm,
                 t->dropout, t->pos_weight, t->batch, (unsigned long long)t->seed, (int)f->task->options->schedule,
                 f->task->options->schedule == GNT_SCHEDULE_COSINE ? f->task->options->epochs : 0);
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        GNT_TRY(gnt_sha256(part[i].data, part[i].n, hash, f->why));
        used += snprintf(text + used, sizeof text - (size_t)used, "%s\n", hash);
    }
    return gnt_sha256(text, (size_t)used, f->print, f->why);
}

static gnt_status make_rates(fit *f)
{
    gnt_status st = GNT_OK;
    gnt_error *why = f->why;
    GNT_ALLOC(f->rate, f->task->options->epochs);
    GNT_ALLOC(f->figures, f->task->options->epochs);
    gnt_fit_rates(f->task->options, f->rate);
out:
    return st;
}

static gnt_status start(fit *f, const fit *first)
{
    GNT_TRY(check_input(f));
    GNT_TRY(make_rates(f));
    GNT_TRY(set_pos_weight(f));
    GNT_TRY(scale(f, first));
    if (f->task->options->checkpoint) GNT_TRY(make_print(f));
    GNT_TRY(gnt_fit_state_alloc(&f->state, &f->task->model->net, f->task->options->epochs, f->why));
    if (f->task->options->resume && f->task->options->checkpoint && gnt_file_exists(f->task->options->checkpoint))
        return gnt_checkpoint_read(f->task->options->checkpoint, f->print, f->task->options->epochs, &f->state, f->why);
    return gnt_init_weights(&f->task->model->net, f->train.seed, f->state.weights, f->why);
}

/* ---- epochs ----------------------------------------------------------------------------------------- */

/* A NaN without the sign that the processor gave it. */
static double shown(double loss)
{
    return isnan(loss) ? (double)NAN : loss;
}

static gnt_status keep_epoch(fit *f, const gnt_train_figures *figures)
{
    gnt_fit_state *s = &f->state;
    size_t n_train = f->task->split->n_train, n_val = f->task->split->n_val;
    f->train.learning_rate = figures->learning_rate;
    if (!gnt_figures_finite(figures, n_val > 0))
        return gnt_fail(f->why, GNT_EVALUE,
                        "epoch %u: the loss is not a number (train %g, val %g); lower the learning rate (now %g)",
                        s->epochs_run + 1, shown(figures->train_loss), shown(figures->val_loss),
                        f->train.learning_rate);
    s->epoch[s->epochs_run] = (gnt_epoch){.train_loss = figures->train_loss,
                                          .val_loss = n_val ? figures->val_loss : NAN,
                                          .train_accuracy = (double)figures->train_correct / (double)n_train,
                                          .val_accuracy = n_val ? (double)figures->val_correct / (double)n_val : NAN,
                                          .learning_rate = figures->learning_rate};
    s->val_correct[s->epochs_run++] = figures->val_correct;
    return GNT_OK;
}

/* The next epochs, at most `most`. */
static gnt_train_job next_epochs(fit *f, unsigned most)
{
    gnt_fit_state *s = &f->state;
    const gnt_fit_options *o = f->task->options;
    const gnt_split *split = f->task->split;
    unsigned left = o->epochs - s->epochs_run;
    return (gnt_train_job){.net = &f->task->model->net,
                           .options = &f->train,
                           .panel = f->panel,
                           .labels = f->task->labels,
                           .train = {split->train_row, split->n_train},
                           .val = {split->val_row, split->n_val},
                           .weights = s->weights,
                           .moment1 = s->moment1,
                           .moment2 = s->moment2,
                           .best = s->best,
                           .step = s->step,
                           .rule = {f->rate, o->epochs, o->schedule == GNT_SCHEDULE_PLATEAU, o->patience},
                           .curve = gnt_fit_curve(s),
                           .n_epochs = left < most ? left : most,
                           .figures = f->figures};
}

static const char *name_of(const fit *f)
{
    const char *variant = gnt_model_meta(f->task->model, "gauntlet.variant");
    return variant ? variant : "model";
}

static gnt_status tell_one(const fit *f, const gnt_progress *progress)
{
    const gnt_epoch *e = &f->state.epoch[f->state.epochs_run - 1];
    char what[64], detail[128];
    snprintf(what, sizeof what, "training %s", name_of(f));
    int n = snprintf(detail, sizeof detail, "loss %.4f accuracy %.1f %%", e->train_loss, 100 * e->train_accuracy);
    if (f->task->split->n_val)
        snprintf(detail + n, sizeof detail - (size_t)n, ", val %.4f %.1f %%", e->val_loss, 100 * e->val_accuracy);
    if (gnt_progress_report(progress, what, f->state.epochs_run, f->task->options->epochs, detail)) return GNT_OK;
    return gnt_fail(f->why, GNT_EINTERRUPTED, "stopped after epoch %u%s", f->state.epochs_run,
                    f->task->options->checkpoint ? "; the same command with --resume goes on from the checkpoint" : "");
}

/* A model that left early has done all its epochs. */
static gnt_status tell(const fit *fits, size_t n, const gnt_progress *progress)
{
    double done = 0, total = 0;
    size_t running = 0;
    char what[64], detail[64];
    if (n == 1) return tell_one(fits, progress);
    for (size_t i = 0; i < n; i++) {
        unsigned epochs = fits[i].task->options->epochs;
        done += fits[i].done ? epochs : fits[i].state.epochs_run;
        total += epochs;
        running += !fits[i].done;
    }
    snprintf(what, sizeof what, "training %zu models", n);
    snprintf(detail, sizeof detail, "%zu still in training", running);
    if (gnt_progress_report(progress, what, done, total, detail)) return GNT_OK;
    return gnt_fail(fits->why, GNT_EINTERRUPTED, "stopped while training %zu models", n);
}

/* ---- after the last epoch ---------------------------------------------------------------------------- */

static gnt_status finish(fit *f)
{
    gnt_fit_report *report = f->task->report;
    gnt_fit_state *s = &f->state;
    unsigned best = gnt_fit_best(s);
    report->epochs_run = s->epochs_run;
    report->best_epoch = best + 1;
    report->train_loss = s->epoch[best].train_loss;
    report->val_loss = s->epoch[best].val_loss;
    report->val_n = f->task->split->n_val;
    report->val_correct = s->val_correct[best];
    report->val_up = count_up(f, f->task->split->val_row, f->task->split->n_val);
    report->pos_weight = f->train.pos_weight;
    report->epoch = s->epoch;
    s->epoch = NULL;
    free(f->task->model->weights);
    f->task->model->weights = s->best;
    s->best = NULL;
    gnt_fit_state_free(s);
    report->seconds = now() - f->begin;
    return gnt_fit_describe(f->task, &f->train, f->why);
}

/* A fit without an epoch left to run is finished. */
static gnt_status settle(fit *f)
{
    const gnt_fit_options *o = f->task->options;
    f->done = f->state.epochs_run >= o->epochs || gnt_fit_exhausted(&f->state, o->patience);
    return f->done ? finish(f) : GNT_OK;
}

/* ---- all of them ---------------------------------------------------------------------------------------- */

static gnt_status start_all(gnt_engine *engine, const gnt_fit_task *tasks, size_t n, fit *fits, gnt_error *why)
{
    double begin = now();
    for (size_t i = 0; i < n; i++) {
        fits[i] =
            (fit){.engine = engine, .task = &tasks[i], .train = tasks[i].options->train, .begin = begin, .why = why};
        GNT_TRY(start(&fits[i], fits));
        GNT_TRY(settle(&fits[i]));
    }
    return GNT_OK;
}

/* One call of the engine: fits in training, their jobs, and which fit a job is of. */
typedef struct fit_call {
    fit *fits;
    size_t n, n_jobs;
    gnt_train_job *jobs; /* [n_jobs], room for n */
    size_t *of;          /* likewise */
} fit_call;

/* What a call ran, epoch by epoch, so that of several errors the first in time is told. */
static gnt_status keep_all(fit_call *r)
{
    bool more = true;
    for (uint32_t e = 0; more; e++) {
        more = false;
        for (size_t k = 0; k < r->n_jobs; k++) {
            fit *f = &r->fits[r->of[k]];
            if (e >= r->jobs[k].n_run) continue;
            more = true;
            gnt_status st = keep_epoch(f, &f->figures[e]);
            if (st && r->n > 1) (void)gnt_error_prefix(f->why, "%s", name_of(f));
            if (st) return st;
        }
    }
    for (size_t k = 0; k < r->n_jobs; k++) {
        fit *f = &r->fits[r->of[k]];
        f->state.step = r->jobs[k].step;
        const char *checkpoint = f->task->options->checkpoint;
        if (checkpoint) GNT_TRY(gnt_checkpoint_write(checkpoint, &f->state, f->print, f->why));
    }
    return GNT_OK;
}

/* At most `most` epochs of every fit that goes on. */
static gnt_status run_round(fit_call *r, unsigned most)
{
    r->n_jobs = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->fits[i].done) continue;
        r->of[r->n_jobs] = i;
        r->jobs[r->n_jobs++] = next_epochs(&r->fits[i], most);
    }
    if (!r->n_jobs) return GNT_OK;
    GNT_TRY(gnt_engine_train(r->fits->engine, r->jobs, r->n_jobs, r->fits->why));
    return keep_all(r);
}

/* Epochs of the next call. One where a checkpoint follows each; all that are left where nobody watches. Who watches the
 * CPU sees every epoch; another device, which moves all weights for each call, is left alone for about a second. */
static unsigned epochs_a_call(const fit_call *r, const gnt_progress *progress, unsigned last, double seconds)
{
    for (size_t i = 0; i < r->n; i++)
        if (!r->fits[i].done && r->fits[i].task->options->checkpoint) return 1;
    if (!progress || !progress->report) return UINT_MAX;
    if (strcmp(r->fits->engine->info.name, "cpu") == 0) return 1;
    return seconds < 0.5 && last < UINT_MAX / 2 ? 2 * last : last;
}

static gnt_status run_all(fit_call *r, const gnt_progress *progress)
{
    unsigned epochs = epochs_a_call(r, progress, 1, INFINITY);
    for (;;) {
        double begin = now();
        GNT_TRY(run_round(r, epochs));
        if (!r->n_jobs) return GNT_OK;
        epochs = epochs_a_call(r, progress, epochs, now() - begin);
        GNT_TRY(tell(r->fits, r->n, progress));
        for (size_t k = 0; k < r->n_jobs; k++) GNT_TRY(settle(&r->fits[r->of[k]]));
    }
}

gnt_status gnt_model_fit_many(gnt_engine *engine, const gnt_fit_task *tasks, size_t n, const gnt_progress *progress,
                              gnt_error *why)
{
    gnt_status st = GNT_OK;
    fit *fits = NULL;
    fit_call r = {.n = n};
    for (size_t i = 0; i < n; i++) *tasks[i].report = (gnt_fit_report){0};
    if (!n) return GNT_OK;
    GNT_ALLOC(fits, n);
    GNT_ALLOC(r.jobs, n);
    GNT_ALLOC(r.of, n);
    r.fits = fits;
    GNT_GOTO(start_all(engine, tasks, n, fits, why));
    GNT_GOTO(run_all(&r, progress));
out:
    for (size_t i = 0; fits && i < n; i++) {
        gnt_fit_state_free(&fits[i].state);
        free(fits[i].scaled);
        free(fits[i].rate);
        free(fits[i].figures);
    }
    for (size_t i = 0; st && i < n; i++) gnt_fit_report_free(tasks[i].report);
    free(r.of);
    free(r.jobs);
    free(fits);
    return st;
}

gnt_status gnt_model_fit(gnt_engine *engine, const gnt_features *features, gnt_labels labels, const gnt_split *split,
                         const gnt_fit_options *options, const gnt_progress *progress, gnt_model *model,
                         gnt_fit_report *report, gnt_error *why)
{
    gnt_fit_task task = {features, labels, split, options, model, report};
    return gnt_model_fit_many(engine, &task, 1, progress, why);
}
