/* Proportions, one and two (layer 3; statistics.md 2, 11, 13). Pure functions; 0 < alpha < 1.
 *
 * k successes of n, k <= n; intervals have level 1 - alpha; n = 0 gives NaN ends. */
#ifndef GNT_PROPORTION_H
#define GNT_PROPORTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/eval/figure.h"

gnt_interval gnt_wilson(uint64_t k, uint64_t n, double alpha);          /* Wilson 1927; exactly 0 at 0, 1 at n */
gnt_interval gnt_clopper_pearson(uint64_t k, uint64_t n, double alpha); /* exact, 1934 */

/* diff = k0/n0 - k1/n1. */
typedef struct gnt_two_proportion {
    gnt_figure diff, z, p; /* pooled z, two-sided p */
    gnt_figure lo, hi;     /* Newcombe 1998b, method 10 */
} gnt_two_proportion;
gnt_two_proportion gnt_two_proportion_test(uint64_t k0, uint64_t n0, uint64_t k1, uint64_t n1, double alpha);

/* Requests in arm 1 so that a two-sided test at alpha sees p1 against p2 with `power`; arm 2 gets ratio times as
 * many. Fleiss, Tytun & Ury 1980 without continuity correction. p1 == p2: undefined, `no_effect`. */
typedef struct gnt_sample_size {
    gnt_figure n1_exact, total; /* total = ceil(n1) + ceil(ratio n1) */
} gnt_sample_size;
gnt_sample_size gnt_sample_size_for(double p1, double p2, double ratio, double alpha, double power);
/* Power of that test with n1 and n2 requests; both tails counted. */
gnt_figure gnt_power_of(double p1, double p2, uint64_t n1, uint64_t n2, double alpha);

/* Sample ratio mismatch: chi-square of counts against weights (any positive scale), k - 1 df. */
typedef struct gnt_srm {
    gnt_figure chi2, p;
    bool mismatch; /* p < 0.001 (Kohavi, Tang & Xu 2020, ch. 21) */
} gnt_srm;
gnt_srm gnt_srm_test(const uint64_t *count, const double *weight, size_t k);

/* n10: a right and b wrong; n01 the reverse (McNemar 1947; mid-p: Fagerland et al. 2013). */
typedef struct gnt_mcnemar {
    uint64_t n10, n01;
    gnt_figure exact_p, midp, chi2, p, chi2_cc, p_cc;
} gnt_mcnemar;
gnt_mcnemar gnt_mcnemar_test(uint64_t n10, uint64_t n01);

#endif
