#include "metric.h"

#include <math.h>
#include <string.h>

const gnt_metric gnt_metrics[] = {
    {"accuracy", GNT_METRIC_ARM, "accuracy.value", "share of scored days whose direction was right"},
    {"accuracy_lo", GNT_METRIC_ARM, "accuracy.lo", "lower end of its Wilson 95 % interval"},
    {"accuracy_hi", GNT_METRIC_ARM, "accuracy.hi", "upper end"},
    {"majority", GNT_METRIC_ARM, "accuracy.majority", "share of the commoner direction"},
    {"roc_auc", GNT_METRIC_ARM, "classification.roc_auc", "area under the ROC curve"},
    {"brier", GNT_METRIC_ARM, "classification.brier", "mean squared error of the probability"},
    {"mcnemar_always_up_p", GNT_METRIC_ARM, "mcnemar_always_up.exact_p", "exact McNemar p against always-up"},
    {"total_return", GNT_METRIC_ARM, "total_return", "after costs"},
    {"buy_hold", GNT_METRIC_ARM, "benchmarks.buy_hold", "total return of buy-and-hold"},
    {"always_up", GNT_METRIC_ARM, "benchmarks.always_up", "total return of the strategy fed p = 1"},
    {"persistence", GNT_METRIC_ARM, "benchmarks.persistence", "total return of yesterday's direction"},
    {"random_p95", GNT_METRIC_ARM, "benchmarks.random.p95", "95 % quantile of random runs of the same positions"},
    {"sharpe", GNT_METRIC_ARM, "sharpe", "annualised"},
    {"max_drawdown", GNT_METRIC_ARM, "max_drawdown", "0 or negative"},
    {"turnover", GNT_METRIC_ARM, "turnover", "sum of traded notional over equity"},
    {"break_even_bp", GNT_METRIC_ARM, "break_even_bp", "one-way cost at which the total return is 0"},
    {"mcnemar_p", GNT_METRIC_WINDOW, "mcnemar.exact_p", "exact McNemar p, baseline against enhanced"},
    {"diff", GNT_METRIC_AB, "diff.value", "routed accuracy, enhanced minus baseline"},
    {"diff_lo", GNT_METRIC_AB, "diff.lo", "lower end of its Newcombe 95 % interval"},
    {"diff_hi", GNT_METRIC_AB, "diff.hi", "upper end"},
    {"srm_p", GNT_METRIC_AB, "srm_p", "sample ratio mismatch"},
    {"mcnemar_p", GNT_METRIC_AB, "mcnemar_p", "exact McNemar p over all requests, both arms on each"},
    {"always_valid_p", GNT_METRIC_AB, "always_valid_p", "mixture SPRT after the last request"},
};
const size_t gnt_n_metrics = sizeof gnt_metrics / sizeof *gnt_metrics;

gnt_metric_scope gnt_metric_scope_of(const char *window, const char *arm)
{
    if (strcmp(window, "ab") == 0) return GNT_METRIC_AB;
    return *arm ? GNT_METRIC_ARM : GNT_METRIC_WINDOW;
}

const gnt_metric *gnt_metric_find(gnt_metric_scope scope, const char *name)
{
    for (size_t i = 0; i < gnt_n_metrics; i++)
        if (gnt_metrics[i].scope == scope && strcmp(gnt_metrics[i].name, name) == 0) return &gnt_metrics[i];
    return NULL;
}

const json_t *gnt_result_window(const json_t *result, const char *window)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(result, "windows"), i,
                       entry) if (strcmp(json_string_value(json_object_get(entry, "name")), window) == 0) return entry;
    return NULL;
}

static double at_path(const json_t *object, const char *path)
{
    while (object) {
        size_t n = strcspn(path, ".");
        char key[64] = {0};
        if (n >= sizeof key) return NAN;
        memcpy(key, path, n);
        object = json_object_get(object, key);
        if (!path[n]) break;
        path += n + 1;
    }
    return json_is_number(object) ? json_number_value(object) : NAN;
}

double gnt_metric_value(const json_t *result, const char *window, const char *arm, const char *name)
{
    gnt_metric_scope scope = gnt_metric_scope_of(window, arm);
    const gnt_metric *metric = gnt_metric_find(scope, name);
    const json_t *object = scope == GNT_METRIC_AB ? json_object_get(result, "ab") : gnt_result_window(result, window);
    if (scope == GNT_METRIC_ARM) object = json_object_get(json_object_get(object, "arms"), arm);
    return metric ? at_path(object, metric->path) : NAN;
}
