#include "host/eval/sharpe.h"

#include <stdbool.h>
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/moments.h"

size_t gnt_newey_west_lag(size_t n)
{
    return (size_t)floor(4 * pow((double)n / 100, 2. / 9));
}

/* Long-run variance with Bartlett weights. */
static double long_run_variance(const double *x, size_t n, double mean, size_t lag)
{
    gnt_sum sum = {0};
    gnt_sum_add(&sum, gnt_autocovariance(x, n, mean, 0));
    for (size_t k = 1; k <= lag; k++)
        gnt_sum_add(&sum, 2 * (1 - (double)k / ((double)lag + 1)) * gnt_autocovariance(x, n, mean, k));
    return gnt_sum_get(sum);
}

gnt_newey_west gnt_newey_west_mean(const double *x, size_t n, size_t lag)
{
    double mean = gnt_mean(x, n), lrv = gnt_is_constant(x, n) ? 0 : long_run_variance(x, n, mean, lag);
    double se = sqrt(lrv / (double)n);
    gnt_newey_west out = {.mean = gnt_figure_of(mean), .lag = lag};
    out.se = lrv >= 0 ? gnt_figure_of(se) : gnt_figure_none("negative_variance");
    out.t = se > 0 ? gnt_figure_of(mean / se) : gnt_figure_none(lrv >= 0 ? "zero_variance" : "negative_variance");
    return out;
}

double gnt_lo_se_iid(double sharpe, size_t n)
{
    return sqrt((1 + sharpe * sharpe / 2) / (double)n);
}

gnt_figure gnt_lo_eta(size_t q, const double *rho)
{
    gnt_sum sum = {0};
    for (size_t k = 1; k < q; k++) gnt_sum_add(&sum, (double)(q - k) * rho[k - 1]);
    double radicand = (double)q + 2 * gnt_sum_get(sum);
    return radicand > 0 ? gnt_figure_of((double)q / sqrt(radicand)) : gnt_figure_none("negative_variance");
}

static gnt_figure root_over_n(double variance, size_t n)
{
    return variance > 0 ? gnt_figure_of(sqrt(variance / (double)n)) : gnt_figure_none("negative_variance");
}

gnt_status gnt_lo_sharpe_run(const double *x, size_t n, size_t q, size_t lag, gnt_lo_sharpe *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *work = NULL, mean = gnt_mean(x, n), sd = gnt_sd(x, n, mean);
    if (!(sd > 0)) {
        gnt_figure none = gnt_figure_none("zero_variance");
        *out = (gnt_lo_sharpe){none, none, none, none, none, none, none};
        return GNT_OK;
    }
    GNT_ALLOC(work, n > q ? n : q);
    double sr = mean / sd, g0 = gnt_autocovariance(x, n, mean, 0), s = sqrt(g0);
    double skew = gnt_central_moment(x, n, mean, 3, 0) / (g0 * s);
    double kurtosis = gnt_central_moment(x, n, mean, 4, 0) / (g0 * g0);
    out->sharpe = gnt_figure_of(sr);
    out->se_iid = gnt_figure_of(gnt_lo_se_iid(sr, n));
    out->se_mertens = root_over_n(1 - skew * sr + (kurtosis - 1) / 4 * sr * sr, n);
    for (size_t t = 0; t < n; t++) {
        double z = (x[t] - mean) / s;
        work[t] = z - sr / 2 * (z * z - 1);
    }
    out->se_hac = root_over_n(long_run_variance(work, n, gnt_mean(work, n), lag), n);
    for (size_t k = 1; k < q; k++) work[k - 1] = gnt_autocovariance(x, n, mean, k) / g0;
    out->eta = gnt_lo_eta(q, work);
    out->sharpe_q = out->eta;
    out->sharpe_q.value *= sr;
    out->sharpe_sqrt = gnt_figure_of(sqrt((double)q) * sr);
out:
    free(work);
    return st;
}

/* First lag of the first run of `run` insignificant autocorrelations among lags 1 .. max - 1; 0: there is none.
 * The authors' published programs use this lag, the paper's text the one before it; we follow the programs. */
static size_t first_quiet_lag(const double *x, size_t n, double mean, size_t run, size_t max)
{
    double limit = 2 * sqrt(log10((double)n) / (double)n) * gnt_autocovariance(x, n, mean, 0);
    size_t quiet = 0;
    for (size_t k = 1; k < max; k++) {
        quiet = fabs(gnt_autocovariance(x, n, mean, k)) < limit ? quiet + 1 : 0;
        if (quiet == run) return k + 1 - run;
    }
    return 0;
}

gnt_block_length gnt_block_length_of(const double *x, size_t n)
{
    double m = (double)n, mean = gnt_mean(x, n), cap = ceil(fmin(3 * sqrt(m), m / 3));
    size_t digits = (size_t)log10(m), run = digits > 5 ? digits : 5, max = (size_t)ceil(sqrt(m)) + run;
    if (gnt_is_constant(x, n)) {
        gnt_figure none = gnt_figure_none("zero_variance");
        return (gnt_block_length){none, none, 0};
    }
    size_t quiet = first_quiet_lag(x, n, mean, run, max), M = quiet && 2 * quiet < max ? 2 * quiet : max;
    gnt_sum g = {0}, spectrum = {0};
    gnt_sum_add(&spectrum, gnt_autocovariance(x, n, mean, 0));
    for (size_t k = 1; k <= M; k++) {
        double share = (double)k / (double)M, w = share <= 0.5 ? 1 : 2 * (1 - share);
        double term = 2 * w * gnt_autocovariance(x, n, mean, k);
        gnt_sum_add(&g, term * (double)k);
        gnt_sum_add(&spectrum, term);
    }
    double top = 2 * gnt_sum_get(g) * gnt_sum_get(g), square = gnt_sum_get(spectrum) * gnt_sum_get(spectrum);
    gnt_figure stationary = gnt_figure_ratio(top, 2 * square, "zero_variance");
    gnt_figure circular = gnt_figure_ratio(top, 4. / 3 * square, "zero_variance");
    stationary.value = fmin(cbrt(stationary.value) * cbrt(m), cap);
    circular.value = fmin(cbrt(circular.value) * cbrt(m), cap);
    return (gnt_block_length){stationary, circular, M};
}
