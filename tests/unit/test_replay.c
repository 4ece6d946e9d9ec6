/* The A/B replay: a case worked by hand, the slow oracle in every mode, refusals, units files. */
#include "host/base/mem.h"
#include "host/replay/replay.h"
#include "tests/ref/ref_replay.h"
#include "tests/synth.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { T = 260, BEGIN = 40, END = 240, ROWS = END - BEGIN };

typedef struct market {
    gnt_bars bars;
    double storage[5 * T], prob[2][T];
    gnt_day day[T];
} market;

/* Baseline answers at random, enhanced knows the outcome `edge` of the time beyond that. */
static void make_market(market *m, uint64_t seed, double edge)
{
    gnt_bars_view v = synth_bars(seed, T, .02, m->storage);
    for (size_t t = 0; t < T; t++) m->day[t] = 18263 + (gnt_day)t; /* from 2020-01-02, weekends and all */
    m->bars = (gnt_bars){.symbol = "SYN-TEST",
                         .provenance = GNT_SYNTHETIC,
                         .n = T,
                         .day = m->day,
                         .open = (double *)v.open,
                         .high = (double *)v.high,
                         .low = (double *)v.low,
                         .close = (double *)v.close,
                         .adj_close = (double *)v.close,
                         .volume = (double *)v.volume};
    for (size_t t = 0; t < T; t++) {
        double up = t + 1 < T && v.close[t + 1] > v.close[t] ? .8 : .2;
        m->prob[0][t] = synth_uniform(&seed);
        m->prob[1][t] = synth_uniform(&seed) < edge ? up : synth_uniform(&seed);
    }
}

static void near(const char *what, double got, double want, double tol)
{
    if (!(fabs(got - want) <= tol)) fail_msg("%s: %.17g, oracle %.17g", what, got, want);
}

static void compare(const gnt_replay *r, const ref_replay_result *ref, const uint8_t *arm, const double *p)
{
    static const char *const names[2][4] = {{"baseline", "routed baseline", "return", "routed return"},
                                            {"enhanced", "routed enhanced", "return", "routed return"}};
    assert_int_equal(r->n_unique, ref->n_unique);
    for (size_t j = 0; j < r->n; j++) {
        if (r->arm[j] != arm[j]) fail_msg("request %zu: arm %d, oracle %d", j, r->arm[j], arm[j]);
        near("always valid p", r->always_valid_p_after[j], p[j], 1e-12);
    }
    for (int a = 0; a < 2; a++) {
        assert_int_equal(r->count[a], ref->count[a]);
        assert_int_equal(r->routed[a].accuracy.n, ref->n_routed[a]);
        near(names[a][0], r->all[a].accuracy.value, ref->all[a], 0);
        near(names[a][1], r->routed[a].accuracy.value, ref->routed[a], 0);
        near("Wilson low", r->routed[a].accuracy.lo, ref->routed_lo[a], 1e-13);
        near("Wilson high", r->routed[a].accuracy.hi, ref->routed_hi[a], 1e-13);
        near(names[a][2], r->all[a].total_return.value, ref->return_all[a], 0); /* exact class: the same bits */
        near(names[a][3], r->routed[a].total_return.value, ref->return_routed[a], 0);
    }
    near("share", r->share_enhanced, ref->share, 0);
    near("srm p", r->srm_p.value, ref->srm_p, 1e-12);
    near("diff", r->diff.value, ref->diff, 1e-15);
    near("diff low", r->diff_lo.value, ref->diff_lo, 1e-13);
    near("diff high", r->diff_hi.value, ref->diff_hi, 1e-13);
    near("McNemar", r->mcnemar.exact_p.value, ref->mcnemar_p, 1e-12);
    near("final p", r->always_valid_p.value, p[r->n - 1], 1e-12);
}

