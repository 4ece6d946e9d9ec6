/* A whole experiment, bars to files: the same bytes again and for any number of threads, no score that knows a later
 * bar, and in-sample windows refused. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/base/file.h"
#include "host/run/run.h"
#include "host/store/h5.h"

/* Small in every part: a few months of training, one or two epochs. */
static const char text[] =
    "name: small\ntitle: Every part, small\nquestion: is it the same again?\nsuccess_rule: none\n"
    "success: [{window: w, arm: any, metric: accuracy_lo, above: majority}]\n"
    "parts: [windows, cost_curve, regimes, folds, ab, claims]\n"
    "splits: [{name: s, train: 2018-06-01..2018-12-31, val: 2019-01-02..2019-03-29}]\n"
    "windows: [{name: w, split: s, from: 2020-07-01, to: 2020-12-31}]\n"
    "training: {epochs: 2, batch: 32}\n"
    "cost_curve: {bp: [0, 5, 50], windows: [w]}\n"
    "regimes: {schemes: [bull_bear, volatility, trend], split: s, windows: [w]}\n"
    "walk_forward: {test: 2019-01-02..2019-12-31, folds: 2, val_bars: 40, epochs: 1, arms: [baseline]}\n"
    "ab: {window: w, replicates: 20}\n"
    "claims: [{claim: a, source: b, claimed: 0.5, window: w, arm: baseline, metric: accuracy}]\n";

static const char *const files[] = {"result.json", "result.h5", "baseline_s.onnx", "enhanced_s.onnx",
                                    "experiment.yaml"};

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s, (void)kind, (void)at;
    return remove(path);
}

typedef struct fixture {
    char root[64];
    gnt_experiment *experiment;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    gnt_error why = {0};
    if (!f) return -1;
    strcpy(f->root, "run-engine-XXXXXX");
    f->experiment = malloc(sizeof *f->experiment);
    if (!mkdtemp(f->root) || !f->experiment) return -1;
    if (gnt_experiment_parse(text, strlen(text), "small.yaml", f->experiment, &why)) fail_msg("%s", why.text);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    nftw(f->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f->experiment);
    free(f);
    return 0;
}

/* Runs into root/name on its own engine and cache. */
static gnt_status run_into(fixture *f, const char *name, const char *bars, unsigned threads, gnt_error *why)
{
    char out[128];
    gnt_engine engine = {0};
    gnt_run_cache cache = {0};
    snprintf(out, sizeof out, "%s/%s", f->root, name);
    gnt_run_options options = {.out = out, .bars = bars, .text = text, .n_text = strlen(text)};
    gnt_status st = gnt_engine_open(&engine, "cpu", threads, NULL, why);
    if (!st) st = gnt_run_experiment(&engine, &cache, f->experiment, &options, NULL, NULL, why);
    gnt_run_cache_free(&cache);
    gnt_engine_close(&engine);
    return st;
}

static void must_run(fixture *f, const char *name, const char *bars, unsigned threads)
{
    gnt_error why = {0};
    if (run_into(f, name, bars, threads, &why)) fail_msg("%s: %s", name, why.text);
}

static void same_files(const fixture *f, const char *a, const char *b)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[2][160];
        gnt_text data[2] = {{0}};
        gnt_error why = {0};
        const char *name[2] = {a, b};
        for (int k = 0; k < 2; k++) {
            snprintf(path[k], sizeof path[k], "%s/%s/%s", f->root, name[k], files[i]);
            if (gnt_text_read(path[k], 1 << 26, &data[k], &why)) fail_msg("%s", why.text);
        }
        if (data[0].n != data[1].n || memcmp(data[0].data, data[1].data, data[0].n) != 0)
            fail_msg("%s and %s differ (%zu and %zu bytes)", path[0], path[1], data[0].n, data[1].n);
        gnt_text_free(&data[0]);
        gnt_text_free(&data[1]);
    }
}

