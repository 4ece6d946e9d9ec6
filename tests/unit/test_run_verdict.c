/* The verdict from hand-made figures: only proof passes, and every sentence stands beside its always-up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/run/verdict.h"

typedef struct figures {
    const char *lo, *majority, *p, *total, *hold; /* JSON texts */
} figures;

/* A result with one window of 608 bars and both arms. */
static json_t *result_of(figures baseline, figures enhanced)
{
    const figures *arm[2] = {&baseline, &enhanced};
    json_t *arms = json_object(), *window, *result;
    for (int i = 0; i < 2; i++) {
        char text[1200];
        snprintf(text, sizeof text,
                 "{\"accuracy\":{\"value\":0.57,\"lo\":%s,\"hi\":0.61,\"n\":608,\"majority\":%s},\"total_return\":%s,"
                 "\"benchmarks\":{\"buy_hold\":%s},\"mcnemar_always_up\":{\"exact_p\":%s},"
                 "\"classification\":{\"tp\":200,\"tn\":147,\"fp\":140,\"fn\":121},\"constant_prediction\":false}",
                 arm[i]->lo, arm[i]->majority, arm[i]->total, arm[i]->hold, arm[i]->p);
        json_object_set_new(arms, gnt_arm_names[i], json_loads(text, 0, NULL));
    }
    window = json_pack("{s:s,s:s,s:s,s:i,s:b,s:s,s:o}", "name", "w", "from", "2021-08-02", "to", "2023-12-29", "n_bars",
                       608, "hindsight", 0, "in_sample", "none", "arms", arms);
    result = json_pack("{s:{s:s,s:s,s:s,s:s},s:b,s:[o],s:[]}", "data", "symbol", "SYN-EDGE", "provenance", "synthetic",
                       "first", "2018-01-02", "last", "2023-12-29", "quick", 0, "windows", window, "checks");
    assert_non_null(result);
    return result;
}

static const char rule[] = "name: probe\ntitle: t\nquestion: is there an edge?\nsuccess_rule: r\n"
                           "success:\n"
                           "  - {window: w, arm: any, metric: accuracy_lo, above: majority}\n"
                           "  - {window: w, arm: any, metric: total_return, above: buy_hold}\n"
                           "parts: [windows]\n"
                           "splits: [{name: s, train: start..2019-12-31, val: 2020-01-01..2020-06-30}]\n"
                           "windows: [{name: w, split: s, from: 2021-08-02, to: 2023-12-29}]\n";

static json_t *verdict_of(json_t *result)
{
    gnt_error why = {0};
    gnt_experiment *e = malloc(sizeof *e);
    assert_non_null(e);
    if (gnt_experiment_parse(rule, strlen(rule), "rule.yaml", e, &why)) fail_msg("%s", why.text);
    gnt_verdict_make(e, result);
    free(e);
    return json_object_get(result, "verdict");
}

typedef struct verdict_case {
    figures baseline, enhanced;
    bool passed, coin, always_up;
    const char *answer;
} verdict_case;

static const verdict_case cases[] = {
    /* one arm holds both rows */
    {{"0.53", "0.52", "0.001", "0.2", "0.1"}, {"0.48", "0.52", "0.5", "0.2", "0.1"}, true, false, false, "Yes"},
    /* each row is held, but by different arms: not enough */
    {{"0.53", "0.52", "0.001", "0.0", "0.1"},
     {"0.48", "0.52", "0.5", "0.2", "0.1"},
     false,
     false,
     false,
     "the rule is not met"},
    /* the interval holds one half: a coin */
    {{"0.49", "0.52", "0.3", "0.2", "0.1"}, {"0.48", "0.52", "0.5", "0.2", "0.1"}, false, true, true, "beats a coin"},
    /* above one half, not above the majority share */
    {{"0.51", "0.52", "0.3", "0.2", "0.1"},
     {"0.48", "0.52", "0.5", "0.2", "0.1"},
     false,
     false,
     true,
     "than always calling up"},
    /* above the majority share, but McNemar can't tell it from always-up */
    {{"0.53", "0.52", "0.20", "0.2", "0.1"},
     {"0.48", "0.52", "0.5", "0.2", "0.1"},
     true,
     false,
     true,
     "The rule is met, but always calling up"},
    /* an undefined figure proves nothing */
    {{"null", "0.52", "0.001", "0.2", "0.1"},
     {"null", "null", "null", "null", "null"},
     false,
     true,
     true,
     "beats a coin"},
    {{"0.53", "null", "0.001", "0.2", "0.1"},
     {"0.48", "0.52", "0.5", "0.2", "0.1"},
     false,
     false,
     true,
     "than always calling up"},
    /* equal is not above */
    {{"0.52", "0.52", "0.001", "0.2", "0.1"},
     {"0.48", "0.52", "0.5", "0.1", "0.1"},
     false,
     false,
     true,
     "than always calling up"},
};

static void only_proof_passes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *result = result_of(cases[i].baseline, cases[i].enhanced), *v = verdict_of(result);
        bool passed = json_is_true(json_object_get(v, "passed")), coin = json_is_true(json_object_get(v, "coin"));
        bool up = json_is_true(json_object_get(v, "always_up"));
        const char *answer = json_string_value(json_object_get(v, "answer"));
        if (passed != cases[i].passed || coin != cases[i].coin || up != cases[i].always_up)
            fail_msg("case %zu: passed %d coin %d always-up %d, expected %d %d %d", i, passed, coin, up,
                     cases[i].passed, cases[i].coin, cases[i].always_up);
        if (!strstr(answer, cases[i].answer)) fail_msg("case %zu: \"%s\" lacks \"%s\"", i, answer, cases[i].answer);
        assert_int_equal(json_array_size(json_object_get(result, "checks")), 4); /* two rows, two arms */
        json_decref(result);
    }
}

static void sentences_carry_counts_intervals_and_provenance(void **state)
{
    (void)state;
    json_t *result = result_of(cases[0].baseline, cases[0].enhanced), *v = verdict_of(result);
    json_t *lines = json_object_get(v, "sentences");
    static const char *const wanted[] = {
        "Asked: is there an edge?",
        "Yes, by the rule written before the run.",
        "baseline, 2 Aug 2021 to 29 Dec 2023: 347 of 608 days right, 57.0 % (95 % 53.0 to 61.0); always-up 52.8 %. "
        "After 2.5 bp a side: +20.0 % against +10.0 % for holding.",
        "enhanced, 2 Aug 2021 to 29 Dec 2023: 347 of 608 days right, 57.0 % (95 % 48.0 to 61.0); always-up 52.8 %. "
        "After 2.5 bp a side: +20.0 % against +10.0 % for holding.",
        "Neither a coin nor always calling up could have done the same, within 95 %.",
        "Both variants got the same tuning budget: one configuration each, never adjusted to the test.",
        "SYN-EDGE has a planted signal that can be right 60 % of days at best: an edge was found.",
        "All bars are synthetic (SYN-EDGE): nothing here says anything about a real market.",
    };
    size_t n = sizeof wanted / sizeof *wanted;
    assert_int_equal(json_array_size(lines), n);
    for (size_t i = 0; i < n; i++) assert_string_equal(json_string_value(json_array_get(lines, i)), wanted[i]);
    json_decref(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_proof_passes),
        cmocka_unit_test(sentences_carry_counts_intervals_and_provenance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