static void check_mode(gnt_engine *engine, market *m, size_t n_requests, gnt_replay_units *units, double weight)
{
    gnt_replay_options o = gnt_replay_default();
    gnt_replay_input in = {&m->bars, BEGIN, END, {m->prob[0], m->prob[1]}, units};
    gnt_replay r;
    gnt_error why = {0};
    uint32_t row[ROWS];
    ref_replay_result ref;
    o.n_requests = n_requests;
    o.weight = weight;
    o.n_replicates = 3;
    if (gnt_replay_run(engine, &o, &in, &r, &why)) fail_msg("%s", why.text);
    for (uint32_t i = 0; i < ROWS; i++) row[i] = BEGIN - 1 + i;
    ref_replay_case c = {.bars = gnt_bars_as_view(&m->bars),
                         .begin = BEGIN,
                         .end = END,
                         .prob = {m->prob[0], m->prob[1]},
                         .experiment = o.experiment,
                         .weight = weight,
                         .seed = o.seed,
                         .n = r.n,
                         .row = units ? units->row : row,
                         .unit = units ? (const char *const *)units->unit : NULL,
                         .cycle = units ? units->n : ROWS};
    uint8_t *arm = malloc(r.n);
    double *p = malloc(r.n * sizeof *p);
    ref_replay(&c, &ref, arm, p);
    compare(&r, &ref, arm, p);
    for (size_t k = 0; k < 3; k++) {
        c.replicate = k + 1;
        ref_replay(&c, &ref, NULL, p);
        near("replicate share", r.replicates.share_enhanced[k], ref.share, 0);
        near("replicate diff", r.replicates.diff[k], ref.diff, 1e-15);
        near("replicate srm", r.replicates.srm_p[k], ref.srm_p, 1e-12);
        near("replicate p", r.replicates.always_valid_p[k], p[r.n - 1], 1e-12);
        for (int a = 0; a < 2; a++) near("replicate return", r.replicates.total_return[a][k], ref.return_routed[a], 0);
    }
    free(arm);
    free(p);
    gnt_replay_free(&r);
}

static void the_oracle_agrees(void **state)
{
    static market m;
    make_market(&m, 11, .4);
    check_mode(*state, &m, 0, NULL, .3);
    check_mode(*state, &m, 700, NULL, .3); /* three and a half times round */
    check_mode(*state, &m, 90, NULL, .5);  /* not every window is asked for */
}

static void the_oracle_agrees_on_units(void **state)
{
    static market m;
    gnt_replay_units units;
    gnt_error why = {0};
    char text[ROWS * 64] = "unit,date\n", date[GNT_DATE_ROOM];
    size_t used = strlen(text);
    make_market(&m, 12, .2);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k <= i % 5 / 4; k++) /* every fifth day two units ask */
            used += (size_t)sprintf(text + used, "customer-%d,%s\n", (i * 7 + k) % 83,
                                    gnt_date_format(m.day[BEGIN - 1 + i], date));
    if (gnt_replay_units_parse(text, used, "u.csv", &m.bars, BEGIN, END, &units, &why)) fail_msg("%s", why.text);
    assert_int_equal(units.n, ROWS + ROWS / 5);
    check_mode(*state, &m, 0, &units, .3);
    check_mode(*state, &m, 500, &units, .3);
    gnt_replay_units_free(&units);
}

/* Four bars a person can check: closes 100 101 100 102, opens equal to the close before. Window bars 1..3, rows 0..2.
 * Outcomes: up, down, up. Baseline says up up up, enhanced up down up. */
static void by_hand(void **state)
{
    double open[4] = {100, 100, 101, 100}, close[4] = {100, 101, 100, 102}, volume[4] = {1, 1, 1, 1};
    double base[4] = {.6, .6, .6, .6}, enh[4] = {.6, .4, .6, .6};
    gnt_day day[4] = {18263, 18264, 18265, 18266};
    gnt_bars bars = {.symbol = "HAND",
                     .n = 4,
                     .day = day,
                     .open = open,
                     .high = close,
                     .low = open,
                     .close = close,
                     .adj_close = close,
                     .volume = volume};
    gnt_replay_input in = {&bars, 1, 4, {base, enh}, NULL};
    gnt_replay_options o = gnt_replay_default();
    gnt_replay r;
    gnt_error why = {0};
    o.weight = 1; /* everything to enhanced */
    if (gnt_replay_run(*state, &o, &in, &r, &why)) fail_msg("%s", why.text);
    assert_int_equal(r.count[1], 3);
    assert_true(r.all[0].accuracy.value == 2. / 3 && r.all[1].accuracy.value == 1);
    assert_true(r.all[0].accuracy.majority == 2. / 3);
    assert_int_equal(r.mcnemar.n01, 1);
    assert_true(r.all[0].constant_prediction && !r.all[1].constant_prediction);
    assert_true(r.mcnemar.exact_p.value == 1);
    /* enhanced buys at 100, sells at 101, buys at 100, sells at 102; c = 2.5 bp a trade: each buy leaves 1/(1+c) */
    double c = 2.5e-4, want = 1.01 * 1.02 * (1 - c) * (1 - c) / ((1 + c) * (1 + c)) - 1;
    near("enhanced", r.all[1].total_return.value, want, 1e-15);
    near("routed", r.routed[1].total_return.value, want, 1e-15);
    near("baseline holds", r.all[0].total_return.value, 1.02 * (1 - c) / (1 + c) - 1, 1e-15);
    near("buy and hold", r.buy_hold.value, 1.02 * (1 - c) / (1 + c) - 1, 1e-15);
    assert_true(r.routed[0].total_return.value == 0); /* no window, no trade */
    assert_true(isnan(r.routed[0].accuracy.value));
    assert_string_equal(r.diff.reason, "no_observations");
    assert_string_equal(r.srm_p.reason, "no_split");
    assert_string_equal(r.requests_for_80_power.reason, "no_split");
    assert_true(r.always_valid_p.value == 1 && r.first_crossing == -1);
    gnt_replay_free(&r);
}