static void the_same_bytes_again_and_for_any_threads(void **state)
{
    fixture *f = *state;
    must_run(f, "one", NULL, 1);
    must_run(f, "again", NULL, 1);
    must_run(f, "three", NULL, 3);
    same_files(f, "one", "again");
    same_files(f, "one", "three");
}

/* A cached model gives the bytes of a fresh one: the same run twice on one cache. */
static void a_cached_model_is_the_fitted_one(void **state)
{
    fixture *f = *state;
    gnt_engine engine = {0};
    gnt_run_cache cache = {0};
    gnt_error why = {0};
    if (gnt_engine_open(&engine, "cpu", 2, NULL, &why)) fail_msg("%s", why.text);
    for (int k = 0; k < 2; k++) {
        char out[128];
        snprintf(out, sizeof out, "%s/cache%d", f->root, k);
        gnt_run_options options = {.out = out, .text = text, .n_text = strlen(text)};
        if (gnt_run_experiment(&engine, &cache, f->experiment, &options, NULL, NULL, &why)) fail_msg("%s", why.text);
    }
    assert_int_equal(cache.n_fits, 4); /* two variants on s, baseline on two folds */
    assert_int_equal(cache.n_hits, 4);
    gnt_run_cache_free(&cache);
    gnt_engine_close(&engine);
    same_files(f, "cache0", "cache1");
}

/* ---- no look-ahead, through the whole pipeline --------------------------------------------------------- */

/* The built-in market as a CSV, bars after row `cut` changed when factor is not 1. */
static void write_csv(const char *path, const gnt_bars *bars, size_t cut, double factor)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("Date,Open,High,Low,Close,Adj Close,Volume\n", file);
    for (size_t t = 0; t < bars->n; t++) {
        char date[GNT_DATE_ROOM];
        double k = t > cut ? (t % 3 ? factor : 1 / factor) : 1, v = t > cut ? bars->volume[t] + 1000 : bars->volume[t];
        fprintf(file, "%s,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g\n", gnt_date_format(bars->day[t], date),
                bars->open[t] * k, bars->high[t] * k, bars->low[t] * k, bars->close[t] * k, bars->close[t] * k, v);
    }
    assert_int_equal(fclose(file), 0);
}

static void *series(const fixture *f, const char *run, const char *path, gnt_h5_type type, size_t *n)
{
    char file[160];
    size_t cols;
    void *data;
    gnt_h5 *h5 = NULL;
    gnt_error why = {0};
    snprintf(file, sizeof file, "%s/%s/result.h5", f->root, run);
    if (gnt_h5_open(file, &h5, &why) || gnt_h5_get(h5, path, type, &data, n, &cols, &why)) fail_msg("%s", why.text);
    gnt_h5_close(&h5);
    return data;
}

static void later_bars_change_no_score(void **state)
{
    fixture *f = *state;
    gnt_bars bars = {0};
    gnt_error why = {0};
    char a[128], b[128];
    size_t cut;
    if (gnt_bars_load("builtin:SYN-EDGE", 42, &bars, &why)) fail_msg("%s", why.text);
    assert_true(gnt_bars_find(&bars, gnt_day_of(2020, 10, 1), &cut));
    snprintf(a, sizeof a, "%s/SYN-A.csv", f->root);
    snprintf(b, sizeof b, "%s/SYN-B.csv", f->root);
    write_csv(a, &bars, cut, 1);
    write_csv(b, &bars, cut, 1.07);
    must_run(f, "before", a, 2);
    must_run(f, "after", b, 2);
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++) {
        char path[80];
        size_t n, m, n_same = 0, n_other = 0;
        snprintf(path, sizeof path, "/windows/w/%s/prob", gnt_arm_names[arm]);
        double *x = series(f, "before", path, GNT_H5_F64, &n), *y = series(f, "after", path, GNT_H5_F64, &m);
        int32_t *day = series(f, "before", "/windows/w/day", GNT_H5_I32, &n);
        assert_int_equal(n, m);
        for (size_t i = 0; i < n; i++) {
            bool known = day[i] <= bars.day[cut + 1]; /* the score acting on bar cut+1 was made from row cut */
            if (known && memcmp(&x[i], &y[i], sizeof *x) != 0)
                fail_msg("%s, bar %zu: %.17g became %.17g", gnt_arm_names[arm], i, x[i], y[i]);
            n_same += known;
            n_other += !known && x[i] != y[i];
        }
        assert_int_equal(n_same, 66);            /* July to September, and 1 and 2 October */
        assert_true(n_other > (n - n_same) / 2); /* the change did reach the features */
        free(x);
        free(y);
        free(day);
    }
    gnt_bars_free(&bars);
}

