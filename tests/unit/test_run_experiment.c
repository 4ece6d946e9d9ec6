/* Experiment files: the seven that come with the program parse; every malformed one gets one line with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/base/file.h"
#include "host/run/experiment.h"
#include "host/run/metric.h"

static const char good[] = "name: probe\n"                                                              /* 1 */
                           "title: A probe\n"                                                           /* 2 */
                           "question: is it?\n"                                                         /* 3 */
                           "success_rule: it is\n"                                                      /* 4 */
                           "success:\n"                                                                 /* 5 */
                           "  - {window: w, arm: any, metric: accuracy_lo, above: majority}\n"          /* 6 */
                           "parts: [windows, cost_curve, regimes, folds, ab]\n"                         /* 7 */
                           "data: {bars: builtin:SYN-NULL, price: close}\n"                             /* 8 */
                           "splits:\n"                                                                  /* 9 */
                           "  - {name: s, train: start..2019-12-31, val: 2020-01-01..2020-06-30}\n"     /* 10 */
                           "windows:\n"                                                                 /* 11 */
                           "  - {name: w, split: s, from: 2020-07-01, to: 2020-12-31}\n"                /* 12 */
                           "training: {epochs: 3, learning_rate: 0.01}\n"                               /* 13 */
                           "strategy: {upper: 0.55, half_spread_bp: 2}\n"                               /* 14 */
                           "cost_curve: {bp: [0, 5], windows: [w]}\n"                                   /* 15 */
                           "regimes: {schemes: [trend], split: s, windows: [w]}\n"                      /* 16 */
                           "walk_forward: {test: 2020-01-02..2020-12-31, folds: 2, arms: [baseline]}\n" /* 17 */
                           "ab: {window: w, weight: 0.4}\n"                                             /* 18 */
                           "seed: 7\n";                                                                 /* 19 */

typedef struct bad_case {
    const char *find, *replace; /* in the good file */
    size_t line;
    const char *expected; /* part of the one line */
} bad_case;

static const bad_case bad_cases[] = {
    {"name: probe", "nam: probe", 1, "nam: unknown key, did you mean name?"},
    {"title: A probe\n", "", 1, "title: this key is missing"},
    {"title: A probe", "title:", 2, "title: text expected, got nothing"},
    {"title: A probe", "title: [A]", 2, "title: text expected, got a list"},
    {"name: probe", "name: a/b", 1, "name: a name of letters"},
    {"seed: 7", "seed: -1", 19, "seed: a whole number"},
    {"seed: 7", "seed: 7\nseed: 8", 20, "seed: given twice, first on line 19"},
    {"seed: 7", "seed: 18446744073709551616", 19, "seed: a whole number"},
    {"epochs: 3", "epochs: 0", 13, "training.epochs: a whole number from 1"},
    {"epochs: 3", "epochs: 3.5", 13, "training.epochs: a whole number"},
    {"learning_rate: 0.01", "learning_rate: nan", 13, "training.learning_rate: a number from"},
    {"learning_rate: 0.01", "learning_rte: 0.01", 13,
     "training.learning_rte: unknown key, did you mean learning_rate?"},
    {"price: close", "price: adjusted", 8, "data.price: one of close|adj expected"},
    {"upper: 0.55", "uper: 0.55", 14, "strategy: unknown parameter uper, did you mean upper?"},
    {"upper: 0.55", "upper: 1.5", 14, "strategy: upper"},
    {"half_spread_bp: 2", "half_spread_bp: 2, half-spread-bp: 3", 14, "given twice"},
    {"from: 2020-07-01", "from: 2020-02-30", 12, "windows[1].from: a date YYYY-MM-DD that exists expected"},
    {"from: 2020-07-01", "from: 2021-07-01", 12, "w: from is after to"},
    {"to: 2020-12-31}\n", "rest: true}\n", 12, "either from and to or rest"},
    {"to: 2020-12-31}\n", "to: 2020-12-31, hindsight: true}\n", 12, "a hindsight window needs a note"},
    {"split: s, from", "split: t, from", 12, "no split is called t"},
    {"val: 2020-01-01..", "val: 2019-06-01..", 10, "validation must begin after train ends"},
    {"train: start..2019-12-31", "train: 2019-12-31..start", 10, "splits[1].train: a range of dates"},
    {", val: 2020-01-01..2020-06-30", "", 10, "both train and val are needed"},
    {"bp: [0, 5]", "bp: [5, 0]", 15, "cost_curve.bp: numbers must rise"},
    {"bp: [0, 5]", "bp: []", 15, "cost_curve.bp: the list is empty"},
    {"bp: [0, 5]", "bp: 5", 15, "cost_curve.bp: a list expected"},
    {"windows: [w]}\nregimes", "windows: [ww]}\nregimes", 15, "no test window is called ww; did you mean w?"},
    {"schemes: [trend]", "schemes: [trend, trend]", 16, "regimes.schemes: trend is listed twice"},
    {"schemes: [trend]", "schemes: [trnd]", 16, "did you mean trend?"},
    {"weight: 0.4", "weight: 1.4", 18, "ab.weight: a number from 0.01 to 0.99 expected"},
    {"metric: accuracy_lo", "metric: acuracy_lo", 6,
     "success[1]: no metric acuracy_lo there, did you mean accuracy_lo?"},
    {"above: majority", "above: majorty", 6, "did you mean majority?"},
    {", above: majority", "", 6, "success[1]: above or below is missing"},
    {"above: majority", "above: 0.5, below: 0.6", 6, "not both"},
    {"arm: any", "arm: other", 6, "no variant other"},
    {"parts: [windows,", "parts: [", 12, "windows: parts does not ask for it"},
    {"ab: {window: w, weight: 0.4}\n", "", 1, "ab: this key is missing: parts asks for it"},
    {"seed: 7", "variants: [baseline]", 18, "an A/B comparison needs both variants"},
    {"seed: 7", "schema: levels-17", 0, NULL}, /* fine: the next row is not */
    {"price: close}", "price: adj}\nschema: levels-17", 8, "levels-17 needs price: close"},
    {"seed: 7", "seed: &a 7", 19, "anchors (&) are not supported"},
    {"seed: 7", "seed: *a", 19, "aliases (*) are not supported"},
    {"seed: 7", "seed: !!int 7", 19, "tags (!) are not supported"},
    {"seed: 7", "<<: {seed: 7}", 19, "merge keys"},
    {"seed: 7", "? [seed]\n: 7", 19, "a key must be one word"},
    {"seed: 7", "seed: 7\n---\nname: two", 20, "a second document"},
    {"seed: 7", "seed: [7", 20, "not valid YAML"},
    {"seed: 7", "seed: \"7\\0\"", 19, "a NUL byte"},
    {"seed: 7", "\tseed: 7", 19, "not valid YAML"},
    {"seed: 7", "seed: {a: {b: {c: {d: {e: {f: {g: {h: 1}}}}}}}}", 19, "more than 8 levels"},
};

