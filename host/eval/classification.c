#include "host/eval/classification.h"

#include <stddef.h>
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/moments.h"
#include "host/eval/proportion.h"

enum { MAX_BINS = 10000 };

gnt_classification_options gnt_classification_default(void)
{
    return (gnt_classification_options){.threshold = 0.5, .bins = 10, .alpha = 0.05};
}

static gnt_status check(const uint8_t *y, const double *p, size_t n, const gnt_classification_options *o,
                        gnt_error *why)
{
    if (n < 1) return gnt_fail(why, GNT_EFEW, "classification: no rows; at least 1 is needed");
    if (!(o->threshold >= 0 && o->threshold <= 1))
        return gnt_fail(why, GNT_EINVAL, "classification: threshold %g is outside [0, 1]", o->threshold);
    if (o->bins < 1 || o->bins > MAX_BINS)
        return gnt_fail(why, GNT_EINVAL, "classification: bins is %u; 1 to %d are possible", o->bins, MAX_BINS);
    if (!(o->alpha > 0 && o->alpha < 1))
        return gnt_fail(why, GNT_EINVAL, "classification: alpha %g is outside (0, 1)", o->alpha);
    for (size_t i = 0; i < n; i++) {
        if (y[i] > 1) return gnt_fail(why, GNT_EVALUE, "classification: row %zu: label %u is not 0 or 1", i + 1, y[i]);
        if (!(p[i] >= 0 && p[i] <= 1))
            return gnt_fail(why, GNT_EVALUE, "classification: row %zu: probability %g is outside [0, 1]", i + 1, p[i]);
    }
    return GNT_OK;
}

static void fill_counts(const uint8_t *y, const double *p, size_t n, double threshold, gnt_classification *out)
{
    bool same = true;
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        bool up = p[i] >= threshold;
        out->tp += up && y[i];
        out->fp += up && !y[i];
        out->tn += !up && !y[i];
        out->fn += !up && y[i];
        same = same && p[i] == p[0];
    }
    uint64_t n_up = out->tp + out->fp;
    out->constant_prediction = same || n_up == 0 || n_up == n;
}

static gnt_figure mcc(double tp, double tn, double fp, double fn)
{
    double real = sqrt(tp + fn) * sqrt(tn + fp), said = sqrt(tp + fp) * sqrt(tn + fn);
    if (!(real > 0)) return gnt_figure_none("single_class");
    return gnt_figure_ratio((tp * tn - fp * fn) / real, said, "constant_prediction");
}

static void fill_table(const gnt_classification_options *o, gnt_classification *out)
{
    double tp = (double)out->tp, tn = (double)out->tn, fp = (double)out->fp, fn = (double)out->fn, n = (double)out->n;
    gnt_interval wilson = gnt_wilson(out->tp + out->tn, out->n, o->alpha);
    gnt_interval exact = gnt_clopper_pearson(out->tp + out->tn, out->n, o->alpha);
    gnt_figure specificity = gnt_figure_ratio(tn, tn + fp, "single_class");
    out->accuracy = gnt_figure_of((tp + tn) / n);
    out->precision = gnt_figure_ratio(tp, tp + fp, "no_predicted_positives");
    out->recall = gnt_figure_ratio(tp, tp + fn, "no_positives");
    out->f1 = gnt_figure_ratio(2 * tp, 2 * tp + fp + fn, "no_positives");
    out->balanced_accuracy = out->recall.reason || specificity.reason
                                 ? gnt_figure_none("single_class")
                                 : gnt_figure_of((out->recall.value + specificity.value) / 2);
    out->mcc = mcc(tp, tn, fp, fn);
    out->wilson_lo = gnt_figure_of(wilson.lo);
    out->wilson_hi = gnt_figure_of(wilson.hi);
    out->cp_lo = gnt_figure_of(exact.lo);
    out->cp_hi = gnt_figure_of(exact.hi);
}

typedef struct scored {
    double p;
    uint8_t y;
} scored;

static int falling(const void *a, const void *b)
{
    double x = ((const scored *)a)->p, y = ((const scored *)b)->p;
    return (x < y) - (x > y);
}

/* Areas under the ROC and the precision-recall curve; ties are one step. row: falling p. */
static void fill_areas(const scored *row, size_t n, gnt_classification *out)
{
    double ranks = 0, tp = 0, fp = 0, n1 = (double)(out->tp + out->fn), n0 = (double)n - n1;
    gnt_sum area = {0};
    for (size_t i = 0, j; i < n; i = j) {
        double up = 0;
        for (j = i; j < n && row[j].p == row[i].p; j++) up += row[j].y;
        /* falling places i..j-1 have the rising average rank n - (i+j-1)/2 */
        ranks += up * ((double)n - (double)(i + j - 1) / 2);
        tp += up;
        fp += (double)(j - i) - up;
        if (up > 0) gnt_sum_add(&area, up / n1 * (tp / (tp + fp)));
    }
    out->roc_auc =
        n1 > 0 && n0 > 0 ? gnt_figure_of((ranks - n1 * (n1 + 1) / 2) / (n1 * n0)) : gnt_figure_none("single_class");
    out->pr_auc = n1 > 0 ? gnt_figure_of(gnt_sum_get(area)) : gnt_figure_none("no_positives");
}