/* ---- in-sample ------------------------------------------------------------------------------------------- */

static void in_sample_is_refused_then_marked(void **state)
{
    fixture *f = *state;
    static const struct {
        gnt_day from, to;
        const char *word;
    } row[] = {{17897, 17986, "all"}, {17960, 18200, "partial"}}; /* 2019-01-01..2019-03-31, 2019-03-05..2019-10-31 */
    for (size_t i = 0; i < 2; i++) {
        gnt_error why = {0};
        f->experiment->windows[0].from = row[i].from;
        f->experiment->windows[0].to = row[i].to;
        assert_int_equal(run_into(f, "refused", NULL, 2, &why), GNT_EGATE);
        assert_non_null(strstr(why.text, "--allow-in-sample"));
        char path[128];
        snprintf(path, sizeof path, "%s/refused", f->root);
        assert_false(gnt_file_exists(path)); /* refused before anything was written */
    }
    gnt_engine engine = {0};
    gnt_run_cache cache = {0};
    gnt_error why = {0};
    json_t *result = NULL;
    char out[128];
    snprintf(out, sizeof out, "%s/allowed", f->root);
    gnt_run_options options = {.out = out, .allow_in_sample = true};
    if (gnt_engine_open(&engine, "cpu", 2, NULL, &why)) fail_msg("%s", why.text);
    if (gnt_run_experiment(&engine, &cache, f->experiment, &options, NULL, &result, &why)) fail_msg("%s", why.text);
    const json_t *window = json_array_get(json_object_get(result, "windows"), 0);
    assert_string_equal(json_string_value(json_object_get(window, "in_sample")), row[1].word);
    json_decref(result);
    gnt_run_cache_free(&cache);
    gnt_engine_close(&engine);
}

/* ---- a stop ------------------------------------------------------------------------------------------------ */

static bool stop_late(void *self, const char *what, double done, double total, const char *detail)
{
    (void)done, (void)total, (void)detail;
    *(int *)self += 1;
    return strcmp(what, "A/B replay") != 0; /* everything but the last part is done by then */
}

static void a_stop_leaves_no_half_file(void **state)
{
    fixture *f = *state;
    gnt_engine engine = {0};
    gnt_run_cache cache = {0};
    gnt_error why = {0};
    int calls = 0;
    char out[128], path[160];
    gnt_progress progress = {.report = stop_late, .self = &calls};
    snprintf(out, sizeof out, "%s/stopped", f->root);
    gnt_run_options options = {.out = out};
    if (gnt_engine_open(&engine, "cpu", 2, NULL, &why)) fail_msg("%s", why.text);
    assert_int_equal(gnt_run_experiment(&engine, &cache, f->experiment, &options, &progress, NULL, &why),
                     GNT_EINTERRUPTED);
    assert_true(calls > 3);
    static const char *const gone[] = {"result.json", "result.h5", "manifest.json"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", out, gone[i]);
        if (gnt_file_exists(path)) fail_msg("%s is there after a stop", path);
    }
    gnt_run_cache_free(&cache);
    gnt_engine_close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_bytes_again_and_for_any_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cached_model_is_the_fitted_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(later_bars_change_no_score, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_sample_is_refused_then_marked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stop_leaves_no_half_file, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