static void the_object_has_every_key(void **state)
{
    static const char *const keys[] = {"n",
                                       "counts.baseline",
                                       "counts.enhanced",
                                       "share_enhanced",
                                       "srm_p",
                                       "baseline.accuracy.value",
                                       "baseline.accuracy.lo",
                                       "baseline.accuracy.hi",
                                       "baseline.accuracy.n",
                                       "baseline.accuracy.majority",
                                       "baseline.total_return",
                                       "enhanced.accuracy.value",
                                       "enhanced.total_return",
                                       "routed.baseline.accuracy.value",
                                       "routed.enhanced.total_return",
                                       "diff.value",
                                       "diff.lo",
                                       "diff.hi",
                                       "mcnemar_p",
                                       "always_valid_p",
                                       "requests_for_80_power",
                                       "provenance",
                                       "replicates.diff.p05",
                                       "replicates.share_enhanced.p95"};
    static market m;
    make_market(&m, 5, 0);
    gnt_replay_input in = {&m.bars, BEGIN, END, {m.prob[0], m.prob[1]}, NULL};
    gnt_replay_options o = gnt_replay_default();
    gnt_replay r;
    gnt_error why = {0};
    o.n_replicates = 10;
    if (gnt_replay_run(*state, &o, &in, &r, &why)) fail_msg("%s", why.text);
    json_t *object = gnt_replay_json(&r);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s", keys[i]);
        json_t *at = object;
        char *rest = NULL;
        for (char *part = strtok_r(path, ".", &rest); part; part = strtok_r(NULL, ".", &rest))
            at = json_object_get(at, part);
        if (!at || json_is_null(at)) fail_msg("no key %s", keys[i]);
    }
    assert_string_equal(json_string_value(json_object_get(object, "provenance")), "synthetic");
    json_decref(object);
    gnt_replay_free(&r);
}

/* The series of a result file come back as they were. */
static void the_series_are_stored(void **state)
{
    static market m;
    make_market(&m, 9, .1);
    gnt_replay_input in = {&m.bars, BEGIN, END, {m.prob[0], m.prob[1]}, NULL};
    gnt_replay_options o = gnt_replay_default();
    gnt_replay r;
    gnt_error why = {0};
    gnt_h5 *file = NULL;
    void *data[4] = {0};
    size_t rows, cols;
    o.n_replicates = 4;
    if (gnt_replay_run(*state, &o, &in, &r, &why)) fail_msg("%s", why.text);
    if (gnt_h5_create("test_replay.h5", &file, &why)) fail_msg("%s", why.text);
    if (gnt_replay_store(&r, &m.bars, file, "/ab", &why)) fail_msg("%s", why.text);
    if (gnt_h5_commit(&file, &why)) fail_msg("%s", why.text);
    if (gnt_h5_open("test_replay.h5", &file, &why)) fail_msg("%s", why.text);
    if (gnt_h5_get(file, "/ab/arm", GNT_H5_U8, &data[0], &rows, &cols, &why)) fail_msg("%s", why.text);
    assert_int_equal(rows, ROWS);
    assert_memory_equal(data[0], r.arm, ROWS);
    if (gnt_h5_get(file, "/ab/day", GNT_H5_I32, &data[1], &rows, &cols, &why)) fail_msg("%s", why.text);
    assert_int_equal(((gnt_day *)data[1])[0], m.day[BEGIN - 1]);
    if (gnt_h5_get(file, "/ab/prob_enhanced", GNT_H5_F64, &data[2], &rows, &cols, &why)) fail_msg("%s", why.text);
    assert_memory_equal(data[2], m.prob[1] + BEGIN - 1, ROWS * sizeof(double));
    if (gnt_h5_get(file, "/ab/replicates/diff", GNT_H5_F64, &data[3], &rows, &cols, &why)) fail_msg("%s", why.text);
    assert_int_equal(rows, 4);
    assert_memory_equal(data[3], r.replicates.diff, 4 * sizeof(double));
    for (int i = 0; i < 4; i++) free(data[i]);
    gnt_h5_close(&file);
    remove("test_replay.h5");
    gnt_replay_free(&r);
}

