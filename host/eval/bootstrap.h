/* Percentile intervals of dependent data by resampled blocks (layer 3; statistics.md 5 and 15). */
#ifndef GNT_BOOTSTRAP_H
#define GNT_BOOTSTRAP_H

#include "host/device/engine.h"
#include "host/eval/figure.h"

typedef enum gnt_boot_statistic { GNT_BOOT_MEAN = 0, GNT_BOOT_SHARPE } gnt_boot_statistic; /* sharpe: per period */

typedef struct gnt_bootstrap_options {
    gnt_resample_method method;
    double
        block; /* mean block length (stationary) or block length (circular, whole), >= 1; 0: from the data, n >= 20 */
    gnt_boot_statistic statistic;
    size_t n_replicates; /* >= 1 */
    uint64_t seed;
    uint32_t stream;
    double alpha;
} gnt_bootstrap_options;

typedef struct gnt_bootstrap {
    gnt_figure value, lo, hi; /* of the data; type 7 quantiles of the replicates at alpha/2 and 1 - alpha/2 */
    double block;             /* as used */
} gnt_bootstrap;

/* x [n], n >= 2, finite. A replicate without variance leaves a Sharpe interval undefined: `zero_variance`. */
GNT_MUST_CHECK gnt_status gnt_bootstrap_run(gnt_engine *engine, const double *x, size_t n,
                                            const gnt_bootstrap_options *options, gnt_bootstrap *out, gnt_error *why);

#endif
