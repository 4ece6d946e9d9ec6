/* Means and Sharpe ratios of serially dependent series (layer 3; statistics.md 3, 4, 5). Pure functions.
 *
 * Undefined: `zero_variance`, `negative_variance`. Inputs must be finite. */
#ifndef GNT_SHARPE_H
#define GNT_SHARPE_H

#include <stddef.h>

#include "host/eval/figure.h"

size_t gnt_newey_west_lag(size_t n); /* floor(4 (n/100)^(2/9)) (Newey & West 1994) */

/* Newey & West 1987: Bartlett weights, no small-sample factor. n >= 2, lag < n. */
typedef struct gnt_newey_west {
    gnt_figure mean, se, t;
    size_t lag;
} gnt_newey_west;
gnt_newey_west gnt_newey_west_mean(const double *x, size_t n, size_t lag);

/* Standard errors of a per-period Sharpe ratio and its value over q periods (Lo 2002; Mertens 2002).
 * n >= 2, lag < n, 1 <= q < n. GNT_ENOMEM: one array of n. */
typedef struct gnt_lo_sharpe {
    gnt_figure sharpe, se_iid, se_mertens, se_hac, eta, sharpe_q, sharpe_sqrt;
} gnt_lo_sharpe;
GNT_MUST_CHECK gnt_status gnt_lo_sharpe_run(const double *x, size_t n, size_t q, size_t lag, gnt_lo_sharpe *out,
                                            gnt_error *why);
/* eta(q) for given autocorrelations rho[0 .. q-2] of lags 1 .. q-1. */
gnt_figure gnt_lo_eta(size_t q, const double *rho);
double gnt_lo_se_iid(double sharpe, size_t n); /* sqrt((1 + SR^2/2)/n) */

/* Politis & White 2004, corrected by Patton, Politis & White 2009. n >= 20. */
typedef struct gnt_block_length {
    gnt_figure stationary, circular;
    size_t M; /* lags used */
} gnt_block_length;
gnt_block_length gnt_block_length_of(const double *x, size_t n);

#endif