/* The good file with `find` replaced; fails the test when it isn't there. */
static char *changed(const bad_case *c)
{
    const char *at = strstr(good, c->find);
    if (!at) fail_msg("\"%s\" is not in the good file", c->find);
    size_t n = strlen(good) + strlen(c->replace) + 1;
    char *text = malloc(n);
    assert_non_null(text);
    snprintf(text, n, "%.*s%s%s", (int)(at - good), good, c->replace, at + strlen(c->find));
    return text;
}

static void malformed_files_name_line_and_key(void **state)
{
    (void)state;
    gnt_experiment *e = malloc(sizeof *e);
    assert_non_null(e);
    for (size_t i = 0; i < sizeof bad_cases / sizeof *bad_cases; i++) {
        const bad_case *c = &bad_cases[i];
        char *text = changed(c), place[40];
        gnt_error why = {0};
        gnt_status st = gnt_experiment_parse(text, strlen(text), "x.yaml", e, &why);
        snprintf(place, sizeof place, "x.yaml:%zu: ", c->line);
        if (!c->expected) {
            if (st) fail_msg("case %zu: \"%s\" should parse: %s", i, c->replace, why.text);
        } else if (st != GNT_EPARSE && st != GNT_EVALUE)
            fail_msg("case %zu: \"%s\" -> status %d \"%s\", expected a refusal", i, c->replace, st, why.text);
        else if (strncmp(why.text, place, strlen(place)) != 0 || !strstr(why.text, c->expected))
            fail_msg("case %zu: \"%s\" -> \"%s\", expected \"%s...%s\"", i, c->replace, why.text, place, c->expected);
        else if (gnt_status_exit(st) != 1)
            fail_msg("case %zu: exit code %d, expected 1", i, gnt_status_exit(st));
        free(text);
    }
    free(e);
}

