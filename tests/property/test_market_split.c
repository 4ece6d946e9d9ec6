/* Splits, scaler and features together: labels by hand, purge, embargo, warm-up, walk-forward, and no look-ahead
 * through the whole path from bars to scaled rows. */
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/market/split.h"
#include "host/market/synthetic.h"

#define REAL_BARS GNT_SOURCE_DIR "/../shared/data/IBB_raw_2018-01-01_2023-12-31.csv"

enum { DAYS = 60, FIRST = 3, WINDOW = 4, DAY_0 = 17533 }; /* 2018-01-02, one bar every day, to count by hand */

static gnt_error why;
static gnt_day day[DAYS];

static gnt_range bars_range(size_t a, size_t b)
{
    return (gnt_range){DAY_0 + (gnt_day)a, DAY_0 + (gnt_day)b};
}

static gnt_split plan(size_t train_a, size_t train_b, size_t val_a, size_t val_b, size_t test_a, size_t test_b)
{
    return (gnt_split){.train = bars_range(train_a, train_b),
                       .val = bars_range(val_a, val_b),
                       .test = bars_range(test_a, test_b),
                       .has_val = val_b > 0,
                       .has_test = test_b > 0};
}

static void check_rows(const char *what, const uint32_t *row, size_t n, size_t first, size_t last)
{
    if (n != last - first + 1) fail_msg("%s: %zu rows, expected %zu to %zu", what, n, first, last);
    for (size_t i = 0; i < n; i++)
        if (row[i] != first + i) fail_msg("%s: row %zu is %u, expected %zu", what, i, row[i], first + i);
}

/* ---- labels ---------------------------------------------------------------------------------------- */

static void labels_look_one_bar_ahead(void **state)
{
    (void)state;
    double close[6] = {10, 11, 11, 10.5, 12, 12.01};
    const uint8_t expected[5] = {1, 0, 0, 1, 1}; /* an equal close is no rise */
    gnt_bars bars = {.n = 6, .close = close};
    gnt_labels labels;
    uint8_t *up = NULL;
    if (gnt_bars_labels(&bars, &up, &labels, &why)) fail_msg("%s", why.text);
    assert_int_equal(labels.n, 5);
    for (int t = 0; t < 5; t++)
        if (labels.up[t] != expected[t]) fail_msg("label %d is %d, expected %d", t, labels.up[t], expected[t]);
    free(up);
}

/* ---- splits ---------------------------------------------------------------------------------------- */

/* First full window ends at row 3 + 4 - 1 = 6. Train 0..29, val 30..39 and test 41..50 leave bar 40 between: row 29's
 * label is bar 30, in val: dropped. Row 39's label is bar 40, in no range: stays. Test rows are 40..49. */
static void purge_by_hand(void **state)
{
    (void)state;
    gnt_split s = plan(0, 29, 30, 39, 41, 50);
    if (gnt_split_make(&s, day, DAYS, FIRST, WINDOW, &why)) fail_msg("%s", why.text);
    check_rows("train", s.train_row, s.n_train, 6, 28);
    check_rows("val", s.val_row, s.n_val, 30, 39);
    check_rows("test", s.test_row, s.n_test, 40, 49);
    assert_int_equal(s.n_purged, 1);
    gnt_split_free(&s);
    s = plan(0, 29, 30, 39, 40, 50); /* now row 39's label bar is the first of test */
    if (gnt_split_make(&s, day, DAYS, FIRST, WINDOW, &why)) fail_msg("%s", why.text);
    check_rows("val", s.val_row, s.n_val, 30, 38);
    check_rows("test", s.test_row, s.n_test, 39, 49);
    assert_int_equal(s.n_purged, 2);
    gnt_split_free(&s);
}

/* Test 10..19 before train 20..39: rows 20..24 are the embargo's; row 39's label is in val. The last bar has no label.
 */
static void embargo_and_the_last_bar_by_hand(void **state)
{
    (void)state;
    gnt_split s = plan(20, 39, 40, DAYS - 1, 10, 19);
    s.embargo = 5;
    if (gnt_split_make(&s, day, DAYS, FIRST, WINDOW, &why)) fail_msg("%s", why.text);
    check_rows("train", s.train_row, s.n_train, 25, 38);
    check_rows("val", s.val_row, s.n_val, 40, DAYS - 2);
    check_rows("test", s.test_row, s.n_test, 9, 18);
    assert_int_equal(s.n_embargoed, 5);
    assert_int_equal(s.n_purged, 1);
    gnt_split_free(&s);
}

