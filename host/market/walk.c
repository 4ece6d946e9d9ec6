/* Walk-forward folds: consecutive test pieces, each behind an embargo gap (layer 3). */
#include "host/base/mem.h"
#include "split.h"

void gnt_walk_default(gnt_walk_options *options)
{
    *options = (gnt_walk_options){.n_folds = 4, .val_bars = 126, .embargo = 10};
}

/* Bars of the whole test span as [begin, end). */
static void span(const gnt_walk_options *o, const gnt_day *day, size_t n_rows, size_t *begin, size_t *end)
{
    size_t a = 0, b = n_rows;
    while (a < n_rows && day[a] < o->test.from) a++;
    while (b > a && day[b - 1] > o->test.to) b--;
    *begin = a;
    *end = b;
}

/* One fold whose test piece is bars [begin, end). */
static gnt_status fold_make(const gnt_walk_options *o, const gnt_day *day, size_t n_rows, size_t first_valid,
                            unsigned window, size_t begin, size_t end, gnt_split *fold, gnt_error *why)
{
    size_t fit_end = begin - o->embargo; /* bars [0, fit_end) may be trained or validated on */
    size_t train_end = fit_end - o->val_bars;
    size_t train_begin = o->train_bars && o->train_bars < train_end ? train_end - o->train_bars : 0;
    *fold = (gnt_split){.train = {day[train_begin], day[train_end - 1]},
                        .test = {day[begin], day[end - 1]},
                        .has_val = o->val_bars > 0,
                        .has_test = true};
    if (fold->has_val) fold->val = (gnt_range){day[train_end], day[fit_end - 1]};
    GNT_TRY(gnt_split_make(fold, day, n_rows, first_valid, window, why));
    fold->embargo = o->embargo;
    fold->n_embargoed = o->embargo;
    return GNT_OK;
}

gnt_status gnt_walk_forward(const gnt_walk_options *options, const gnt_day *day, size_t n_rows, size_t first_valid,
                            unsigned window, gnt_split *fold, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t begin, end, made = 0;
    span(options, day, n_rows, &begin, &end);
    if (options->n_folds == 0 || end - begin < options->n_folds)
        return gnt_fail(why, GNT_EINVAL, "walk-forward: %zu folds do not fit into a test span of %zu bars",
                        options->n_folds, end - begin);
    if (begin <= (size_t)options->embargo + options->val_bars)
        return gnt_fail(why, GNT_EDATA,
                        "walk-forward: %zu bars before the first test bar leave none to train on after %zu of "
                        "validation and an embargo of %u",
                        begin, options->val_bars, options->embargo);
    size_t n = end - begin;
    for (; made < options->n_folds; made++) {
        size_t a = begin + n * made / options->n_folds, b = begin + n * (made + 1) / options->n_folds;
        GNT_GOTO(fold_make(options, day, n_rows, first_valid, window, a, b, &fold[made], why));
    }
out:
    if (st) {
        (void)gnt_error_prefix(why, "walk-forward fold %zu", made + 1);
        for (size_t i = 0; i < made; i++) gnt_split_free(&fold[i]);
    }
    return st;
}