static void fill_losses(const uint8_t *y, const double *p, size_t n, gnt_classification *out)
{
    const double least = 0x1p-52;
    gnt_sum log_loss = {0}, brier = {0};
    for (size_t i = 0; i < n; i++) {
        double right = y[i] ? p[i] : 1 - p[i], d = p[i] - y[i];
        gnt_sum_add(&log_loss, -log(fmin(fmax(right, least), 1 - least)));
        gnt_sum_add(&brier, d * d);
    }
    out->log_loss = gnt_figure_of(gnt_sum_get(log_loss) / (double)n);
    out->brier = gnt_figure_of(gnt_sum_get(brier) / (double)n);
}

void gnt_calibration_bins(const uint8_t *y, const double *p, size_t n, gnt_calibration_bin *bin, uint32_t bins)
{
    for (uint32_t k = 0; k < bins; k++) bin[k] = (gnt_calibration_bin){0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        uint32_t k = (uint32_t)floor(bins * p[i]);
        gnt_calibration_bin *b = &bin[k < bins ? k : bins - 1];
        b->n++;
        b->mean_y += y[i];
        b->mean_p += (p[i] - b->mean_p) / (double)b->n; /* running mean: error stays within a few ulp of 1 */
    }
    for (uint32_t k = 0; k < bins; k++) {
        bin[k].mean_y = bin[k].n ? bin[k].mean_y / (double)bin[k].n : NAN;
        if (!bin[k].n) bin[k].mean_p = NAN;
    }
}

/* Murphy's (1973) parts of the Brier score and the calibration errors of Guo et al. (2017). */
static void fill_calibration(const gnt_calibration_bin *bin, uint32_t bins, gnt_classification *out)
{
    double n = (double)out->n, o = (double)(out->tp + out->fn) / n, worst = 0, uncertainty = o * (1 - o);
    gnt_sum reliability = {0}, resolution = {0}, ece = {0};
    for (uint32_t k = 0; k < bins; k++) {
        if (!bin[k].n) continue;
        double share = (double)bin[k].n / n, gap = bin[k].mean_p - bin[k].mean_y, d = bin[k].mean_y - o;
        gnt_sum_add(&reliability, share * gap * gap);
        gnt_sum_add(&resolution, share * d * d);
        gnt_sum_add(&ece, share * fabs(gap));
        worst = fmax(worst, fabs(gap));
    }
    double rel = gnt_sum_get(reliability), res = gnt_sum_get(resolution);
    out->brier_reliability = gnt_figure_of(rel);
    out->brier_resolution = gnt_figure_of(res);
    out->brier_uncertainty = gnt_figure_of(uncertainty);
    out->brier_within = gnt_figure_of(out->brier.value - (rel - res + uncertainty));
    out->ece = gnt_figure_of(gnt_sum_get(ece));
    out->mce = gnt_figure_of(worst);
}

static void fill_trivial(const uint8_t *y, size_t n, gnt_classification *out)
{
    double o = (double)(out->tp + out->fn) / (double)n;
    size_t same = 0;
    for (size_t i = 1; i < n; i++) same += y[i] == y[i - 1];
    out->majority_accuracy = gnt_figure_of(fmax(o, 1 - o));
    out->persistence_accuracy = gnt_figure_ratio((double)same, (double)(n - 1), "too_few_observations");
    out->always_up_f1 = gnt_figure_of(2 * o / (1 + o));
}

gnt_status gnt_classification_run(const uint8_t *y, const double *p, size_t n,
                                  const gnt_classification_options *options, gnt_classification *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_classification_options o = options ? *options : gnt_classification_default();
    scored *row = NULL;
    gnt_calibration_bin *bin = NULL;
    *out = (gnt_classification){0};
    GNT_GOTO(check(y, p, n, &o, why));
    GNT_ALLOC(row, n);
    GNT_ALLOC(bin, o.bins);
    for (size_t i = 0; i < n; i++) row[i] = (scored){p[i], y[i]};
    qsort(row, n, sizeof *row, falling);
    fill_counts(y, p, n, o.threshold, out);
    fill_table(&o, out);
    fill_areas(row, n, out);
    fill_losses(y, p, n, out);
    gnt_calibration_bins(y, p, n, bin, o.bins);
    fill_calibration(bin, o.bins, out);
    fill_trivial(y, n, out);
out:
    free(bin);
    free(row);
    return st;
}

static const struct {
    const char *name;
    size_t offset;
} figures[] = {
#define ROW(name)                                 \
    {                                             \
#name, offsetof(gnt_classification, name) \
    }
    ROW(accuracy),
    ROW(wilson_lo),
    ROW(wilson_hi),
    ROW(cp_lo),
    ROW(cp_hi),
    ROW(majority_accuracy),
    ROW(persistence_accuracy),
    ROW(always_up_f1),
    ROW(precision),
    ROW(recall),
    ROW(f1),
    ROW(balanced_accuracy),
    ROW(mcc),
    ROW(roc_auc),
    ROW(pr_auc),
    ROW(log_loss),
    ROW(brier),
    ROW(brier_reliability),
    ROW(brier_resolution),
    ROW(brier_uncertainty),
    ROW(brier_within),
    ROW(ece),
    ROW(mce),
#undef ROW
};

void gnt_classification_json(const gnt_classification *c, json_t *object)
{
    gnt_json_count(object, "n", c->n);
    gnt_json_count(object, "tp", c->tp);
    gnt_json_count(object, "tn", c->tn);
    gnt_json_count(object, "fp", c->fp);
    gnt_json_count(object, "fn", c->fn);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        gnt_figure_json(object, figures[i].name, *(const gnt_figure *)((const char *)c + figures[i].offset));
    gnt_json_flag(object, "constant_prediction", c->constant_prediction);
}
