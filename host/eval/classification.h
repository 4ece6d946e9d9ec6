/* Quality of up/down forecasts, always beside trivial predictors (layer 3; statistics.md 2, same names).
 *
 * Undefined figures: `single_class`, `no_positives`, `no_predicted_positives`, `constant_prediction`,
 * `too_few_observations`. */
#ifndef GNT_CLASSIFICATION_H
#define GNT_CLASSIFICATION_H

#include <stdint.h>

#include "host/eval/figure.h"

typedef struct gnt_classification_options {
    double threshold; /* prediction 1 iff p >= threshold; [0, 1], 0.5 */
    uint32_t bins;    /* equal-width calibration bins, 1 .. 10,000; 10 */
    double alpha;     /* 0.05 */
} gnt_classification_options;
gnt_classification_options gnt_classification_default(void);

typedef struct gnt_classification {
    uint64_t n, tp, tn, fp, fn;
    gnt_figure accuracy, precision, recall, f1, balanced_accuracy, mcc;
    gnt_figure wilson_lo, wilson_hi, cp_lo, cp_hi; /* of the accuracy */
    gnt_figure roc_auc, pr_auc, log_loss, brier;
    gnt_figure brier_reliability, brier_resolution, brier_uncertainty, brier_within, ece, mce;
    gnt_figure majority_accuracy, persistence_accuracy, always_up_f1;
    bool constant_prediction; /* all p equal, or all predicted classes equal */
} gnt_classification;

/* y [n] 0 or 1, p [n] in [0, 1]; options NULL: defaults. EVALUE, EFEW (n = 0), EINVAL, ENOMEM. */
GNT_MUST_CHECK gnt_status gnt_classification_run(const uint8_t *y, const double *p, size_t n,
                                                 const gnt_classification_options *options, gnt_classification *out,
                                                 gnt_error *why);

/* One calibration bin: forecasts with floor(bins p) = index (the last bin takes p = 1). */
typedef struct gnt_calibration_bin {
    uint64_t n;
    double mean_p, mean_y; /* NaN when n = 0 */
} gnt_calibration_bin;
/* bin [bins], out; inputs as above, checked by the caller. */
void gnt_calibration_bins(const uint8_t *y, const double *p, size_t n, gnt_calibration_bin *bin, uint32_t bins);

/* The flat object of `stats classification`, into `object`. */
void gnt_classification_json(const gnt_classification *classification, json_t *object);

#endif
