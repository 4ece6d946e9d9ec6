#include "split.h"

#include "host/base/mem.h"

#define STALE_DAYS 7 /* SPEC 10: a window may end at most this many calendar days after the last bar */

/* What every row of a split is judged by. */
typedef struct context {
    const gnt_split *split;
    const gnt_day *day;
    size_t n_rows, first_row; /* first_row: the first row with a full window */
} context;

static bool inside(gnt_range range, gnt_day day)
{
    return range.from <= day && day <= range.to;
}

static gnt_status range_fail(gnt_error *why, gnt_status status, const char *what, gnt_range range, const char *text)
{
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM];
    return gnt_fail(why, status, "%s %s..%s %s", what, gnt_date_format(range.from, from), gnt_date_format(range.to, to),
                    text);
}

static gnt_status check_ranges(const gnt_split *split, gnt_error *why)
{
    if (split->train.from > split->train.to)
        return range_fail(why, GNT_EINVAL, "train range", split->train, "ends before it begins");
    if (split->has_val && split->val.from > split->val.to)
        return range_fail(why, GNT_EINVAL, "validation range", split->val, "ends before it begins");
    if (split->has_test && split->test.from > split->test.to)
        return range_fail(why, GNT_EINVAL, "test range", split->test, "ends before it begins");
    if (split->has_val && split->val.from <= split->train.to && split->train.from <= split->val.to)
        return range_fail(why, GNT_EINVAL, "validation range", split->val, "overlaps the train range");
    return GNT_OK;
}

/* True when the label bar of a row of `own` lies in a range that starts after `own` ends. */
static bool purged(const context *c, gnt_range own, size_t t)
{
    const gnt_split *s = c->split;
    gnt_day label = c->day[t + 1];
    return (s->train.from > own.to && inside(s->train, label)) ||
           (s->has_val && s->val.from > own.to && inside(s->val, label)) ||
           (s->has_test && s->test.from > own.to && inside(s->test, label));
}

/* True when bar t is one of the first `embargo` bars after the test range. */
static bool embargoed(const context *c, size_t t)
{
    const gnt_split *s = c->split;
    if (!s->has_test || !s->embargo || c->day[t] <= s->test.to) return false;
    return t < s->embargo || c->day[t - s->embargo] <= s->test.to;
}

static gnt_status pick_fit_rows(const context *c, gnt_range own, gnt_split *split, uint32_t **row, size_t *n,
                                gnt_error *why)
{
    gnt_status st = GNT_OK;
    *n = 0;
    GNT_ALLOC(*row, c->n_rows);
    for (size_t t = c->first_row; t + 1 < c->n_rows; t++) {
        if (!inside(own, c->day[t])) continue;
        if (purged(c, own, t))
            split->n_purged++;
        else if (embargoed(c, t))
            split->n_embargoed++;
        else
            (*row)[(*n)++] = (uint32_t)t;
    }
out:
    return st;
}

static gnt_status pick_test_rows(const context *c, gnt_split *split, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_range test = split->test;
    if (test.to > c->day[c->n_rows - 1] + STALE_DAYS)
        return range_fail(why, GNT_EDATA, "test range", test, "ends more than 7 days after the last bar");
    GNT_ALLOC(split->test_row, c->n_rows);
    for (size_t b = 0; b < c->n_rows; b++) {
        if (!inside(test, c->day[b])) continue;
        if (b < c->first_row + 1)
            GNT_GOTO(range_fail(why, GNT_EDATA, "test range", test,
                                "has too little history before it: choose a later start or load earlier bars"));
        split->test_row[split->n_test++] = (uint32_t)(b - 1);
    }
    if (!split->n_test) GNT_GOTO(range_fail(why, GNT_EDATA, "test range", test, "holds no bar"));
out:
    return st;
}

static gnt_status fill(const context *c, gnt_split *split, gnt_error *why)
{
    GNT_TRY(pick_fit_rows(c, split->train, split, &split->train_row, &split->n_train, why));
    if (!split->n_train)
        return range_fail(why, GNT_EDATA, "train range", split->train,
                          "has no usable row (a row needs warm-up, a full window and a label)");
    if (split->has_val) {
        if (c->first_row < c->n_rows && split->val.from < c->day[c->first_row])
            return range_fail(why, GNT_EDATA, "validation range", split->val, "has too little history before it");
        GNT_TRY(pick_fit_rows(c, split->val, split, &split->val_row, &split->n_val, why));
        if (!split->n_val) return range_fail(why, GNT_EDATA, "validation range", split->val, "has no usable row");
    }
    return split->has_test ? pick_test_rows(c, split, why) : GNT_OK;
}

gnt_status gnt_split_make(gnt_split *split, const gnt_day *day, size_t n_rows, size_t first_valid, unsigned window,
                          gnt_error *why)
{
    gnt_status st = GNT_OK;
    context c = {split, day, n_rows, first_valid + (window ? window - 1 : 0)};
    split->train_row = split->val_row = split->test_row = NULL;
    split->n_train = split->n_val = split->n_test = split->n_purged = split->n_embargoed = 0;
    if (window == 0 || n_rows == 0)
        return gnt_fail(why, GNT_EINVAL, "a split needs a window of at least 1 row and at least 1 bar, got %u and %zu",
                        window, n_rows);
    GNT_GOTO(check_ranges(split, why));
    GNT_GOTO(fill(&c, split, why));
out:
    if (st) gnt_split_free(split);
    return st;
}

void gnt_split_free(gnt_split *split)
{
    free(split->train_row);
    free(split->val_row);
    free(split->test_row);
    split->train_row = split->val_row = split->test_row = NULL;
    split->n_train = split->n_val = split->n_test = 0;
}
