/* Tables of the parts only some experiments have; each writes nothing when its part is missing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page.h"

void gnt_page_regimes(const gnt_result *result, gnt_document *doc)
{
    size_t i;
    const json_t *row, *rows = json_object_get(result->json, "regimes");
    const char *name;
    json_t *arm;
    if (!json_array_size(rows)) return;
    gnt_doc_table(doc, "<Scheme|<Regime|>Days|>Share|>Hold|<Arm|>Right (95 %)|>Majority|>Mean a day|>Return",
                  "The window cut into regimes known the day before. Mean a day and return are of the book after costs "
                  "on those days.");
    json_array_foreach(rows, i, row) json_object_foreach(json_object_get(row, "arms"), name, arm)
    {
        const char *scheme = gnt_at_text(row, "scheme"), *title = gnt_at_text(row, "title");
        gnt_doc_cell(doc, "%s", scheme && strcmp(scheme, "bull_bear") == 0 ? "bull and bear" : scheme ? scheme : "");
        gnt_doc_cell(doc, "%s", title ? title : gnt_at_text(row, "regime") ? gnt_at_text(row, "regime") : "");
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(row, "n_bars")).s);
        gnt_doc_cell(doc, "%s", gnt_percent(gnt_at_real(row, "share")).s);
        gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(row, "hold_return")).s);
        gnt_doc_cell(doc, "%s", name);
        gnt_doc_cell(doc, "%s", gnt_accuracy_words(gnt_at(arm, "accuracy")).s);
        gnt_doc_cell(doc, "%s", gnt_percent(gnt_at_real(arm, "accuracy.majority")).s);
        gnt_doc_cell(doc, "%s", gnt_basis_points(gnt_at_real(arm, "mean_return_bp")).s);
        gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "total_return")).s);
    }
    json_array_foreach(json_object_get(result->json, "schemes"), i, row)
    {
        const char *scheme = gnt_at_text(row, "scheme"), *definition = gnt_at_text(row, "definition");
        if (scheme && definition)
            gnt_doc_note(doc, "%s: %s", strcmp(scheme, "bull_bear") == 0 ? "bull and bear" : scheme, definition);
    }
}

void gnt_page_costs(const gnt_result *result, gnt_document *doc)
{
    size_t i;
    const json_t *row, *rows = json_object_get(result->json, "cost_curve");
    if (!json_array_size(rows)) return;
    gnt_doc_table(doc, "<Window|<Arm|>One-way cost|>Total return|>Turnover|>Costs paid, USD",
                  "The cost curve in figures.");
    json_array_foreach(rows, i, row)
    {
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "window") ? gnt_at_text(row, "window") : "");
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "arm") ? gnt_at_text(row, "arm") : "");
        gnt_doc_cell(doc, "%s", gnt_basis_points(gnt_at_real(row, "cost_bp")).s);
        gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(row, "total_return")).s);
        gnt_doc_cell(doc, "%s", gnt_decimal(gnt_at_real(row, "turnover"), 1).s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(row, "cost_paid")).s);
    }
}

static gnt_word range_of(const json_t *fold, const char *key)
{
    const json_t *range = json_object_get(fold, key);
    const char *from = json_string_value(json_array_get(range, 0)), *to = json_string_value(json_array_get(range, 1));
    if (!from || !to) return (gnt_word){GNT_NONE_WORD};
    return gnt_range_words(from, to);
}

static void fold_cells(gnt_document *doc, const char *name, const json_t *arm)
{
    gnt_doc_cell(doc, "%s", name);
    gnt_doc_cell(doc, "%s", gnt_accuracy_words(gnt_at(arm, "accuracy")).s);
    gnt_doc_cell(doc, "%s", gnt_percent(gnt_at_real(arm, "accuracy.majority")).s);
    gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "total_return")).s);
    gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "hold_return")).s);
}

void gnt_page_folds(const gnt_result *result, gnt_document *doc)
{
    size_t i;
    const json_t *fold, *folds = json_object_get(result->json, "folds"),
                        *pooled = json_object_get(result->json, "folds_pooled");
    const char *name;
    json_t *arm;
    if (!json_array_size(folds)) return;
    gnt_doc_table(
        doc, "<Fold|<Test range|>Train days|>Test days|>Purged|>Embargoed|<Arm|>Right (95 %)|>Majority|>Return|>Hold",
        "Walk-forward: a model is fitted again for every fold, on days before its test range only.");
    json_array_foreach(folds, i, fold) json_object_foreach(json_object_get(fold, "arms"), name, arm)
    {
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(fold, "fold")).s);
        gnt_doc_cell(doc, "%s", range_of(fold, "test").s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(fold, "n_train")).s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(fold, "n_test")).s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(fold, "purged")).s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(fold, "embargoed")).s);
        fold_cells(doc, name, arm);
    }
    json_object_foreach(json_object_get(pooled, "arms"), name, arm)
    {
        gnt_doc_cell(doc, "all");
        gnt_doc_cell(doc, "every fold's test days");
        gnt_doc_cell(doc, " ");
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(pooled, "n_test")).s);
        gnt_doc_cell(doc, " ");
        gnt_doc_cell(doc, " ");
        fold_cells(doc, name, arm);
    }
}

static void ab_row(gnt_document *doc, const char *label, const json_t *arm)
{
    gnt_doc_cell(doc, "%s", label);
    gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(arm, "accuracy.n")).s);
    gnt_doc_cell(doc, "%s", gnt_accuracy_words(gnt_at(arm, "accuracy")).s);
    gnt_doc_cell(doc, "%s", gnt_percent(gnt_at_real(arm, "accuracy.majority")).s);
    gnt_doc_cell(doc, "%s", gnt_percent_signed(gnt_at_real(arm, "total_return")).s);
}

void gnt_page_ab(const gnt_result *result, gnt_document *doc)
{
    const json_t *ab = json_object_get(result->json, "ab");
    if (!json_object_size(ab)) return;
    gnt_doc_table(doc, "<Arm|>Days scored|>Right (95 %)|>Majority|>Return after costs",
                  "Both arms on every request (the fair comparison) and on the requests the router gave them (what a "
                  "live test would have seen).");
    ab_row(doc, "baseline, every request", gnt_at(ab, "baseline"));
    ab_row(doc, "enhanced, every request", gnt_at(ab, "enhanced"));
    ab_row(doc, "baseline, as routed", gnt_at(ab, "routed.baseline"));
    ab_row(doc, "enhanced, as routed", gnt_at(ab, "routed.enhanced"));
    double d = gnt_at_real(ab, "diff.value"), lo = gnt_at_real(ab, "diff.lo"), hi = gnt_at_real(ab, "diff.hi");
    if (isfinite(d) && isfinite(lo) && isfinite(hi))
        gnt_doc_text(doc, "As routed, enhanced minus baseline is %s points of accuracy (Newcombe 95 %%: %s to %s)%s.",
                     gnt_decimal(100 * d, 1).s, gnt_decimal(100 * lo, 1).s, gnt_decimal(100 * hi, 1).s,
                     lo <= 0 && hi >= 0 ? ": no difference is within the interval" : "");
    gnt_doc_item(doc, NULL, "Split: %s of %s requests went to enhanced, target %s; sample-ratio test p %s%s.",
                 gnt_percent(gnt_at_real(ab, "share_enhanced")).s, gnt_whole(gnt_at_real(ab, "n")).s,
                 gnt_percent(gnt_at_real(ab, "target_share")).s, gnt_probability(gnt_at_real(ab, "srm_p")).s,
                 gnt_at_real(ab, "srm_p") < 0.001 ? " (the split is broken: read no effect)" : "");
    gnt_doc_item(doc, NULL, "Same days, both arms: McNemar's exact p %s.",
                 gnt_probability(gnt_at_real(ab, "mcnemar_p")).s);
    gnt_doc_item(doc, NULL, "Looked at after every request: always-valid p %s.",
                 gnt_probability(gnt_at_real(ab, "always_valid_p")).s);
    gnt_doc_item(doc, NULL, "To see a difference of 2 points with 80 %% power at this split, %s requests are needed.",
                 gnt_whole(gnt_at_real(ab, "requests_for_80_power")).s);
}

static gnt_word by_metric(const char *metric, double value)
{
    bool money = metric && (strstr(metric, "return") || strstr(metric, "drawdown"));
    bool share = metric && (strstr(metric, "accuracy") || strstr(metric, "majority") || strstr(metric, "share") ||
                            strstr(metric, "hold"));
    return money ? gnt_percent_signed(value) : share ? gnt_percent(value) : gnt_decimal(value, 3);
}

void gnt_page_claims(const gnt_result *result, gnt_document *doc)
{
    size_t i;
    const json_t *row, *rows = json_object_get(result->json, "claims");
    if (!json_array_size(rows)) return;
    gnt_doc_table(doc, "<Claim|<Source|>Claimed|>Here|<What stands behind it",
                  "The original demo's figures beside this run's: ours are computed on the data named on top, theirs "
                  "are quoted.");
    json_array_foreach(rows, i, row)
    {
        const char *metric = gnt_at_text(row, "metric");
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "claim") ? gnt_at_text(row, "claim") : "");
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "source") ? gnt_at_text(row, "source") : "");
        gnt_doc_cell(doc, "%s", by_metric(metric, gnt_at_real(row, "claimed")).s);
        gnt_doc_cell(doc, "%s", by_metric(metric, gnt_at_real(row, "ours")).s);
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "note") ? gnt_at_text(row, "note") : "");
    }
}

void gnt_page_checks(const gnt_result *result, gnt_document *doc)
{
    size_t i;
    const json_t *row, *rows = json_object_get(result->json, "checks");
    if (!json_array_size(rows)) return;
    gnt_doc_table(doc, "<Window|<Arm|<Figure|>Found|<Must be|>Bound|<Passed",
                  "The success rule, written before the run, as it was computed.");
    json_array_foreach(rows, i, row)
    {
        const char *metric = gnt_at_text(row, "metric"), *op = gnt_at_text(row, "op"),
                   *bound = gnt_at_text(row, "bound");
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "window") ? gnt_at_text(row, "window") : "");
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "arm") ? gnt_at_text(row, "arm") : "");
        gnt_doc_cell(doc, "%s", metric ? metric : "");
        gnt_doc_cell(doc, "%s", by_metric(metric, gnt_at_real(row, "value")).s);
        gnt_doc_cell(doc, "%s %s", op ? op : "", bound ? bound : "");
        gnt_doc_cell(doc, "%s", by_metric(metric, gnt_at_real(row, "bound_value")).s);
        gnt_doc_cell(doc, json_is_boolean(gnt_at(row, "passed")) ? gnt_at_flag(row, "passed") ? "yes" : "no"
                                                                 : GNT_NONE_WORD);
    }
}

void gnt_page_models(const gnt_result *result, gnt_document *doc)
{
    size_t i;
    const json_t *row, *rows = json_object_get(result->json, "models");
    if (!json_array_size(rows)) return;
    gnt_doc_table(
        doc,
        "<Variant|<Split|>Parameters|<Trained on|>Train days|>Validation days|>Epochs|>Best|>Train loss|>Validation "
        "loss|>Validation right (95 %)|>Majority",
        "The models as trained. Validation figures chose the epoch, so they flatter; only test windows count.");
    json_array_foreach(rows, i, row)
    {
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "variant") ? gnt_at_text(row, "variant") : "");
        gnt_doc_cell(doc, "%s", gnt_at_text(row, "split") ? gnt_at_text(row, "split") : "");
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(row, "parameters")).s);
        gnt_doc_cell(doc, "%s", range_of(row, "train").s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(row, "n_train")).s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(row, "n_val")).s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(row, "epochs_run")).s);
        gnt_doc_cell(doc, "%s", gnt_whole(gnt_at_real(row, "best_epoch")).s);
        gnt_doc_cell(doc, "%s", gnt_decimal(gnt_at_real(row, "train_loss"), 4).s);
        gnt_doc_cell(doc, "%s", gnt_decimal(gnt_at_real(row, "val_loss"), 4).s);
        gnt_doc_cell(doc, "%s", gnt_accuracy_words(gnt_at(row, "val_accuracy")).s);
        gnt_doc_cell(doc, "%s", gnt_percent(gnt_at_real(row, "val_accuracy.majority")).s);
    }
}