static void ranges_that_cannot_be(void **state)
{
    (void)state;
    const struct {
        gnt_split split;
        gnt_status status;
        const char *says;
    } cases[] = {
        {plan(20, 10, 0, 0, 0, 0), GNT_EINVAL, "ends before it begins"},
        {plan(0, 30, 30, 39, 0, 0), GNT_EINVAL, "overlaps the train range"},
        {plan(0, 5, 0, 0, 0, 0), GNT_EDATA, "no usable row"}, /* row 6 is the first with a full window */
        {plan(10, 20, 2, 9, 0, 0), GNT_EDATA, "too little history"},
        {plan(10, 20, 0, 0, 6, 9), GNT_EDATA, "too little history"}, /* bar 7 is the first that can be scored */
        {plan(10, 20, 0, 0, DAYS, DAYS + 5), GNT_EDATA, "holds no bar"},
        {plan(10, 20, 0, 0, 40, DAYS - 1 + 8), GNT_EDATA, "more than 7 days after the last bar"},
        {plan(DAYS - 1, DAYS - 1, 0, 0, 0, 0), GNT_EDATA, "no usable row"}, /* the last bar has no label */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gnt_split s = cases[i].split;
        why.text[0] = 0;
        gnt_status st = gnt_split_make(&s, day, DAYS, FIRST, WINDOW, &why);
        if (st != cases[i].status || !strstr(why.text, cases[i].says))
            fail_msg("case %zu: status %d '%s', expected %d '%s'", i, st, why.text, cases[i].status, cases[i].says);
        if (s.train_row || s.val_row || s.test_row) fail_msg("case %zu: a refused split holds rows", i);
    }
    gnt_split s =
        plan(10, 20, 0, 0, 7, 9); /* one bar later is enough history; 7 days beyond the last bar are allowed */
    if (gnt_split_make(&s, day, DAYS, FIRST, WINDOW, &why)) fail_msg("%s", why.text);
    check_rows("test", s.test_row, s.n_test, 6, 8);
    gnt_split_free(&s);
    s = plan(10, 20, 0, 0, 40, DAYS - 1 + 7);
    if (gnt_split_make(&s, day, DAYS, FIRST, WINDOW, &why)) fail_msg("%s", why.text);
    check_rows("test", s.test_row, s.n_test, 39, DAYS - 2);
    gnt_split_free(&s);
    s = plan(10, 20, 0, 0, 0, 0);
    assert_int_equal(gnt_split_make(&s, day, DAYS, FIRST, 0, &why), GNT_EINVAL);
}

/* Whatever the ranges: no label bar of a fitted row in a later range, no fitted row in an embargo, all windows full. */
static void any_split_keeps_the_rules(void **state)
{
    (void)state;
    uint64_t x = 7;
    size_t n_made = 0;
    for (int k = 0; k < 2000; k++) {
        size_t cut[6];
        for (int i = 0; i < 6; i++) {
            x = x * 6364136223846793005ULL + 1442695040888963407ULL;
            cut[i] = (size_t)(x >> 33) % DAYS;
        }
        gnt_split s = plan(cut[0], cut[1], cut[2], cut[3] + 1, cut[4], cut[5] + 1);
        s.embargo = k % 7;
        if (gnt_split_make(&s, day, DAYS, FIRST, WINDOW, &why)) continue;
        n_made++;
        for (int part = 0; part < 2; part++) {
            const uint32_t *row = part ? s.val_row : s.train_row;
            gnt_range own = part ? s.val : s.train, other = part ? s.train : s.val;
            for (size_t i = 0; i < (part ? s.n_val : s.n_train); i++) {
                gnt_day at = day[row[i]], label = day[row[i] + 1];
                bool later = (other.from > own.to && label >= other.from && label <= other.to) ||
                             (s.test.from > own.to && label >= s.test.from && label <= s.test.to);
                bool after = at > s.test.to && at <= s.test.to + (gnt_day)s.embargo;
                if (at < own.from || at > own.to || later || after || row[i] < FIRST + WINDOW - 1)
                    fail_msg("split %d: row %u may not be fitted", k, row[i]);
            }
        }
        if (s.n_test != (size_t)((s.test.to < day[DAYS - 1] ? s.test.to : day[DAYS - 1]) - s.test.from + 1))
            fail_msg("split %d: %zu test rows for bars %d to %d", k, s.n_test, s.test.from, s.test.to);
        gnt_split_free(&s);
    }
    if (n_made < 50) fail_msg("only %zu of 2,000 random splits could be made: they prove little", n_made);
}

/* ---- walk-forward ------------------------------------------------------------------------------------ */

/* Test bars 40..49 in 3 folds of 3, 3 and 4; embargo 5, val 8. Fold 1: gap 35..39, val 27..34, train to 26, whose label
 * is in val. */