static void refusals(void **state)
{
    static market m;
    make_market(&m, 7, 0);
    gnt_replay_input in = {&m.bars, BEGIN, END, {m.prob[0], m.prob[1]}, NULL};
    gnt_replay_options o = gnt_replay_default();
    gnt_replay r;
    gnt_error why = {0};
    o.weight = 1.5;
    assert_int_equal(gnt_replay_run(*state, &o, &in, &r, &why), GNT_EINVAL);
    o = gnt_replay_default();
    o.experiment = "";
    assert_int_equal(gnt_replay_run(*state, &o, &in, &r, &why), GNT_EINVAL);
    o = gnt_replay_default();
    o.n_requests = 1ull << 40;
    assert_int_equal(gnt_replay_run(*state, &o, &in, &r, &why), GNT_EINVAL);
    o = gnt_replay_default();
    m.prob[1][BEGIN + 3] = NAN;
    assert_int_equal(gnt_replay_run(*state, &o, &in, &r, &why), GNT_EVALUE);
    assert_non_null(strstr(why.text, "enhanced"));
    m.prob[1][BEGIN + 3] = .5;
    m.prob[1][END - 1] = NAN; /* acts after the window: never read */
    assert_int_equal(gnt_replay_run(*state, &o, &in, &r, &why), GNT_OK);
    gnt_replay_free(&r);
    in.begin = 0;
    assert_int_equal(gnt_replay_run(*state, &o, &in, &r, &why), GNT_EINVAL);
}

static void bad_units_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        gnt_status status;
        const char *says;
    } cases[] = {
        {"date,unit\n2020-01-03,a\n2020-01-05,b\n", GNT_EVALUE, "no unit for 2020-01-04"},
        {"date,unit\n2020-01-03,a\n2020-01-04,b\n", GNT_EVALUE, "no unit for 2020-01-05"},
        {"date,unit\n2020-01-03,a\n2020-01-04,b\n2020-01-03,c\n", GNT_EVALUE, "u.csv:4: dates fall"},
        {"date,unit\n2020-01-03,\n2020-01-04,b\n2020-01-05,c\n", GNT_EVALUE, "u.csv:2: empty unit"},
        {"date,unit\n2031-01-03,a\n", GNT_EVALUE, "is no bar of SYN-TEST"},
        {"date,unit\n03/01/2020,a\n", GNT_EPARSE, "is not YYYY-MM-DD"},
        {"date,units\n2020-01-03,a\n", GNT_EPARSE, "no column 'unit'"},
        {"date,unit\n2020-01-03\n", GNT_EPARSE, "1 cells"},
        {"", GNT_EPARSE, "empty"},
    };
    static market m;
    make_market(&m, 3, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gnt_replay_units units;
        gnt_error why = {0};
        gnt_status st =
            gnt_replay_units_parse(cases[i].text, strlen(cases[i].text), "u.csv", &m.bars, 2, 5, &units, &why);
        if (st != cases[i].status || !strstr(why.text, cases[i].says))
            fail_msg("case %zu: status %d '%s', expected %d '%s'", i, st, why.text, cases[i].status, cases[i].says);
    }
}

static int open_engine(void **state)
{
    static gnt_engine engine;
    gnt_error why;
    *state = &engine;
    return gnt_engine_open(&engine, "cpu", 0, NULL, &why);
}
static int close_engine(void **state)
{
    gnt_engine_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_oracle_agrees),
                                       cmocka_unit_test(the_oracle_agrees_on_units),
                                       cmocka_unit_test(by_hand),
                                       cmocka_unit_test(the_object_has_every_key),
                                       cmocka_unit_test(the_series_are_stored),
                                       cmocka_unit_test(refusals),
                                       cmocka_unit_test(bad_units_files)};
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
