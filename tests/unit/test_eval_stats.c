/* The table of statistics end to end: every expected value of the reference whose statistic is a row, and refusals. */
#include "host/base/json.h"
#include "host/eval/stats.h"
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REFERENCE GNT_SOURCE_DIR "/../shared/reference/stats/"

enum { MAX_ARGUMENTS = 16 };

/* JSON arguments as the text a command line would carry; seed apart. */
static size_t as_given(json_t *args, char text[][40], gnt_stat_given *given, uint64_t *seed)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    *seed = 42;
    json_object_foreach(args, key, value)
    {
        if (strcmp(key, "seed") == 0) {
            *seed = (uint64_t)json_integer_value(value);
            continue;
        }
        if (json_is_string(value))
            snprintf(text[n], 40, "%s", json_string_value(value));
        else if (json_is_integer(value))
            snprintf(text[n], 40, "%lld", (long long)json_integer_value(value));
        else
            snprintf(text[n], 40, "%.17g", json_number_value(value));
        given[n] = (gnt_stat_given){key, text[n]};
        n++;
    }
    return n;
}

static bool near(json_t *got, json_t *want, double tol_abs, double tol_rel)
{
    if (json_is_array(want)) {
        if (!json_is_array(got) || json_array_size(got) != json_array_size(want)) return false;
        for (size_t i = 0; i < json_array_size(want); i++)
            if (!near(json_array_get(got, i), json_array_get(want, i), tol_abs, tol_rel)) return false;
        return true;
    }
    if (!json_is_number(got) && !json_is_boolean(got)) return false;
    double x = json_is_boolean(got) ? json_is_true(got) : json_number_value(got), y = json_number_value(want);
    return fabs(x - y) <= tol_abs + tol_rel * fabs(y);
}

static bool passes(json_t *entry, gnt_status st, json_t *out)
{
    const char *field = json_string_value(json_object_get(entry, "field"));
    json_t *want = json_object_get(entry, "value"), *got = json_object_get(out, field);
    const char *word = json_string_value(want);
    if (strcmp(field, "error") == 0) return st && strcmp(gnt_status_code(st), word) == 0;
    if (st) return false;
    if (word) return json_is_null(got) && json_object_get(json_object_get(out, "reasons"), field);
    return near(got, want, json_number_value(json_object_get(entry, "tol_abs")),
                json_number_value(json_object_get(entry, "tol_rel")));
}

static void check_entry(gnt_engine *engine, const gnt_stat *stat, json_t *entry)
{
    char text[MAX_ARGUMENTS][40], path[512];
    gnt_stat_given given[MAX_ARGUMENTS];
    gnt_csv csv = {0};
    gnt_error why = {0};
    uint64_t seed;
    json_t *out = json_object();
    const char *file = json_string_value(json_object_get(entry, "csv"));
    size_t n = as_given(json_object_get(entry, "args"), text, given, &seed);
    snprintf(path, sizeof path, "%s%s", REFERENCE, file ? file : "");
    gnt_status st = file ? gnt_csv_read(path, 1 << 24, &csv, &why) : GNT_OK;
    if (!st) st = gnt_stat_run(engine, stat, file ? &csv : NULL, given, n, seed, out, &why);
    if (!passes(entry, st, out)) {
        char *want = json_dumps(entry, 0), *got = json_dumps(out, JSON_REAL_PRECISION(17));
        fail_msg("%s\n  got %s %s", want, got, why.text);
    }
    json_decref(out);
    gnt_csv_free(&csv);
}

static void expected_values(void **state)
{
    gnt_engine *engine = *state;
    json_t *list = NULL;
    gnt_error why = {0};
    if (gnt_json_read(REFERENCE "expected.json", &list, &why)) {
        print_message("skipped: no %s\n", REFERENCE "expected.json");
        skip();
    }
    size_t n = 0, absent = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *entry = json_array_get(list, i);
        const gnt_stat *stat;
        if (gnt_stat_find(json_string_value(json_object_get(entry, "stat")), &stat, &why)) {
            absent++;
            continue;
        }
        check_entry(engine, stat, entry);
        n++;
    }
    print_message("%zu expected values checked, %zu of statistics that aren't rows yet\n", n, absent);
    assert_true(n >= 183); /* the rows there are must not vanish quietly */
    json_decref(list);
}

/* ---- refusals ------------------------------------------------------------------------------------------ */

