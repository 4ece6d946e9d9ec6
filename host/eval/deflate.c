#include "host/eval/deflate.h"

#include "host/eval/dist.h"
#include "host/eval/moments.h"

gnt_figure gnt_psr(double sharpe, double benchmark, size_t n, double skew, double kurtosis)
{
    double radicand = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe;
    if (!(radicand > 0)) return gnt_figure_none("negative_variance");
    return gnt_figure_of(gnt_normal_cdf((sharpe - benchmark) * sqrt((double)n - 1) / sqrt(radicand)));
}

double gnt_expected_max(uint64_t n)
{
    const double euler = 0.5772156649015329, e = 2.718281828459045;
    if (n < 2) return 0;
    /* Phi^-1(1 - 1/n) as the upper tail's quantile: 1 - 1/n would lose its digits for large n */
    double m = (double)n;
    return -(1 - euler) * gnt_normal_quantile(1 / m) - euler * gnt_normal_quantile(1 / (m * e));
}

double gnt_deflated_benchmark(double variance, uint64_t n)
{
    return n < 2 ? 0 : sqrt(variance) * gnt_expected_max(n);
}

gnt_shape gnt_shape_of(const double *x, size_t n)
{
    if (n == 0 || gnt_is_constant(x, n)) return (gnt_shape){NAN, NAN};
    double mean = gnt_mean(x, n), m2 = gnt_central_moment(x, n, mean, 2, 0);
    return (gnt_shape){gnt_central_moment(x, n, mean, 3, 0) / (m2 * sqrt(m2)),
                       gnt_central_moment(x, n, mean, 4, 0) / (m2 * m2)};
}