static void walk_forward_by_hand(void **state)
{
    (void)state;
    gnt_walk_options o;
    gnt_walk_default(&o);
    assert_int_equal(o.embargo, 10);
    o = (gnt_walk_options){.test = bars_range(40, 49), .n_folds = 3, .val_bars = 8, .embargo = 5};
    gnt_split fold[3];
    const size_t begin[4] = {40, 43, 46, 50};
    if (gnt_walk_forward(&o, day, DAYS, FIRST, WINDOW, fold, &why)) fail_msg("%s", why.text);
    for (size_t k = 0; k < 3; k++) {
        size_t a = begin[k];
        check_rows("test", fold[k].test_row, fold[k].n_test, a - 1, begin[k + 1] - 2);
        check_rows("val", fold[k].val_row, fold[k].n_val, a - 13, a - 6);
        check_rows("train", fold[k].train_row, fold[k].n_train, 6, a - 15);
        assert_int_equal(fold[k].n_embargoed, 5);
        assert_int_equal(fold[k].n_purged, 1);
        gnt_split_free(&fold[k]);
    }
    o.train_bars = 10; /* rolling: bars 17..26, the last one purged */
    if (gnt_walk_forward(&o, day, DAYS, FIRST, WINDOW, fold, &why)) fail_msg("%s", why.text);
    check_rows("rolling train", fold[0].train_row, fold[0].n_train, 17, 25);
    for (size_t k = 0; k < 3; k++) gnt_split_free(&fold[k]);
    o.test = bars_range(8, 49);
    assert_int_equal(gnt_walk_forward(&o, day, DAYS, FIRST, WINDOW, fold, &why), GNT_EDATA);
    o.test = bars_range(48, 49);
    assert_int_equal(gnt_walk_forward(&o, day, DAYS, FIRST, WINDOW, fold, &why), GNT_EINVAL); /* 3 folds of 2 bars */
}

/* ---- bars to scaled rows ------------------------------------------------------------------------------ */

typedef struct path {
    gnt_engine engine;
    gnt_bars bars;
    gnt_features features;
    gnt_split split;
    gnt_scaler scaler;
    float *scaled; /* [n_rows][F] */
} path;

static void path_free(path *p)
{
    gnt_scaler_free(&p->scaler);
    gnt_split_free(&p->split);
    gnt_features_free(&p->features);
    gnt_bars_free(&p->bars);
    gnt_engine_close(&p->engine);
    free(p->scaled);
}

static gnt_range dates(const char *text)
{
    gnt_range range;
    if (!gnt_range_parse(text, &range)) fail_msg("'%s' is no range", text);
    return range;
}

/* From bars that are there to scaled rows, split as the shipped COVID experiment. */
static void path_run(path *p)
{
    p->split = (gnt_split){.train = dates("2018-01-01..2019-06-28"),
                           .val = dates("2019-07-01..2020-02-18"),
                           .test = dates("2020-02-20..2020-04-30"),
                           .has_val = true,
                           .has_test = true};
    if (gnt_engine_open(&p->engine, "cpu", 1, NULL, &why) ||
        gnt_features_make(&p->engine, "gauntlet-35", &p->bars, 1, &p->features, &why))
        fail_msg("%s", why.text);
    gnt_panel raw = gnt_features_panel(&p->features);
    if (gnt_split_make(&p->split, p->features.day, raw.n_rows, p->features.schema.first_valid, 10, &why) ||
        gnt_scaler_fit(&p->scaler, raw, (gnt_rows){p->split.train_row, p->split.n_train}, false, &why))
        fail_msg("%s", why.text);
    p->scaled = gnt_alloc(raw.n_rows * raw.n_features, sizeof(float));
    if (!p->scaled ||
        gnt_engine_scale(&p->engine, raw, p->scaler.center, p->scaler.scale, p->scaler.limit, p->scaled, &why))
        fail_msg("%s", why.text);
}

static path synthetic_path(void)
{
    path p = {0};
    if (gnt_synthetic_bars(GNT_SYN_EDGE, 42, &p.bars, &why)) fail_msg("%s", why.text);
    return p;
}

/* Every bar after t another one. */
static void change_after(gnt_bars *b, size_t t)
{
    for (size_t i = t + 1; i < b->n; i++) {
        double factor = 0.5 + (double)(i % 13) / 7;
        b->open[i] *= factor;
        b->high[i] *= factor;
        b->low[i] *= factor;
        b->close[i] *= factor;
        b->volume[i] = floor(b->volume[i] * (2 - factor) + 1);
    }
}

