/* Distribution functions (layer 3): relative error <= 1e-12, in the tails too (statistics.md 0).
 *
 * Every tail is computed as itself, never as one minus the other tail. Arguments outside a function's domain
 * give NaN. Pure functions. Densities follow Loader (2000), "Fast and accurate computation of binomial
 * probabilities": no lgamma of large arguments is ever subtracted. */
#ifndef GNT_DIST_H
#define GNT_DIST_H

#include <stdint.h>

double gnt_normal_cdf(double x);      /* Phi(x); the upper tail is gnt_normal_cdf(-x) */
double gnt_normal_quantile(double p); /* Phi^-1(p), 0 < p < 1; 0 and 1 give -inf and inf. AS 241 (Wichura 1988) */
double gnt_normal_p(double z);        /* two-sided: 2 Phi(-|z|) */

double gnt_gamma_p(double a, double x); /* regularised lower incomplete gamma P(a, x), a > 0, x >= 0 */
double gnt_gamma_q(double a, double x); /* upper: Q = 1 - P */
double gnt_chi2_sf(double x, double df);

/* Regularised incomplete beta I_x(a, b), a, b > 0. y = 1 - x is given by the caller, who may know it exactly. */
double gnt_beta_p(double a, double b, double x, double y);
/* x with I_x(a, b) = p. */
double gnt_beta_quantile(double a, double b, double p);
/* x with 1 - I_x(a, b) = q: relative accuracy of x where q is small. */
double gnt_beta_quantile_upper(double a, double b, double q);

double gnt_student_sf(double t, double df); /* P(T > t) */
double gnt_student_p(double t, double df);  /* two-sided */

double gnt_binomial_pmf(uint64_t k, uint64_t n, double p);
double gnt_binomial_cdf(uint64_t k, uint64_t n, double p); /* P(X <= k) */

#endif
