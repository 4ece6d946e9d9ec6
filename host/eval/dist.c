#include "host/eval/dist.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

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

static double horner(const double *c, int n, double x)
{
    double value = c[n - 1];
    for (int i = n - 2; i >= 0; i--) value = value * x + c[i];
    return value;
}

/* Wichura 1988, AS 241, PPND16: three rational approximations of degree 7. */
double gnt_normal_quantile(double p)
{
    static const double a[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                                1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[8] = {1.0,
                                4.2313330701600911252e+1,
                                6.8718700749205790830e+2,
                                5.3941960214247511077e+3,
                                2.1213794301586595867e+4,
                                3.9307895800092710610e+4,
                                2.8729085735721942674e+4,
                                5.2264952788528545610e+3};
    static const double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                                3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[8] = {1.0,
                                2.05319162663775882187e0,
                                1.67638483018380384940e0,
                                6.89767334985100004550e-1,
                                1.48103976427480074590e-1,
                                1.51986665636164571966e-2,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    static const double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[8] = {1.0,
                                5.99832206555887937690e-1,
                                1.36929880922735805310e-1,
                                1.48753612908506148525e-2,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * horner(a, 8, r) / horner(b, 8, r);
    }
    double r = sqrt(-log(q < 0 ? p : 1 - p));
    double x = r <= 5 ? horner(c, 8, r - 1.6) / horner(d, 8, r - 1.6) : horner(e, 8, r - 5) / horner(f, 8, r - 5);
    return q < 0 ? -x : x;
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
