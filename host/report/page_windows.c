/* The tables of windows and arms: were the forecasts right, did they earn anything. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page.h"

const char *gnt_window_title(const json_t *window)
{
    const char *title = gnt_at_text(window, "title");
    return title && *title ? title : gnt_at_text(window, "name");
}

gnt_word gnt_accuracy_words(const json_t *accuracy)
{
    return gnt_percent_interval(gnt_at_real(accuracy, "value"), gnt_at_real(accuracy, "lo"),
                                gnt_at_real(accuracy, "hi"));
}

const char *gnt_reason_words(const char *code)
{
    static const char *const words[][2] = {
        {"negative_at_zero_cost", "loses even at no cost"},
        {"negative_gross_return", "loses even at no cost"},
        {"no_crossing", "never crosses"},
        {"no_trades", "no trade"},
        {"no_trade", "no trade"},
        {"ruined", "ruined"},
        {"zero_variance", "no variance"},
        {"too_few_observations", "too few days"},
        {"no_negative_returns", "no losing day"},
        {"no_downside", "no losing day"},
        {"no_drawdown", "no drawdown"},
        {"no_exposure", "never invested"},
        {"constant_prediction", "constant forecast"},
        {"single_class", "one outcome only"},
        {"no_discordant_pairs", "no day decides"},
        {"no_losses", "no losing day"},
        {"no_turnover", "no trade"},
        {"no_scores", "no score"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i][0], code) == 0) return words[i][1];
    return code;
}

/* How often always-up was right on the days this arm has a score for. */
static gnt_status always_up(gnt_result *result, const char *window, const char *arm, double *share, gnt_error *why)
{
    gnt_series up, prob;
    size_t n = 0, k = 0;
    *share = NAN;
    GNT_TRY(gnt_result_series(result, 0, &up, why, "/windows/%s/up", window));
    GNT_TRY(gnt_result_series(result, up.n, &prob, why, "/windows/%s/%s/prob", window, arm));
    for (size_t i = 0; i < prob.n; i++) {
        if (isnan(prob.value[i])) continue;
        n++;
        k += up.value[i] > 0.5;
    }
    if (n) *share = (double)k / (double)n;
    return GNT_OK;
}

/* What a reader must know before believing a row. */
static void marks(const json_t *window, const json_t *arm, gnt_buf *out)
{
    const char *in_sample = gnt_at_text(window, "in_sample");
    double fragile = gnt_at_real(arm, "n_fragile");
    if (gnt_at_flag(window, "hindsight")) gnt_buf_put(out, "hindsight; ");
    if (in_sample && strcmp(in_sample, "none") != 0) gnt_buf_printf(out, "in sample: %s; ", in_sample);
    if (gnt_at_flag(arm, "constant_prediction")) gnt_buf_put(out, "constant forecast; ");
    if (fragile > 0) gnt_buf_printf(out, "%.0f fragile; ", fragile);
    if (gnt_at_flag(arm, "optimistic_fill")) gnt_buf_put(out, "optimistic fill; ");
    if (gnt_at_flag(arm, "ruined")) gnt_buf_put(out, "ruined; ");
    if (out->n >= 2) out->data[out->n -= 2] = 0;
}

static gnt_status forecast_row(gnt_result *result, const json_t *window, const char *name, const json_t *arm,
                               gnt_document *doc, gnt_error *why)
{
    double up;
    gnt_buf mark = {0};
    const json_t *accuracy = gnt_at(arm, "accuracy");
    GNT_TRY(always_up(result, gnt_at_text(window, "name"), name, &up, why));
    gnt_doc_cell(doc, "%s", gnt_window_title(window));
    gnt_doc_cell(doc, "%s", name);
    gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(accuracy, "n")).s);
    gnt_doc_cell(doc, "%s", gnt_accuracy_words(accuracy).s);
    gnt_doc_cell(doc, "%s", gnt_percent(gnt_at_real(accuracy, "majority")).s);
    gnt_doc_cell(doc, "%s", gnt_percent(up).s);
    gnt_doc_cell(doc, "%s", gnt_probability(gnt_at_real(arm, "mcnemar_always_up.exact_p")).s);
    marks(window, arm, &mark);
    gnt_doc_cell(doc, "%s", mark.data ? mark.data : "");
    gnt_buf_free(&mark);
    return GNT_OK;
}

/* Baseline against enhanced on the same days, where both ran. */
static void pairs(const gnt_result *result, gnt_document *doc)
{
    size_t i;
    const json_t *window;
    bool any = false;
    json_array_foreach(json_object_get(result->json, "windows"), i, window)
    {
        if (!json_is_object(json_object_get(window, "mcnemar"))) continue;
        if (!any)
            gnt_doc_table(
                doc, "<Window|>Only baseline right|>Only enhanced right|>p",
                "The two variants on the same days: days on which exactly one was right, and McNemar's exact p.");
        any = true;
        gnt_doc_cell(doc, "%s", gnt_window_title(window));
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(window, "mcnemar.n10")).s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(window, "mcnemar.n01")).s);
        gnt_doc_cell(doc, "%s", gnt_probability(gnt_at_real(window, "mcnemar.exact_p")).s);
    }
}