static void later_bars_change_no_scaled_row(void **state)
{
    (void)state;
    path whole = synthetic_path();
    path_run(&whole);
    size_t width = whole.features.schema.n_features, last_train = whole.split.train_row[whole.split.n_train - 1];
    const size_t at[4] = {last_train, last_train + 1, 700, 1400};
    for (size_t k = 0; k < 4; k++) {
        path p = synthetic_path();
        change_after(&p.bars, at[k]);
        path_run(&p);
        if (memcmp(p.scaler.center, whole.scaler.center, width * sizeof(float)) ||
            memcmp(p.scaler.scale, whole.scaler.scale, width * sizeof(float)))
            fail_msg("bars after %zu change the scaler", at[k]);
        for (size_t t = 0; t <= at[k]; t++)
            if (memcmp(p.scaled + t * width, whole.scaled + t * width, width * sizeof(float)))
                fail_msg("bars after %zu change the scaled row %zu", at[k], t);
        if (!memcmp(p.scaled + (at[k] + 1) * width, whole.scaled + (at[k] + 1) * width, width * sizeof(float)))
            fail_msg("bars after %zu leave row %zu as it was: the change does nothing", at[k], at[k] + 1);
        path_free(&p);
    }
    path_free(&whole);
}

/* Rows that are no train rows, before and after, may hold anything: the same scaler bits. A train row may not. */
static void the_scaler_sees_train_rows_only(void **state)
{
    (void)state;
    path p = synthetic_path();
    path_run(&p);
    gnt_panel raw = gnt_features_panel(&p.features);
    gnt_rows train = {p.split.train_row, p.split.n_train};
    size_t width = raw.n_features;
    for (size_t t = 0, i = 0; t < raw.n_rows; t++) {
        if (i < train.n && train.row[i] == t) {
            i++;
            continue;
        }
        for (size_t k = 0; k < width; k++) p.features.x[t * width + k] = t % 2 ? 1e30f : NAN;
    }
    gnt_scaler again;
    if (gnt_scaler_fit(&again, raw, train, false, &why)) fail_msg("%s", why.text);
    assert_memory_equal(again.center, p.scaler.center, width * sizeof(float));
    assert_memory_equal(again.scale, p.scaler.scale, width * sizeof(float));
    gnt_scaler_free(&again);
    p.features.x[train.row[5] * width] += 1;
    if (gnt_scaler_fit(&again, raw, train, false, &why)) fail_msg("%s", why.text);
    if (again.center[0] == p.scaler.center[0]) fail_msg("a train row changes nothing: %.9g", again.center[0]);
    gnt_scaler_free(&again);
    path_free(&p);
}

static void the_covid_window_of_the_real_bars(void **state)
{
    (void)state;
    char first[GNT_DATE_ROOM], last[GNT_DATE_ROOM], row[GNT_DATE_ROOM];
    if (!gnt_file_exists(REAL_BARS)) {
        print_message("%s is not there: skipped\n", REAL_BARS);
        skip();
    }
    path p = {0};
    if (gnt_bars_load(REAL_BARS, 0, &p.bars, &why)) fail_msg("%s", why.text);
    path_run(&p);
    assert_int_equal(p.split.n_test, 50);
    assert_string_equal(gnt_date_format(p.features.day[p.split.test_row[0]], first), "2020-02-19");
    assert_string_equal(gnt_date_format(p.features.day[p.split.test_row[49]], last), "2020-04-29");
    assert_string_equal(gnt_date_format(p.features.day[p.features.schema.first_valid], row), "2018-03-14");
    for (size_t k = 0; k < 35; k++) {
        if (!isnan(p.features.x[48 * 35 + k]))
            fail_msg("row 48, column %zu is %g", k, (double)p.features.x[48 * 35 + k]);
        if (!isfinite(p.features.x[49 * 35 + k])) fail_msg("row 49, column %zu isn't finite", k);
    }
    assert_string_equal(gnt_date_format(p.features.day[p.split.train_row[p.split.n_train - 1]], row), "2019-06-27");
    path_free(&p);
}

int main(void)
{
    for (int t = 0; t < DAYS; t++) day[t] = DAY_0 + t;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_look_one_bar_ahead),         cmocka_unit_test(purge_by_hand),
        cmocka_unit_test(embargo_and_the_last_bar_by_hand),  cmocka_unit_test(ranges_that_cannot_be),
        cmocka_unit_test(any_split_keeps_the_rules),         cmocka_unit_test(walk_forward_by_hand),
        cmocka_unit_test(later_bars_change_no_scaled_row),   cmocka_unit_test(the_scaler_sees_train_rows_only),
        cmocka_unit_test(the_covid_window_of_the_real_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
