/* Fits of one call: each model, curve and metadata has the bytes it has alone; an error or a stop of one ends all and
 * leaves nothing half made. */
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#include "host/market/synthetic.h"
#include "host/model/model.h"

enum { WINDOW = 10, N_SPLITS = 2, N = 9 };

typedef struct stage {
    gnt_engine engine;
    gnt_bars bars;
    gnt_features features;
    gnt_split split[N_SPLITS];
    uint8_t *up;
    gnt_labels labels;
} stage;

static const char *const ranges[N_SPLITS][2] = {{"2018-01-01..2018-12-31", "2019-01-02..2019-04-30"},
                                                {"2018-06-01..2019-09-30", "2019-10-01..2020-02-28"}};

static void stage_open(stage *s, unsigned threads)
{
    gnt_error why = {0};
    *s = (stage){0};
    if (gnt_engine_open(&s->engine, "cpu", threads, NULL, &why) ||
        gnt_bars_load("builtin:SYN-EDGE", 42, &s->bars, &why) ||
        gnt_features_make(&s->engine, "gauntlet-35", &s->bars, 1, &s->features, &why) ||
        gnt_bars_labels(&s->bars, &s->up, &s->labels, &why))
        fail_msg("%s", why.text);
    for (size_t i = 0; i < N_SPLITS; i++) {
        gnt_split *p = &s->split[i];
        p->has_val = true;
        assert_true(gnt_range_parse(ranges[i][0], &p->train) && gnt_range_parse(ranges[i][1], &p->val));
        if (gnt_split_make(p, s->features.day, s->features.n_rows, s->features.schema.first_valid, WINDOW, &why))
            fail_msg("%s", why.text);
    }
}

static void stage_close(stage *s)
{
    for (size_t i = 0; i < N_SPLITS; i++) gnt_split_free(&s->split[i]);
    gnt_features_free(&s->features);
    gnt_bars_free(&s->bars);
    free(s->up);
    gnt_engine_close(&s->engine);
}

/* N fits of mixed splits, shapes, seeds, schedules and lengths. */
typedef struct fits {
    gnt_model model[N];
    gnt_fit_options options[N];
    gnt_fit_report report[N];
    gnt_fit_task task[N];
} fits;

static void fits_open(fits *f, const stage *s)
{
    gnt_error why = {0};
    memset(f, 0, sizeof *f);
    for (size_t i = 0; i < N; i++) {
        gnt_fit_options *o = &f->options[i];
        if (gnt_variant(i % 4 == 3 ? "enhanced" : "baseline", 35, WINDOW, &f->model[i].net, o, &why))
            fail_msg("%s", why.text);
        o->epochs = 2 + (unsigned)(i % 5) * 2;
        o->patience = (unsigned)(i % 3);
        o->schedule = (gnt_schedule)(i % 4);
        o->balanced = i % 2;
        o->train.seed = 42 + i / 2;
        o->train.batch = i % 3 ? 64 : 40;
        f->task[i] = (gnt_fit_task){&s->features, s->labels, &s->split[i % N_SPLITS], o, &f->model[i], &f->report[i]};
    }
}

static void fits_close(fits *f)
{
    for (size_t i = 0; i < N; i++) {
        gnt_model_free(&f->model[i]);
        gnt_fit_report_free(&f->report[i]);
    }
}

static void same_fit(size_t i, unsigned threads, const fits *want, const fits *got)
{
    gnt_text a = {0}, b = {0};
    gnt_error why = {0};
    const gnt_fit_report *x = &want->report[i], *y = &got->report[i];
    if (gnt_onnx_pack(&want->model[i], &a, &why) || gnt_onnx_pack(&got->model[i], &b, &why)) fail_msg("%s", why.text);
    if (a.n != b.n || memcmp(a.data, b.data, a.n) != 0)
        fail_msg("model %zu, %u threads: its file differs (%zu and %zu bytes)", i, threads, a.n, b.n);
    if (x->epochs_run != y->epochs_run || memcmp(x->epoch, y->epoch, x->epochs_run * sizeof *x->epoch) != 0)
        fail_msg("model %zu, %u threads: its curve differs (%u and %u epochs)", i, threads, x->epochs_run,
                 y->epochs_run);
    gnt_text_free(&a);
    gnt_text_free(&b);
}

