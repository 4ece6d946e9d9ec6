/* Sums that keep their digits, means, moments, quantiles (layer 3; statistics.md 0).
 *
 * Sums are Neumaier's compensated sums in index order, so a result depends on nothing but the data. Zero
 * variance means max = min, never a computed sd of 0. */
#ifndef GNT_MOMENTS_H
#define GNT_MOMENTS_H

#include <stdbool.h>
#include <stddef.h>

/* Start from a zeroed one. */
typedef struct gnt_sum {
    double value, error;
} gnt_sum;
void gnt_sum_add(gnt_sum *sum, double x);
static inline double gnt_sum_get(gnt_sum sum)
{
    return sum.value + sum.error;
}

double gnt_mean(const double *x, size_t n);
bool gnt_is_constant(const double *x, size_t n); /* max = min */
/* Sum of (x - mean)^power / (n - ddof); exactly 0 for a constant series. */
double gnt_central_moment(const double *x, size_t n, double mean, int power, size_t ddof);
double gnt_sd(const double *x, size_t n, double mean); /* ddof 1, n >= 2; exactly 0 for a constant series */
/* g_k = (1/n) sum_{t >= k} (x_t - mean)(x_{t-k} - mean), k < n. */
double gnt_autocovariance(const double *x, size_t n, double mean, size_t k);

void gnt_sort(double *x, size_t n);                              /* rising; no NaN */
double gnt_quantile_sorted(const double *x, size_t n, double q); /* type 7, n >= 1, 0 <= q <= 1 */

/* "finite" check that names the first bad row: n when all are finite. */
size_t gnt_first_not_finite(const double *x, size_t n);

#endif
