#include "sentences.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/run/metric.h"

static void say(json_t *sentences, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(json_t *sentences, const char *format, ...)
{
    char text[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(sentences, json_string(text));
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "20 Feb 2020" from "2020-02-20". */
static const char *day_text(const char *date, char out[16])
{
    static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int y, m, d;
    if (sscanf(date, "%d-%d-%d", &y, &m, &d) != 3 || m < 1 || m > 12 || y > 9999 || d > 31 || d < 0 || y < 0)
        snprintf(out, 16, "%.15s", date);
    else
        snprintf(out, 16, "%d %s %d", d, month[m - 1], y);
    return out;
}

static double cost_bp(const gnt_strategy *s)
{
    return s->commission_bp + s->half_spread_bp + s->slippage_bp;
}

/* "baseline, 20 Feb 2020 to 30 Apr 2020: 27 of 50 days right, 54.0 % (95 % 40.4 to 67.0); always-up 56.0 %. After
 * 2.5 bp a side: -3.1 % against -0.2 % for holding." */
static void arm_sentence(const gnt_experiment *e, const json_t *window, const char *arm, const json_t *figures,
                         json_t *sentences)
{
    const json_t *accuracy = json_object_get(figures, "accuracy"), *c = json_object_get(figures, "classification");
    double right = number_of(c, "tp") + number_of(c, "tn"), up = number_of(c, "tp") + number_of(c, "fn");
    double n = number_of(accuracy, "n");
    char from[16], to[16];
    bool hindsight = json_is_true(json_object_get(window, "hindsight"));
    const char *sample = text_of(window, "in_sample");
    say(sentences,
        "%s, %s to %s%s%s: %.0f of %.0f days right, %.1f %% (95 %% %.1f to %.1f); always-up %.1f %%. "
        "After %.4g bp a side: %+.1f %% against %+.1f %% for holding.%s",
        arm, day_text(text_of(window, "from"), from), day_text(text_of(window, "to"), to),
        hindsight ? " (chosen with hindsight)" : "", strcmp(sample, "none") ? " (IN-SAMPLE)" : "", right, n,
        100 * number_of(accuracy, "value"), 100 * number_of(accuracy, "lo"), 100 * number_of(accuracy, "hi"),
        100 * up / n, cost_bp(&e->strategy), 100 * number_of(figures, "total_return"),
        100 * number_of(json_object_get(figures, "benchmarks"), "buy_hold"),
        json_is_true(json_object_get(figures, "constant_prediction"))
            ? " It always calls the same direction: a constant, not a forecast."
            : "");
}

static void windows(const gnt_experiment *e, const json_t *result, json_t *sentences)
{
    size_t i;
    json_t *window, *figures;
    const char *arm;
    json_array_foreach(json_object_get(result, "windows"), i, window)
        json_object_foreach(json_object_get(window, "arms"), arm, figures)
            arm_sentence(e, window, arm, figures, sentences);
}

/* Break-even of each arm in the cost curve's windows. */
static void costs(const gnt_experiment *e, const json_t *result, json_t *sentences)
{
    for (size_t i = 0; i < e->cost_curve.n_windows; i++) {
        const json_t *window = gnt_result_window(result, e->cost_curve.windows[i]);
        const char *arm;
        json_t *figures;
        json_object_foreach(json_object_get(window, "arms"), arm, figures)
        {
            double bp = number_of(figures, "break_even_bp"), turnover = number_of(figures, "turnover");
            if (isnan(bp))
                say(sentences, "%s trades %.1f times its equity and has no break-even cost (%s).", arm, turnover,
                    text_of(json_object_get(figures, "reasons"), "break_even_bp"));
            else
                say(sentences, "%s trades %.1f times its equity and breaks even at %.1f bp a side.", arm, turnover, bp);
        }
    }
}

/* How many (regime, arm) cells clear the majority share, and how many luck alone would. */
static void regimes(const json_t *result, json_t *sentences)
{
    size_t i, n = 0, clear = 0;
    json_t *row, *figures;
    const char *arm;
    json_array_foreach(json_object_get(result, "regimes"), i, row)
        json_object_foreach(json_object_get(row, "arms"), arm, figures)
    {
        const json_t *a = json_object_get(figures, "accuracy");
        if (!json_is_object(a)) continue;
        n++;
        clear += number_of(a, "lo") > number_of(a, "majority");
    }
    if (n)
        say(sentences,
            "By regime: %zu of %zu looks (regime by variant) have their 95 %% interval above the majority share; luck "
            "alone would give up to about %.1f.",
            clear, n, 0.025 * (double)n);
}

static void folds(const json_t *result, json_t *sentences)
{
    const json_t *rows = json_object_get(result, "folds");
    size_t n = json_array_size(rows), i;
    json_t *row, *figures;
    const char *arm;
    if (!n) return;
    for (int a = 0; a < GNT_MAX_ARMS; a++) {
        size_t ahead = 0, seen = 0;
        json_array_foreach(rows, i, row)
            json_object_foreach(json_object_get(row, "arms"), arm, figures) if (strcmp(arm, gnt_arm_names[a]) == 0)
        {
            seen++;
            ahead += number_of(figures, "total_return") > number_of(figures, "hold_return");
        }
        if (seen)
            say(sentences, "%s was ahead of holding in %zu of %zu folds, after costs.", gnt_arm_names[a], ahead, seen);
    }
}

static void ab(const json_t *result, json_t *sentences)
{
    const json_t *o = json_object_get(result, "ab"), *diff = json_object_get(o, "diff");
    if (!json_is_object(o)) return;
    say(sentences,
        "Routed: enhanced got %.0f of %.0f requests, %.1f %% (target %.0f %%, sample ratio mismatch p = %.3f); its "
        "accuracy minus baseline's: %+.1f points (95 %% %+.1f to %+.1f), always-valid p = %.3f.",
        number_of(json_object_get(o, "counts"), "enhanced"), number_of(o, "n"), 100 * number_of(o, "share_enhanced"),
        100 * number_of(o, "target_share"), number_of(o, "srm_p"), 100 * number_of(diff, "value"),
        100 * number_of(diff, "lo"), 100 * number_of(diff, "hi"), number_of(o, "always_valid_p"));
    say(sentences,
        "Paired, both arms on every day: McNemar p = %.3f. To see 2 points with 80 %% power this split needs %.0f "
        "requests.",
        number_of(o, "mcnemar_p"), number_of(o, "requests_for_80_power"));
}

static void claims(const json_t *result, json_t *sentences)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(result, "claims"), i, row)
    {
        double claimed = number_of(row, "claimed"), ours = number_of(row, "ours");
        say(sentences, "Claimed (%s): %s %.4g %%; here, on these bars: %.1f %%.", text_of(row, "source"),
            text_of(row, "claim"), 100 * claimed, 100 * ours);
    }
}

void gnt_sentences_results(const gnt_experiment *e, const json_t *result, json_t *sentences)
{
    windows(e, result, sentences);
    costs(e, result, sentences);
    regimes(result, sentences);
    folds(result, sentences);
    ab(result, sentences);
    claims(result, sentences);
}

/* ---- limits -------------------------------------------------------------------------------------------------- */

/* The built-in markets are known by construction, so the verdict can be checked against the truth. */
static void truth(const json_t *result, const char *window, bool found, json_t *sentences)
{
    const char *symbol = text_of(json_object_get(result, "data"), "symbol");
    const json_t *decides = gnt_result_window(result, window);
    bool few = !(number_of(decides, "n_bars") >= 500);
    if (strcmp(symbol, "SYN-EDGE") == 0)
        say(sentences, "SYN-EDGE has a planted signal that can be right 60 %% of days at best: %s%s.",
            found ? "an edge was found" : "it was not found here",
            found || !few ? "" : ", and with this few days that would be hard to show");
    if (strcmp(symbol, "SYN-NULL") == 0)
        say(sentences, "SYN-NULL has nothing to find by construction: %s.",
            found ? "what looks like an edge here is luck, which a 95 % interval allows now and then"
                  : "and nothing was found");
}

static size_t arms_tested(const json_t *result)
{
    size_t i, n = 0;
    json_t *window;
    json_array_foreach(json_object_get(result, "windows"), i, window)
    {
        size_t here = json_object_size(json_object_get(window, "arms"));
        n = here > n ? here : n;
    }
    return n;
}

static void in_sample(const json_t *result, json_t *sentences)
{
    size_t i;
    json_t *window;
    json_array_foreach(json_object_get(result, "windows"), i,
                       window) if (strcmp(text_of(window, "in_sample"), "none") != 0)
        say(sentences, "Window %s is in-sample (%s): its models have seen these days, so it proves nothing.",
            text_of(window, "name"), text_of(window, "in_sample"));
}

void gnt_sentences_limits(const gnt_experiment *e, const json_t *result, const char *window, bool found,
                          json_t *sentences)
{
    const json_t *data = json_object_get(result, "data");
    const char *overrides = text_of(json_object_get(result, "experiment"), "overrides");
    in_sample(result, sentences);
    if (arms_tested(result) == 2)
        say(sentences, "Both variants got the same tuning budget: one configuration each, never adjusted to the test.");
    if (json_is_true(json_object_get(result, "quick")))
        say(sentences, "A quick run: at most %u epochs a model, so the models are undertrained.",
            e->training.quick_epochs);
    if (*overrides) say(sentences, "Changed from the file: %s.", overrides);
    truth(result, window, found, sentences);
    if (strcmp(text_of(data, "provenance"), "synthetic") == 0)
        say(sentences, "All bars are synthetic (%s): nothing here says anything about a real market.",
            text_of(data, "symbol"));
    else
        say(sentences, "Bars: %s, %s, %s to %s.", text_of(data, "symbol"), text_of(data, "provenance"),
            text_of(data, "first"), text_of(data, "last"));
}