gnt_status gnt_page_forecasts(gnt_result *result, gnt_document *doc, gnt_error *why)
{
    size_t i;
    const json_t *window, *windows = json_object_get(result->json, "windows");
    const char *name;
    json_t *arm;
    if (!json_array_size(windows)) return GNT_OK;
    gnt_doc_table(doc, "<Window|<Arm|>n|>Right (95 %)|>Majority|>Always-up|>p against always-up|<Marks",
                  "Were the forecasts right? n: scored days; majority: share of the more frequent outcome; p: "
                  "McNemar's exact test on "
                  "the same days. Configurations tried in all: %s.",
                  gnt_whole(gnt_at_real(result->json, "n_configurations")).s);
    json_array_foreach(windows, i, window) json_object_foreach(json_object_get(window, "arms"), name, arm)
        GNT_TRY(forecast_row(result, window, name, arm, doc, why));
    json_array_foreach(windows, i, window)
    {
        if (gnt_at_flag(window, "hindsight"))
            gnt_doc_note(doc, "%s is chosen with hindsight%s%s: nobody could have picked these dates beforehand.",
                         gnt_window_title(window), gnt_at_text(window, "note") ? ", " : "",
                         gnt_at_text(window, "note") ? gnt_at_text(window, "note") : "");
    }
    pairs(result, doc);
    return GNT_OK;
}

/* A figure, or an em dash with its reason. */
static void figure_cell(gnt_document *doc, const json_t *arm, const char *key, gnt_word word)
{
    const char *reason = gnt_at_reason(arm, key);
    if (isfinite(gnt_at_real(arm, key)) || !*reason)
        gnt_doc_cell(doc, "%s", word.s);
    else
        gnt_doc_cell(doc, GNT_NONE_WORD " %s", gnt_reason_words(reason));
}

static void money_row(const json_t *window, const char *name, const json_t *arm, gnt_document *doc)
{
    gnt_doc_cell(doc, "%s", gnt_window_title(window));
    gnt_doc_cell(doc, "%s", name);
    figure_cell(doc, arm, "total_return", gnt_percent_signed(gnt_at_real(arm, "total_return")));
    gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "benchmarks.buy_hold")).s);
    gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "benchmarks.always_up")).s);
    gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "benchmarks.persistence")).s);
    double lo = gnt_at_real(arm, "benchmarks.random.p05"), hi = gnt_at_real(arm, "benchmarks.random.p95");
    if (isfinite(lo) && isfinite(hi))
        gnt_doc_cell(doc, "%s to %s", gnt_decimal(100 * lo, 1).s, gnt_percent(hi).s);
    else
        gnt_doc_cell(doc, GNT_NONE_WORD);
    gnt_doc_cell(doc, "%s", gnt_percent(gnt_at_real(arm, "max_drawdown")).s);
    gnt_doc_cell(doc, "%s", gnt_decimal(gnt_at_real(arm, "turnover"), 1).s);
    figure_cell(doc, arm, "break_even_bp", gnt_basis_points(gnt_at_real(arm, "break_even_bp")));
    if (gnt_at_flag(window, "annualised"))
        figure_cell(doc, arm, "sharpe", gnt_decimal(gnt_at_real(arm, "sharpe"), 2));
    else
        gnt_doc_cell(doc, GNT_NONE_WORD " under 126 bars");
}

void gnt_page_money(const gnt_result *result, gnt_document *doc)
{
    size_t i;
    const json_t *window, *windows = json_object_get(result->json, "windows");
    const char *name;
    json_t *arm;
    if (!json_array_size(windows)) return;
    gnt_doc_table(doc,
                  "<Window|<Arm|>Return after costs|>Hold|>Always-up|>Persistence|>Random, 5 to 95 %|>Max "
                  "drawdown|>Turnover|>Break-even|>Sharpe, a year",
                  "Did it earn anything after costs? All books start with the same capital and pay the same costs; "
                  "random: the same runs of "
                  "positions in random order; turnover: in times the equity; break-even: the one-way cost at which the "
                  "return is zero.");
    json_array_foreach(windows, i, window) json_object_foreach(json_object_get(window, "arms"), name, arm)
        money_row(window, name, arm, doc);
}

void gnt_page_quality(const gnt_result *result, gnt_document *doc)
{
    static const struct {
        const char *key;
        int digits;
    } columns[] = {{"roc_auc", 3}, {"brier", 4},        {"log_loss", 4}, {"mcc", 3},
                   {"f1", 3},      {"always_up_f1", 3}, {"ece", 3}};
    size_t i;
    const json_t *window, *windows = json_object_get(result->json, "windows");
    const char *name;
    json_t *arm;
    if (!json_array_size(windows)) return;
    gnt_doc_table(
        doc, "<Window|<Arm|>AUC|>Brier|>Log loss|>MCC|>F1|>F1 of always-up|>Calibration error|>Overnight|>Intraday",
        "The same forecasts by other measures. A coin has AUC 0.5, Brier 0.25 and log loss 0.6931; overnight and "
        "intraday are the two "
        "parts of the profit.");
    json_array_foreach(windows, i, window) json_object_foreach(json_object_get(window, "arms"), name, arm)
    {
        const json_t *c = gnt_at(arm, "classification");
        gnt_doc_cell(doc, "%s", gnt_window_title(window));
        gnt_doc_cell(doc, "%s", name);
        for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
            figure_cell(doc, c, columns[k].key, gnt_decimal(gnt_at_real(c, columns[k].key), columns[k].digits));
        gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "overnight_return")).s);
        gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "intraday_return")).s);
    }
}
