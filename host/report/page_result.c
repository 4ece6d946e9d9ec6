/* One result's page: what was asked, what came out, would a coin have done the same; then tables, figures, how made. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page.h"

/* A hyphen that stands for a minus, as in " -3.1", becomes one. */
void gnt_typographic(const char *text, gnt_buf *out)
{
    for (const char *c = text; *c; c++) {
        bool minus = *c == '-' && c[1] >= '0' && c[1] <= '9' && (c == text || strchr(" (", c[-1]));
        gnt_buf_add(out, minus ? "\u2212" : c, minus ? strlen("\u2212") : 1);
    }
}

/* ---- the first lines ---------------------------------------------------------------------------- */

static void lead(const gnt_result *result, gnt_document *doc)
{
    const json_t *json = result->json, *verdict = json_object_get(json, "verdict"), *sentence;
    const char *question = gnt_at_text(json, "experiment.question"), *answer = gnt_at_text(verdict, "answer");
    size_t i;
    if (question) gnt_doc_lead(doc, "Asked.", "%s", question);
    if (answer) gnt_doc_lead(doc, "Came out.", "%s", answer);
    const json_t *coin = gnt_at(verdict, "coin"), *up = gnt_at(verdict, "always_up");
    if (json_is_boolean(coin) || json_is_boolean(up)) {
        bool c = json_is_true(coin), u = json_is_true(up);
        const char *words = c && u ? "Yes: a coin, and so would saying \u201cup\u201d every day."
                            : c    ? "A coin would, by these figures; always-up would not."
                            : u    ? "A coin would not; saying \u201cup\u201d every day would."
                                   : "No: neither a coin nor saying \u201cup\u201d every day.";
        gnt_doc_lead(doc, "Would a coin or always-up have done the same?", "%s", words);
    }
    json_array_foreach(gnt_at(verdict, "sentences"), i, sentence)
    {
        const char *text = json_string_value(sentence);
        if (!text || strncmp(text, "Asked:", 6) == 0 || (answer && strcmp(text, answer) == 0)) continue;
        gnt_buf words = {0};
        gnt_typographic(text, &words);
        gnt_doc_item(doc, NULL, "%s", words.data ? words.data : "");
        gnt_buf_free(&words);
    }
}

/* ---- figures ------------------------------------------------------------------------------------ */

static void place(gnt_document *doc, const gnt_drawn *drawn)
{
    if (*drawn->path) gnt_doc_figure(doc, drawn->path, "%s", drawn->caption);
}

/* The window that says most about the forecasts: the longest one that wasn't picked with hindsight. */
static const json_t *main_window(const gnt_result *result)
{
    const json_t *window, *best = NULL;
    size_t i;
    double most = -1;
    json_array_foreach(json_object_get(result->json, "windows"), i, window)
    {
        double n = gnt_at_real(window, "n_bars") - (gnt_at_flag(window, "hindsight") ? 1e12 : 0);
        if (best && !(n > most)) continue;
        best = window;
        most = n;
    }
    return best;
}

/* Heading and figure of one kind, nothing when there is nothing to draw. The first picture is kept for the front page.
 */
static gnt_status section(gnt_easel *easel, gnt_draw_result *draw, const char *title, gnt_document *doc,
                          gnt_drawn *drawn, gnt_error *why)
{
    *drawn = (gnt_drawn){0};
    GNT_TRY(draw(easel, drawn, why));
    if (!*drawn->path) return GNT_OK;
    gnt_doc_heading(doc, 2, "%s", title);
    place(doc, drawn);
    return GNT_OK;
}

static gnt_status windows(gnt_easel *easel, gnt_document *doc, gnt_drawn *first, gnt_error *why)
{
    const json_t *window, *list = json_object_get(easel->result->json, "windows");
    size_t i;
    if (!json_array_size(list)) return GNT_OK;
    gnt_doc_heading(doc, 2, "Equity and drawdown");
    json_array_foreach(list, i, window)
    {
        gnt_drawn drawn = {0};
        GNT_TRY(gnt_draw_equity(easel, window, &drawn, why));
        place(doc, &drawn);
        if (i == 0) *first = drawn;
    }
    return GNT_OK;
}

static gnt_status forecasts(gnt_easel *easel, gnt_document *doc, gnt_error *why)
{
    const json_t *window = main_window(easel->result);
    gnt_drawn hits = {0}, reliability = {0};
    if (!window) return GNT_OK;
    GNT_TRY(gnt_draw_hit_rate(easel, window, &hits, why));
    GNT_TRY(gnt_draw_reliability(easel, window, &reliability, why));
    if (!*hits.path && !*reliability.path) return GNT_OK;
    gnt_doc_heading(doc, 2, "The forecasts over time and their calibration");
    place(doc, &hits);
    place(doc, &reliability);
    gnt_page_quality(easel->result, doc);
    return GNT_OK;
}

