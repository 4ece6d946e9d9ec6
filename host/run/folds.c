/* Walk-forward: models refitted for every fold, one book over all test pieces. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "inside.h"

gnt_status gnt_run_make_folds(gnt_run *run, gnt_error *why)
{
    const gnt_exp_walk *walk = &run->experiment->walk_forward;
    gnt_walk_options options;
    gnt_walk_default(&options);
    options.test = walk->test;
    options.n_folds = walk->folds;
    options.val_bars = walk->val_bars;
    options.train_bars = walk->train_bars;
    options.embargo = walk->embargo;
    return gnt_walk_forward(&options, run->market->bars.day, run->market->bars.n,
                            run->market->features.schema.first_valid, run->experiment->window, run->fold, why);
}

/* The models of a fold and their scores on its test piece. */
static gnt_status run_fold(gnt_run *run, size_t i, gnt_run_window *w, gnt_error *why)
{
    const gnt_split *fold = &run->fold[i];
    size_t begin = fold->test_row[0] + 1, end = fold->test_row[fold->n_test - 1] + 2;
    char name[32];
    snprintf(name, sizeof name, "fold%zu", i + 1);
    GNT_TRY(gnt_run_tick(run, name, (double)i, run->experiment->walk_forward.folds, why));
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++) {
        const gnt_fitted *fitted = run->fold_fitted[i][arm];
        if (!fitted) continue;
        GNT_TRY(gnt_run_store_model(run, arm, name, fold, fitted, false, why));
        GNT_TRY(gnt_run_score(run, fitted, begin, end, &w->prob[arm], why));
    }
    return GNT_OK;
}

/* A fold's piece of the one book. */
static json_t *fold_arm(const gnt_run *run, const gnt_run_window *w, int arm, size_t begin, size_t end)
{
    json_t *object = json_object();
    double growth = 1, hold = run->market->bars.close[end - 1] / run->market->bars.close[begin - 1];
    gnt_run_window piece = *w;
    piece.begin = begin;
    piece.end = end;
    for (size_t bar = begin; bar < end; bar++) growth *= 1 + w->book[arm].ret[bar - w->begin];
    gnt_json_put(object, "accuracy", gnt_run_accuracy(run, &piece, arm, NULL));
    gnt_json_figure(object, "total_return", growth - 1, NULL);
    gnt_json_figure(object, "hold_return", hold - 1, NULL);
    return object;
}

static void fold_row(gnt_run *run, size_t number, const gnt_split *f, const gnt_run_window *w)
{
    const gnt_day *day = run->market->bars.day;
    size_t begin = f->test_row[0] + 1, end = f->test_row[f->n_test - 1] + 2;
    json_t *row = json_object(), *arms = json_object();
    json_array_append_new(json_object_get(run->result, "folds"), row);
    gnt_json_count(row, "fold", number);
    gnt_json_put(row, "train", gnt_run_dates(day[f->train_row[0]], day[f->train_row[f->n_train - 1]]));
    gnt_json_put(row, "val", f->n_val ? gnt_run_dates(day[f->val_row[0]], day[f->val_row[f->n_val - 1]]) : json_null());
    gnt_json_put(row, "test", gnt_run_dates(day[begin], day[end - 1]));
    gnt_json_count(row, "n_train", f->n_train);
    gnt_json_count(row, "n_val", f->n_val);
    gnt_json_count(row, "n_test", f->n_test);
    gnt_json_count(row, "purged", f->n_purged);
    gnt_json_count(row, "embargoed", f->n_embargoed);
    gnt_json_put(row, "arms", arms);
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++)
        if (w->arms & 1u << arm) gnt_json_put(arms, gnt_arm_names[arm], fold_arm(run, w, arm, begin, end));
}

gnt_status gnt_run_folds(gnt_run *run, gnt_error *why)
{
    const gnt_exp_walk *walk = &run->experiment->walk_forward;
    const gnt_split *last = &run->fold[walk->folds - 1];
    gnt_run_window *w = &run->window[run->n_windows++];
    *w = (gnt_run_window){.name = "folds",
                          .title = "walk-forward test pieces, one book",
                          .split_name = "walk-forward",
                          .note = "each piece is scored by models fitted on bars before it; the book runs through",
                          .arms = walk->arms,
                          .begin = run->fold[0].test_row[0] + 1,
                          .end = last->test_row[last->n_test - 1] + 2};
    for (size_t i = 0; i < walk->folds; i++) GNT_TRY(run_fold(run, i, w, why));
    GNT_TRY(gnt_run_books(run, w, why));
    GNT_TRY(gnt_run_store_window(run, w, why));
    for (size_t i = 0; i < walk->folds; i++) fold_row(run, i + 1, &run->fold[i], w);
    return GNT_OK;
}
