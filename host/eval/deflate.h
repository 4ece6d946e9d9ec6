/* How likely a Sharpe ratio is real, given its odd tails and how many configurations were tried (layer 3; statistics.md
 * 7). Pure functions; everything per period: annualise only on output.
 *
 * Sources: Bailey & Lopez de Prado 2012 (PSR) and 2014 (DSR). Undefined: `negative_variance`. */
#ifndef GNT_DEFLATE_H
#define GNT_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "host/eval/figure.h"

/* Chance that the true Sharpe exceeds `benchmark`. skew and kurtosis are population moments, kurtosis raw (normal: 3);
 * n >= 3 returns. */
gnt_figure gnt_psr(double sharpe, double benchmark, size_t n, double skew, double kurtosis);

/* Expected largest of n independent standard normals, n >= 1; 0 for n = 1. */
double gnt_expected_max(uint64_t n);

/* The Sharpe that the best of n worthless trials is expected to show: sqrt(variance) gnt_expected_max(n); variance:
 * ddof 1, of the trials' Sharpe ratios (unused for n = 1). DSR is gnt_psr against it. */
double gnt_deflated_benchmark(double variance, uint64_t n);

/* Population skewness and raw kurtosis of x [n]; NaN for a constant series. */
typedef struct gnt_shape {
    double skew, kurtosis;
} gnt_shape;
gnt_shape gnt_shape_of(const double *x, size_t n);

#endif