static void a_good_file_means_what_it_says(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_experiment *e = malloc(sizeof *e);
    assert_non_null(e);
    if (gnt_experiment_parse(good, strlen(good), "x.yaml", e, &why)) fail_msg("refused: %s", why.text);
    assert_string_equal(e->name, "probe");
    assert_int_equal(e->seed, 7);
    assert_int_equal(e->training.epochs, 3);
    assert_int_equal(e->walk_forward.epochs, 3); /* training's, when absent */
    assert_int_equal(e->walk_forward.arms, 1);
    assert_int_equal(e->walk_forward.embargo, 10);
    assert_true(e->strategy.upper == 0.55 && e->strategy.half_spread_bp == 2 && e->strategy.commission_bp == 0.5);
    assert_true(e->ab.weight == 0.4 && e->cost_curve.n_bp == 2 && e->cost_curve.bp[1] == 5);
    assert_int_equal(e->windows[0].from, gnt_day_of(2020, 7, 1));
    assert_string_equal(e->windows[0].title, "w");
    assert_int_equal(e->regimes.schemes, GNT_SCHEME_TREND);
    free(e);
}

/* SPEC 9's last paragraph, to the day. */
static void shipped_windows_are_the_contracts(void **state)
{
    (void)state;
    static const struct {
        const char *experiment, *window, *from, *to;
        bool hindsight;
        const char *train_to, *val_from, *val_to;
    } row[] = {
        {"covid_crash", "covid", "2020-02-20", "2020-04-30", true, "2019-06-28", "2019-07-01", "2020-02-18"},
        {"biotech_winter_2022", "winter-2022", "2022-01-01", "2022-12-31", false, "2020-12-31", "2021-01-04",
         "2021-07-30"},
        {"biotech_winter_2022", "winter-hindsight", "2021-08-10", "2022-06-16", true, "2020-12-31", "2021-01-04",
         "2021-07-30"},
        {"original_protocol", "original-winter", "2022-02-01", "2022-10-31", true, "2020-12-31", "2021-01-04",
         "2021-07-30"},
    };
    gnt_experiment *e = malloc(sizeof *e);
    assert_non_null(e);
    assert_int_equal(gnt_n_builtin_experiments, 7);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        for (size_t b = 0; b < gnt_n_builtin_experiments; b++) {
            const gnt_builtin_experiment *built = &gnt_builtin_experiments[b];
            char date[GNT_DATE_ROOM];
            gnt_error why = {0};
            if (gnt_experiment_parse(built->text, strlen(built->text), built->name, e, &why)) fail_msg("%s", why.text);
            assert_string_equal(e->name, built->name);
            if (strcmp(built->name, row[i].experiment) != 0) continue;
            int at = gnt_experiment_window(e, row[i].window);
            assert_true(at >= 0);
            const gnt_exp_window *w = &e->windows[at];
            const gnt_exp_split *s = &e->splits[gnt_experiment_split(e, w->split)];
            assert_string_equal(gnt_date_format(w->from, date), row[i].from);
            assert_string_equal(gnt_date_format(w->to, date), row[i].to);
            assert_int_equal(w->hindsight, row[i].hindsight);
            assert_string_equal(gnt_date_format(s->train.to, date), row[i].train_to);
            assert_string_equal(gnt_date_format(s->val.from, date), row[i].val_from);
            assert_string_equal(gnt_date_format(s->val.to, date), row[i].val_to);
        }
    free(e);
}

/* ---- the documentation lists every key and every metric ------------------------------------------------- */

static void keys_documented(const gnt_field *fields, const char *prefix, const char *doc)
{
    for (const gnt_field *f = fields; f->key; f++) {
        char path[200], cell[220];
        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", f->key);
        snprintf(cell, sizeof cell, "| `%s` |", path);
        if (!strstr(doc, cell)) fail_msg("docs/EXPERIMENTS.md has no row for %s", path);
        if (f->fields) keys_documented(f->fields, path, doc);
    }
}

static void every_key_is_documented(void **state)
{
    (void)state;
    gnt_text doc = {0};
    gnt_error why = {0};
    if (gnt_text_read(GNT_SOURCE_DIR "/docs/EXPERIMENTS.md", 1 << 20, &doc, &why)) fail_msg("%s", why.text);
    keys_documented(gnt_experiment_fields, "", doc.data);
    for (size_t i = 0; i < gnt_n_metrics; i++) {
        char cell[80];
        snprintf(cell, sizeof cell, "| `%s` |", gnt_metrics[i].name);
        if (!strstr(doc.data, cell)) fail_msg("docs/EXPERIMENTS.md has no row for metric %s", gnt_metrics[i].name);
    }
    gnt_text_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_means_what_it_says),
        cmocka_unit_test(malformed_files_name_line_and_key),
        cmocka_unit_test(shipped_windows_are_the_contracts),
        cmocka_unit_test(every_key_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
