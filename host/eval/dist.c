#include "host/eval/dist.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "kernels/math/normal.h"

#define LN_SQRT_2PI 0.91893853320467274178
#define TWO_PI 6.28318530717958647693

enum { MAX_TERMS = 1000000 }; /* terms grow as sqrt(a): enough for a, b up to 1e10 */

/* ---- normal --------------------------------------------------------------------------------- */

double gnt_normal_cdf(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

double gnt_normal_p(double z)
{
    return erfc(fabs(z) * M_SQRT1_2);
}

/* The approximation that kernels draw normals with, so both agree to the bit. */
double gnt_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
    return gnt_normal(p);
}

/* ---- Loader's densities ------------------------------------------------------------------------ */

/* ln Gamma(n+1) - ln(sqrt(2 pi n) (n/e)^n), n > 0: the error of Stirling's formula. */
static double stirling_error(double n)
{
    if (n <= 15) {
        int sign;
        return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - LN_SQRT_2PI;
    }
    double m = n * n;
    return (1. / 12 - (1. / 360 - (1. / 1260 - (1. / 1680 - 1. / 1188 / m) / m) / m) / m) / n;
}

/* x ln(x/m) + m - x, without cancellation when x is near m. */
static double deviance(double x, double m)
{
    if (fabs(x - m) >= 0.1 * (x + m)) return x * log(x / m) + m - x;
    double v = (x - m) / (x + m), sum = (x - m) * v, term = 2 * x * v;
    for (int j = 1; j < 1000; j++) {
        term *= v * v;
        double next = sum + term / (2 * j + 1);
        if (next == sum) break;
        sum = next;
    }
    return sum;
}

/* m^x e^-m / Gamma(x+1), x, m > 0. */
static double poisson_density(double x, double m)
{
    return exp(-stirling_error(x) - deviance(x, m)) / sqrt(TWO_PI * x);
}

/* Gamma(n+1)/(Gamma(k+1) Gamma(n-k+1)) p^k q^(n-k), 0 < k < n, q = 1 - p. */
static double binomial_density(double k, double n, double p, double q)
{
    double m = n - k, scale = stirling_error(n) - stirling_error(k) - stirling_error(m);
    return exp(scale - deviance(k, n * p) - deviance(m, n * q)) * sqrt(n / (TWO_PI * k * m));
}

/* ---- incomplete gamma ---------------------------------------------------------------------------- */

/* P(a, x) for x < a + 1: the power series. */
static double gamma_series(double a, double x)
{
    double sum = 1, term = 1;
    for (int n = 1; n < MAX_TERMS && term > sum * DBL_EPSILON / 4; n++) {
        term *= x / (a + n);
        sum += term;
    }
    return poisson_density(a, x) * sum;
}