static void refusals(void **state)
{
    static const struct {
        const char *stat, *csv, *name, *value;
        gnt_status status;
        const char *says;
    } cases[] = {
        {"trading", "ret\n0.1\n", "periods", "0", GNT_EINVAL, "periods 0 is outside (0"},
        {"trading", "ret\n0.1\n", "period", "3", GNT_EINVAL, "did you mean --periods"},
        {"trading", "ret\n0.1\n", "rf", "x", GNT_EINVAL, "'x' is not a number"},
        {"trading", "ret\n0.1\n", "rf", "nan", GNT_EINVAL, "'nan' is not a number"},
        {"trading", "ret\n0x1p3\n", NULL, NULL, GNT_EPARSE, "t.csv:2: ret: '0x1p3' is not a number"},
        {"trading", "ret\n0.1\ninf\n", NULL, NULL, GNT_EVALUE, "t.csv:3: ret: 'inf'"},
        {"trading", "ret,x\n,1\n", NULL, NULL, GNT_EVALUE, "empty"},
        {"trading", "ret\n", NULL, NULL, GNT_EFEW, "at least 1"},
        {"trading", "retn\n1\n", NULL, NULL, GNT_EPARSE, "no column 'ret'"},
        {"trading", "ret,ret\n1,2\n", NULL, NULL, GNT_EPARSE, "twice"},
        {"trading", NULL, NULL, NULL, GNT_EINVAL, "--input"},
        {"random", "x\n1\n", NULL, NULL, GNT_EINVAL, "takes no --input"},
        {"random", NULL, "block", "1.5", GNT_EINVAL, "whole"},
        {"random", NULL, "stream", "65536", GNT_EINVAL, "outside [0"},
        {"classification", "y,p\n1,1.01\n", NULL, NULL, GNT_EVALUE, "outside [0, 1]"},
        {"classification", "y,p\n0.5,1\n", NULL, NULL, GNT_EVALUE, "not 0 or 1"},
        {"classification", "y,p\n1,0.5\n", "alpha", "1", GNT_EINVAL, "alpha 1 is outside (0, 1)"},
        {"classification", "y,p\n1,0.5\n", "bins", "-1", GNT_EINVAL, "not a whole number"},
        {"lo_sharpe", "x\n1\n2\n", "q", "2", GNT_EINVAL, "below the number of rows"},
        {"newey_west", "x\n1\n", NULL, NULL, GNT_EFEW, "at least 2"},
        {"block_length", "x\n1\n2\n", NULL, NULL, GNT_EFEW, "at least 20"},
        {"bootstrap", "x\n1\n2\n", NULL, NULL, GNT_EFEW, "block length"},
        {"bootstrap", "x\n1\n2\n", "block", "3", GNT_EINVAL, "outside 1 to 2"},
        {"bootstrap", "x\n1\n2\n", "block", "0", GNT_EINVAL, "at least 1"},
        {"bootstrap", "x\n1\n2\n", "method", "moving", GNT_EINVAL, "stationary|circular"},
        {"bootstrap_indices", NULL, "n", "5", GNT_EINVAL, "--block B is required"},
        {"two_proportion", "arm,n,x\n0,10,4\n0,10,5\n", NULL, NULL, GNT_EVALUE, "arm 0 and one for arm 1"},
        {"two_proportion", "arm,n,x\n0,10,4\n1,10,11\n", NULL, NULL, GNT_EVALUE, "11 successes of 10"},
        {"two_proportion", "arm,n,x\n0,10.5,4\n1,10,1\n", NULL, NULL, GNT_EVALUE, "not a count"},
        {"srm", "arm,n,weight\n0,1,0\n1,2,1\n", NULL, NULL, GNT_EVALUE, "not above 0"},
        {"power", NULL, "p1", "2", GNT_EINVAL, "outside [0, 1]"},
        {"mcnemar", "correct_a,correct_b\n1\n", NULL, NULL, GNT_EPARSE, "t.csv:2: 1 cells, the header has 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gnt_csv csv = {0};
        gnt_error why = {0};
        gnt_stat_given given = {cases[i].name, cases[i].value};
        const gnt_stat *stat = NULL;
        json_t *out = json_object();
        gnt_status st = gnt_stat_find(cases[i].stat, &stat, &why);
        if (!st && cases[i].csv) st = gnt_csv_parse(cases[i].csv, strlen(cases[i].csv), "t.csv", &csv, &why);
        if (!st)
            st = gnt_stat_run(*state, stat, cases[i].csv ? &csv : NULL, &given, cases[i].name ? 1 : 0, 1, out, &why);
        if (st != cases[i].status || !strstr(why.text, cases[i].says))
            fail_msg("case %zu (%s): status %d '%s', expected %d '%s'", i, cases[i].stat, st, why.text, cases[i].status,
                     cases[i].says);
        json_decref(out);
        gnt_csv_free(&csv);
    }
}

static void nearest_names(void **state)
{
    (void)state;
    const gnt_stat *stat;
    gnt_error why = {0};
    assert_int_equal(gnt_stat_find("mcnemer", &stat, &why), GNT_EINVAL);
    assert_non_null(strstr(why.text, "'mcnemar'"));
    assert_int_equal(gnt_stat_find("zzzzzzzzzz", &stat, &why), GNT_EINVAL);
    assert_non_null(strstr(why.text, "--list"));
}

/* A statistic may not depend on how many threads drew its replicates. */
static void threads_change_nothing(void **state)
{
    (void)state;
    char text[4096] = "x\n";
    for (int i = 0; i < 60; i++) snprintf(text + strlen(text), 32, "%.3f\n", sin(i * 1.7) + .01 * i);
    char *answer[2];
    for (int k = 0; k < 2; k++) {
        gnt_engine engine = {0};
        gnt_csv csv;
        gnt_error why = {0};
        const gnt_stat *stat;
        gnt_stat_given given[] = {{"statistic", "sharpe"}, {"replicates", "3000"}};
        json_t *out = json_object();
        assert_int_equal(gnt_engine_open(&engine, "cpu", k ? 5 : 1, NULL, &why), GNT_OK);
        assert_int_equal(gnt_csv_parse(text, strlen(text), "t.csv", &csv, &why), GNT_OK);
        assert_int_equal(gnt_stat_find("bootstrap", &stat, &why), GNT_OK);
        assert_int_equal(gnt_stat_run(&engine, stat, &csv, given, 2, 7, out, &why), GNT_OK);
        answer[k] = json_dumps(out, JSON_REAL_PRECISION(17));
        json_decref(out);
        gnt_csv_free(&csv);
        gnt_engine_close(&engine);
    }
    assert_string_equal(answer[0], answer[1]);
    free(answer[0]);
    free(answer[1]);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(expected_values), cmocka_unit_test(refusals),
                                       cmocka_unit_test(nearest_names), cmocka_unit_test(threads_change_nothing)};
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
