/* What a fitted model says of its own making: metadata from the split, the options and the report. */
#include <math.h>
#include <stdio.h>

#include "fit.h"

static gnt_status put_range(const gnt_fit_task *f, const char *key, gnt_day from, gnt_day to, gnt_error *why)
{
    char a[GNT_DATE_ROOM], b[GNT_DATE_ROOM], text[2 * GNT_DATE_ROOM + 2];
    snprintf(text, sizeof text, "%s..%s", gnt_date_format(from, a), gnt_date_format(to, b));
    return gnt_model_set_meta(f->model, key, text, why);
}

/* Dates of the split, and of the first and last bar whose close was a label. */
static gnt_status put_dates(const gnt_fit_task *f, gnt_error *why)
{
    const gnt_split *s = f->split;
    const gnt_day *day = f->features->day;
    GNT_TRY(put_range(f, "gauntlet.train", s->train.from, s->train.to, why));
    GNT_TRY(
        put_range(f, "gauntlet.train_labels", day[s->train_row[0] + 1], day[s->train_row[s->n_train - 1] + 1], why));
    if (s->n_val) {
        GNT_TRY(put_range(f, "gauntlet.val", s->val.from, s->val.to, why));
        GNT_TRY(put_range(f, "gauntlet.val_labels", day[s->val_row[0] + 1], day[s->val_row[s->n_val - 1] + 1], why));
    }
    return s->has_test ? put_range(f, "gauntlet.test", s->test.from, s->test.to, why) : GNT_OK;
}

static gnt_status put_number(const gnt_fit_task *f, const char *key, double value, gnt_error *why)
{
    char text[32];
    if (!isfinite(value)) return GNT_OK;
    snprintf(text, sizeof text, "%.17g", value);
    return gnt_model_set_meta(f->model, key, text, why);
}

gnt_status gnt_fit_describe(const gnt_fit_task *f, const gnt_train_options *t, gnt_error *why)
{
    static const char *const schedules[] = {"constant", "cosine", "step", "plateau"};
    const gnt_fit_report *report = f->report;
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
    GNT_TRY(gnt_model_set_schema(f->model, &f->features->schema, why));
    GNT_TRY(put_dates(f, why));
    GNT_TRY(gnt_model_set_meta(f->model, "gauntlet.seed", seed, why));
    GNT_TRY(gnt_model_set_meta(f->model, "gauntlet.optimiser", t->optimiser == GNT_ADAM ? "adam" : "adamw", why));
    GNT_TRY(gnt_model_set_meta(f->model, "gauntlet.schedule", schedules[f->options->schedule], why));
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        GNT_TRY(put_number(f, number[i].key, number[i].value, why));
    return GNT_OK;
}