/* Q(a, x) for x >= a + 1: Legendre's continued fraction by Lentz's method. */
static double gamma_fraction(double a, double x)
{
    double b = x + 1 - a, c = 1 / DBL_MIN, d = 1 / b, h = d;
    for (int n = 1; n < MAX_TERMS; n++) {
        double an = -n * (n - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        double step = d * c;
        h *= step;
        if (fabs(step - 1) <= DBL_EPSILON) break;
    }
    return poisson_density(a, x) * a * h;
}

double gnt_gamma_p(double a, double x)
{
    if (!(a > 0 && x >= 0)) return NAN;
    if (x == 0) return 0;
    if (isinf(x)) return 1;
    return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double gnt_gamma_q(double a, double x)
{
    if (!(a > 0 && x >= 0)) return NAN;
    if (x == 0) return 1;
    if (isinf(x)) return 0;
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

double gnt_chi2_sf(double x, double df)
{
    return gnt_gamma_q(df / 2, x / 2);
}

/* ---- incomplete beta ------------------------------------------------------------------------------- */

/* x^a y^b / B(a, b) */
static double beta_power(double a, double b, double x, double y)
{
    return binomial_density(a, a + b, x, y) * a * b / (a + b);
}

/* I_x(a, b) for x <= a/(a+b) or so: DiDonato & Morris 1992 (ACM TOMS 708), equation 9, by Lentz's method. */
static double beta_fraction(double a, double b, double x, double y)
{
    double lambda = a > b ? (a + b) * y - b : a - (a + b) * x;
    double h = a * (lambda + 1) / (a + 1), c = h, d = 0;
    if (h == 0) h = c = DBL_MIN;
    for (int n = 1; n < MAX_TERMS; n++) {
        double an = (a + n - 1) * (a + b + n - 1) * n * (b - n) * x * x / ((a + 2 * n - 1) * (a + 2 * n - 1));
        double bn = n + n * (b - n) * x / (a + 2 * n - 1) + (a + n) * (lambda + 1 + n * (1 + y)) / (a + 2 * n + 1);
        d = 1 / (bn + an * d);
        c = bn + an / c;
        double step = c * d;
        h *= step;
        if (fabs(step - 1) <= DBL_EPSILON) break;
    }
    return beta_power(a, b, x, y) / h;
}

double gnt_beta_p(double a, double b, double x, double y)
{
    if (!(a > 0 && b > 0 && x >= 0 && y >= 0)) return NAN;
    if (x == 0 || y == 0) return x == 0 ? 0 : 1;
    return x * (a + b + 2) < a + 1 ? beta_fraction(a, b, x, y) : 1 - beta_fraction(b, a, y, x);
}

/* Newton's method on ln(tail) as a function of u = ln x: concave for a, b >= 1, so it converges from one side. */
static double beta_solve(double a, double b, double tail, bool upper)
{
    if (!(a > 0 && b > 0 && tail >= 0 && tail <= 1)) return NAN;
    if (tail == 0 || tail == 1) return (tail == 1) != upper ? 1 : 0;
    double u = -log1p(b / a), target = log(tail);
    for (int i = 0; i < 200; i++) {
        double x = exp(u), y = -expm1(u);
        double now = upper ? gnt_beta_p(b, a, y, x) : gnt_beta_p(a, b, x, y);
        double slope = beta_power(a, b, x, y) / y / now * (upper ? -1 : 1); /* d ln(tail)/du */
        double next = u - (log(now) - target) / slope;
        if (!(next < 0)) next = u / 2;
        double moved = fabs(next - u);
        u = next;
        if (moved <= 1e-10) break; /* quadratic: the step done leaves about its square */
    }
    return exp(u);
}

double gnt_beta_quantile(double a, double b, double p)
{
    return beta_solve(a, b, p, false);
}

double gnt_beta_quantile_upper(double a, double b, double q)
{
    return beta_solve(a, b, q, true);
}

/* ---- Student and binomial ---------------------------------------------------------------------------- */

double gnt_student_p(double t, double df)
{
    double square = t * t;
    if (isinf(square)) return 0;
    return gnt_beta_p(df / 2, 0.5, df / (df + square), square / (df + square));
}

double gnt_student_sf(double t, double df)
{
    double half = gnt_student_p(t, df) / 2;
    return t >= 0 ? half : 1 - half;
}

double gnt_binomial_pmf(uint64_t k, uint64_t n, double p)
{
    if (!(p >= 0 && p <= 1) || k > n) return NAN;
    if (p == 0 || p == 1) return k == (p == 0 ? 0 : n) ? 1 : 0;
    if (k == 0) return exp((double)n * log1p(-p));
    if (k == n) return exp((double)n * log(p));
    return binomial_density((double)k, (double)n, p, 1 - p);
}

double gnt_binomial_cdf(uint64_t k, uint64_t n, double p)
{
    if (!(p >= 0 && p <= 1)) return NAN;
    if (k >= n) return 1;
    return gnt_beta_p((double)(n - k), (double)k + 1, 1 - p, p);
}