static gnt_status costs(gnt_easel *easel, gnt_document *doc, gnt_drawn *figure, gnt_error *why)
{
    const json_t *window;
    size_t i;
    bool any = false;
    json_array_foreach(json_object_get(easel->result->json, "windows"), i, window)
    {
        gnt_drawn drawn = {0};
        GNT_TRY(gnt_draw_costs(easel, window, &drawn, why));
        if (!*drawn.path) continue;
        if (!any) gnt_doc_heading(doc, 2, "Costs");
        if (!any) *figure = drawn;
        any = true;
        place(doc, &drawn);
    }
    if (any) gnt_page_costs(easel->result, doc);
    return GNT_OK;
}

static gnt_status figures(gnt_easel *easel, gnt_document *doc, gnt_drawn *front, gnt_error *why)
{
    const gnt_result *result = easel->result;
    gnt_drawn drawn = {0};
    size_t n_windows = json_array_size(json_object_get(result->json, "windows"));
    size_t n_regimes = json_array_size(json_object_get(result->json, "regimes"));
    GNT_TRY(windows(easel, doc, front, why));
    if (n_windows + n_regimes > 1) {
        GNT_TRY(section(easel, gnt_draw_accuracy, n_regimes ? "Regimes" : "Accuracy", doc, &drawn, why));
        gnt_page_regimes(result, doc);
        if (n_regimes && *drawn.path) *front = drawn;
    }
    GNT_TRY(costs(easel, doc, front, why));
    GNT_TRY(section(easel, gnt_draw_folds, "Walk-forward folds", doc, &drawn, why));
    gnt_page_folds(result, doc);
    if (*drawn.path) *front = drawn;
    GNT_TRY(section(easel, gnt_draw_ab, "The A/B test", doc, &drawn, why));
    gnt_page_ab(result, doc);
    if (*drawn.path) *front = drawn;
    GNT_TRY(forecasts(easel, doc, why));
    GNT_TRY(section(easel, gnt_draw_training, "Training", doc, &drawn, why));
    gnt_page_models(result, doc);
    return GNT_OK;
}

/* ---- for the front page ------------------------------------------------------------------------- */

static void copy(char *out, size_t room, const char *text)
{
    snprintf(out, room, "%s", text ? text : "");
}

static void summarise(const gnt_result *result, gnt_summary *summary)
{
    static const char *const arms[] = {"baseline", "enhanced"};
    const json_t *json = result->json, *window = json_array_get(json_object_get(json, "windows"), 0);
    const json_t *passed = gnt_at(json, "verdict.passed");
    copy(summary->experiment, sizeof summary->experiment, gnt_at_text(json, "experiment.name"));
    copy(summary->title, sizeof summary->title, gnt_at_text(json, "experiment.title"));
    copy(summary->question, sizeof summary->question, gnt_at_text(json, "experiment.question"));
    copy(summary->symbol, sizeof summary->symbol, gnt_at_text(json, "data.symbol"));
    copy(summary->provenance, sizeof summary->provenance, gnt_at_text(json, "data.provenance"));
    copy(summary->answer, sizeof summary->answer, gnt_at_text(json, "verdict.answer"));
    copy(summary->window, sizeof summary->window, window ? gnt_window_title(window) : NULL);
    summary->passed = json_is_boolean(passed) ? json_is_true(passed) : -1;
    summary->n = summary->majority = summary->hold = NAN;
    for (int a = 0; a < 2; a++) {
        const json_t *arm = json_object_get(json_object_get(window, "arms"), arms[a]);
        summary->accuracy[a] = gnt_at_real(arm, "accuracy.value");
        summary->lo[a] = gnt_at_real(arm, "accuracy.lo");
        summary->hi[a] = gnt_at_real(arm, "accuracy.hi");
        summary->total_return[a] = gnt_at_real(arm, "total_return");
        if (!arm) continue;
        summary->n = gnt_at_real(arm, "accuracy.n");
        summary->majority = gnt_at_real(arm, "accuracy.majority");
        summary->hold = gnt_at_real(arm, "benchmarks.buy_hold");
    }
}

gnt_status gnt_page_result(gnt_easel *easel, gnt_document *doc, gnt_summary *summary, gnt_error *why)
{
    gnt_result *result = easel->result;
    const char *title = gnt_at_text(result->json, "experiment.title"),
               *name = gnt_at_text(result->json, "experiment.name");
    summarise(result, summary);
    gnt_doc_heading(doc, 1, "%s: %s", summary->symbol, title && *title ? title : name);
    lead(result, doc);
    gnt_doc_note(doc, "Data: %s. Experiment: %s. Seed %s.", summary->provenance, name,
                 gnt_whole(gnt_at_real(result->json, "seed")).s);
    gnt_doc_heading(doc, 2, "Windows and arms");
    GNT_TRY(gnt_page_forecasts(result, doc, why));
    gnt_page_money(result, doc);
    gnt_page_checks(result, doc);
    gnt_page_claims(result, doc);
    GNT_TRY(figures(easel, doc, &summary->figure, why));
    gnt_page_made(result, doc);
    return gnt_document_check(doc, why);
}
