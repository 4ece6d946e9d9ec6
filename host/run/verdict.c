#include "verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/run/metric.h"
#include "host/run/sentences.h"

/* ---- the rule's rows ----------------------------------------------------------------------------------------- */

static bool check_row(const gnt_exp_rule *rule, const char *kind, const char *arm, json_t *result)
{
    double value = gnt_metric_value(result, rule->window, arm, rule->metric);
    double bound = *rule->bound ? gnt_metric_value(result, rule->window, arm, rule->bound) : rule->value;
    bool passed = rule->above ? value > bound : value < bound; /* false when either is NaN */
    json_t *row = json_object();
    gnt_json_text(row, "kind", kind);
    gnt_json_text(row, "window", rule->window);
    gnt_json_text(row, "arm", *arm ? arm : NULL);
    gnt_json_text(row, "metric", rule->metric);
    gnt_json_figure(row, "value", value, NULL);
    gnt_json_text(row, "op", rule->above ? "above" : "below");
    gnt_json_text(row, "bound", *rule->bound ? rule->bound : NULL);
    gnt_json_figure(row, "bound_value", bound, NULL);
    gnt_json_flag(row, "passed", passed);
    json_array_append_new(json_object_get(result, "checks"), row);
    return passed;
}

/* Whether the window of a rule was run with this arm. */
static bool was_run(const gnt_experiment *e, const gnt_exp_rule *rule, int arm)
{
    uint32_t arms = strcmp(rule->window, "folds") == 0 ? e->walk_forward.arms : e->variants;
    return arms & 1u << arm;
}

/* All rows must hold; rows for `any` must hold together for one arm, in windows that it was run in. */
static bool check_rows(const gnt_experiment *e, const gnt_exp_rule *rules, size_t n, const char *kind, json_t *result)
{
    bool all = true, has_any = false, some_arm = false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rules[i].arm, "any") == 0)
            has_any = true;
        else
            all &= check_row(&rules[i], kind, rules[i].arm, result);
    }
    for (int arm = 0; has_any && arm < GNT_MAX_ARMS; arm++) {
        bool holds = e->variants & 1u << arm;
        for (size_t i = 0; (e->variants & 1u << arm) && i < n; i++) {
            if (strcmp(rules[i].arm, "any") != 0) continue;
            holds &= was_run(e, &rules[i], arm) && check_row(&rules[i], kind, gnt_arm_names[arm], result);
        }
        some_arm |= holds;
    }
    return all && (!has_any || some_arm);
}

/* ---- coin and always-up ---------------------------------------------------------------------------------------- */

/* A window's name for the rule: the A/B's own window when the rule speaks of "ab". */
static const char *deciding_window(const gnt_experiment *e)
{
    const char *window = e->success[0].window;
    return strcmp(window, "ab") == 0 ? e->ab.window : window;
}

/* No arm's interval lies above one half: a coin might have done it. */
static bool coin_same(const json_t *result, const char *window)
{
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++)
        if (gnt_metric_value(result, window, gnt_arm_names[arm], "accuracy_lo") > 0.5) return false;
    return true;
}

/* No arm's interval lies above the majority share with McNemar's test against always-up agreeing. */
static bool always_up_same(const json_t *result, const char *window)
{
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++) {
        const char *name = gnt_arm_names[arm];
        double lo = gnt_metric_value(result, window, name, "accuracy_lo");
        if (lo > gnt_metric_value(result, window, name, "majority") &&
            gnt_metric_value(result, window, name, "mcnemar_always_up_p") < 0.05)
            return false;
    }
    return true;
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

static void first_failed(const json_t *checks, char *out, size_t room)
{
    size_t i;
    json_t *row;
    *out = 0;
    json_array_foreach(checks, i, row)
    {
        json_t *arm = json_object_get(row, "arm"), *bound = json_object_get(row, "bound");
        if (json_is_true(json_object_get(row, "passed")) ||
            strcmp(json_string_value(json_object_get(row, "kind")), "success"))
            continue;
        snprintf(out, room, "%s%s%s %.4g is not %s %s%s%.4g", json_is_string(arm) ? json_string_value(arm) : "",
                 json_is_string(arm) ? "'s " : "", json_string_value(json_object_get(row, "metric")),
                 json_number_value(json_object_get(row, "value")), json_string_value(json_object_get(row, "op")),
                 json_is_string(bound) ? json_string_value(bound) : "", json_is_string(bound) ? " " : "",
                 json_number_value(json_object_get(row, "bound_value")));
        return;
    }
}

static void answer(json_t *verdict, const json_t *checks, bool passed, bool coin, bool always_up)
{
    char text[400], failed[240];
    first_failed(checks, failed, sizeof failed);
    if (passed && (coin || always_up))
        snprintf(text, sizeof text, "The rule is met, but %s could have done the same.",
                 coin ? "a coin" : "always calling up");
    else if (passed)
        snprintf(text, sizeof text, "Yes, by the rule written before the run.");
    else if (coin)
        snprintf(text, sizeof text, "No. Nothing here beats a coin.");
    else if (always_up)
        snprintf(text, sizeof text, "No. Nothing here is clearly better than always calling up.");
    else
        snprintf(text, sizeof text, "No. Better than a coin, but the rule is not met: %s.", failed);
    gnt_json_text(verdict, "answer", text);
}

static void coin_sentence(bool coin, bool always_up, json_t *sentences)
{
    const char *text = coin && always_up ? "A coin could have done the same, and so could always calling up."
                       : coin            ? "A coin could have done the same."
                       : always_up       ? "Better than a coin, but always calling up could have done the same."
                                   : "Neither a coin nor always calling up could have done the same, within 95 %.";
    json_array_append_new(sentences, json_string(text));
}

void gnt_verdict_make(const gnt_experiment *e, json_t *result)
{
    json_t *verdict = json_object(), *sentences = json_array();
    bool passed = check_rows(e, e->success, e->n_success, "success", result);
    bool go = check_rows(e, e->gates, e->n_gates, "gate", result);
    const char *window = deciding_window(e);
    bool coin = coin_same(result, window), always_up = always_up_same(result, window);
    char asked[GNT_EXP_TEXT + 16];
    snprintf(asked, sizeof asked, "Asked: %s", e->question);
    json_array_append_new(sentences, json_string(asked));
    answer(verdict, json_object_get(result, "checks"), passed, coin, always_up);
    json_array_append(sentences, json_object_get(verdict, "answer"));
    gnt_sentences_results(e, result, sentences);
    coin_sentence(coin, always_up, sentences);
    gnt_sentences_limits(e, result, window, !coin && !always_up, sentences);
    gnt_json_flag(verdict, "passed", passed);
    gnt_json_text(verdict, "window", window);
    gnt_json_flag(verdict, "coin", coin);
    gnt_json_flag(verdict, "always_up", always_up);
    gnt_json_put(verdict, "go", e->n_gates ? json_boolean(go) : json_null());
    gnt_json_put(verdict, "sentences", sentences);
    gnt_json_put(result, "verdict", verdict);
}
