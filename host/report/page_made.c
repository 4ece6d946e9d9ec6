/* How the result was made, and what it doesn't say. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page.h"

static void value_cell(gnt_document *doc, const char *key, const json_t *value)
{
    if (json_is_string(value))
        gnt_doc_cell(doc, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        gnt_doc_cell(doc, json_is_true(value) ? "yes" : "no");
    else if (strcmp(key, "wall_seconds") == 0)
        gnt_doc_cell(doc, "%s", gnt_seconds_words(json_number_value(value)).s);
    else if (json_is_integer(value))
        gnt_doc_cell(doc, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        gnt_doc_cell(doc, "%g", json_real_value(value));
    else
        gnt_doc_cell(doc, GNT_NONE_WORD);
}

static void manifest(const gnt_result *result, gnt_document *doc)
{
    const char *key;
    json_t *value;
    size_t i;
    const json_t *input;
    gnt_doc_table(doc, "<Manifest|<Value", "What ran, on what, when (manifest.json).");
    json_object_foreach(result->manifest, key, value)
    {
        if (strncmp(key, "schema", 6) == 0 || json_is_array(value) || json_is_object(value)) continue;
        gnt_doc_cell(doc, "%s", key);
        value_cell(doc, key, value);
    }
    json_array_foreach(json_object_get(result->manifest, "inputs"), i, input)
    {
        const char *path = gnt_at_text(input, "path"), *spec = gnt_at_text(input, "spec"),
                   *sha = gnt_at_text(input, "sha256");
        gnt_doc_cell(doc, "input %s", path ? path : spec ? spec : "");
        gnt_doc_cell(doc, "SHA-256 %s", sha ? sha : GNT_NONE_WORD);
    }
}

static void strategy(const gnt_result *result, gnt_document *doc)
{
    const json_t *s = json_object_get(result->json, "strategy");
    gnt_buf words = {0};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)s, key, value)
    {
        gnt_buf_printf(&words, "%s%s ", words.n ? ", " : "", key);
        if (json_is_string(value))
            gnt_buf_put(&words, json_string_value(value));
        else if (json_is_boolean(value))
            gnt_buf_put(&words, json_is_true(value) ? "true" : "false");
        else if (json_is_number(value))
            gnt_buf_printf(&words, "%.10g", json_number_value(value));
    }
    gnt_doc_text(doc, "Strategy: %s.", words.data ? words.data : "");
    gnt_buf_free(&words);
}

static void limits(const gnt_result *result, gnt_document *doc)
{
    const json_t *s = json_object_get(result->json, "strategy"), *window;
    const char *provenance = gnt_at_text(result->json, "data.provenance"), *size = gnt_at_text(s, "size");
    bool few = false;
    size_t i;
    if (strcmp(provenance, "synthetic") == 0)
        gnt_doc_item(
            doc, NULL,
            "The market is synthetic: the figures show that the machinery works, and nothing about any real security.");
    else
        gnt_doc_item(doc, NULL, "One instrument, one history: what held in these dates need not hold in others.");
    gnt_doc_item(doc, NULL, "Intervals treat days as independent; dependent days make them wider than printed.");
    gnt_doc_item(doc, NULL,
                 "Costs are proportional and assumed, fills are at the stated price in any size; no tax, no queue.");
    gnt_doc_item(doc, NULL,
                 "%s configuration(s) were tried; the more are tried, the better the best looks by luck alone.",
                 gnt_whole(gnt_at_real(result->json, "n_configurations")).s);
    json_array_foreach(json_object_get(result->json, "windows"), i, window) few =
        few || !gnt_at_flag(window, "annualised");
    if (few)
        gnt_doc_item(doc, NULL,
                     "Figures of windows under 126 bars are not annualised: a year can't be told from a few months.");
    if (gnt_at_flag(s, "shorts")) gnt_doc_item(doc, NULL, "Short proceeds earn the cash rate.");
    if (size && strcmp(size, "kelly") == 0) gnt_doc_item(doc, NULL, "Kelly sizing assumes an even-money bet.");
    if (gnt_at_real(s, "max_leverage") > 1 && gnt_at_real(s, "margin_bp") == 0)
        gnt_doc_item(doc, NULL, "A levered book here borrows at no cost.");
    if (gnt_at_text(s, "fill") && strcmp(gnt_at_text(s, "fill"), "same_close") == 0)
        gnt_doc_item(doc, NULL, "Fills are at the deciding bar's own close: optimistic, nobody can trade so.");
    if (gnt_at_flag(result->json, "quick"))
        gnt_doc_item(doc, NULL, "A quick run: fewer epochs than the experiment file says.");
    gnt_doc_item(doc, NULL, "No return on investment is claimed.");
}

void gnt_page_made(const gnt_result *result, gnt_document *doc)
{
    const json_t *tuning = json_object_get(result->json, "tuning");
    const char *note = gnt_at_text(tuning, "note"), *rule = gnt_at_text(result->json, "experiment.success_rule");
    gnt_doc_heading(doc, 2, "How this was made");
    gnt_doc_text(doc, "%s bars of %s, %s, %s to %s, prices as %s; source SHA-256 %s.",
                 gnt_whole(gnt_at_real(result->json, "data.rows")).s, gnt_at_text(result->json, "data.symbol"),
                 gnt_at_text(result->json, "data.provenance"),
                 gnt_date_words_of(gnt_at_text(result->json, "data.first")).s,
                 gnt_date_words_of(gnt_at_text(result->json, "data.last")).s,
                 gnt_at_text(result->json, "data.price") ? gnt_at_text(result->json, "data.price") : "given",
                 gnt_at_text(result->json, "data.source_sha256") ? gnt_at_text(result->json, "data.source_sha256")
                                                                 : GNT_NONE_WORD);
    if (rule) gnt_doc_text(doc, "Success rule, written before the run: %s", rule);
    if (tuning)
        gnt_doc_text(doc, "Tuning budget, the same for every arm: %s configuration(s) an arm%s%s.",
                     gnt_whole(gnt_at_real(tuning, "configurations_per_arm")).s, note ? "; " : "", note ? note : "");
    strategy(result, doc);
    manifest(result, doc);
    gnt_doc_heading(doc, 2, "What this doesn't say");
    limits(result, doc);
}