static void together_as_alone(void **state)
{
    (void)state;
    static const unsigned threads[] = {2, 7};
    fits alone, among;
    stage one, s;
    gnt_error why = {0};
    bool early = false;
    stage_open(&one, 1);
    fits_open(&alone, &one);
    for (size_t i = 0; i < N; i++) {
        if (gnt_model_fit_many(&one.engine, &alone.task[i], 1, NULL, &why)) fail_msg("%s", why.text);
        early = early || alone.report[i].epochs_run < alone.options[i].epochs;
    }
    assert_true(early); /* else leaving early was not tried */
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        stage_open(&s, threads[t]);
        fits_open(&among, &s);
        if (gnt_model_fit_many(&s.engine, among.task, N, NULL, &why)) fail_msg("%s", why.text);
        for (size_t i = 0; i < N; i++) same_fit(i, threads[t], &alone, &among);
        fits_close(&among);
        stage_close(&s);
    }
    fits_close(&alone);
    stage_close(&one);
}

static void none_has_a_report(const fits *f)
{
    for (size_t i = 0; i < N; i++) assert_null(f->report[i].epoch);
}

static void an_error_of_one_ends_all(void **state)
{
    (void)state;
    stage s;
    fits f;
    gnt_error why = {0};
    stage_open(&s, 2);
    fits_open(&f, &s);
    f.options[N - 1].epochs = 0;
    assert_int_equal(gnt_model_fit_many(&s.engine, f.task, N, NULL, &why), GNT_EINVAL);
    assert_non_null(strstr(why.text, "0 epochs"));
    none_has_a_report(&f);
    f.options[N - 1].epochs = 2;
    f.options[3].train.learning_rate = 1e4; /* decoupled decay: the weights leave float32 */
    f.options[3].train.weight_decay = 1e4;
    f.options[3].train.optimiser = GNT_ADAMW;
    f.options[3].epochs = 20;
    f.options[3].patience = 0;
    f.options[3].schedule = GNT_SCHEDULE_CONSTANT;
    gnt_status st = gnt_model_fit_many(&s.engine, f.task, N, NULL, &why);
    if (st == GNT_OK || !strstr(why.text, "learning rate")) fail_msg("status %d: %s", st, why.text);
    none_has_a_report(&f);
    fits_close(&f);
    stage_close(&s);
}

typedef struct counter {
    int reports, stop_at;
    double done, total;
} counter;

static bool count(void *self, const char *what, double done, double total, const char *detail)
{
    counter *c = self;
    (void)detail;
    if (!strstr(what, "9 models") || done > total || done < c->done) fail_msg("%s: %g of %g", what, done, total);
    c->done = done;
    c->total = total;
    return ++c->reports != c->stop_at;
}

static void progress_rises_and_stops(void **state)
{
    (void)state;
    stage s;
    fits f;
    counter c = {.stop_at = 0};
    gnt_progress progress = {count, NULL, &c};
    gnt_error why = {0};
    stage_open(&s, 2);
    fits_open(&f, &s);
    assert_int_equal(gnt_model_fit_many(&s.engine, f.task, N, &progress, &why), GNT_OK);
    assert_true(c.reports > 2 && c.total > 0);
    fits_close(&f);
    fits_open(&f, &s);
    c = (counter){.stop_at = 2};
    assert_int_equal(gnt_model_fit_many(&s.engine, f.task, N, &progress, &why), GNT_EINTERRUPTED);
    assert_int_equal(c.reports, 2);
    none_has_a_report(&f);
    assert_int_equal(gnt_model_fit_many(&s.engine, NULL, 0, NULL, &why), GNT_OK);
    fits_close(&f);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together_as_alone),
        cmocka_unit_test(an_error_of_one_ends_all),
        cmocka_unit_test(progress_rises_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
