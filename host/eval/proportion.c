#include "host/eval/proportion.h"

#include "host/eval/dist.h"
#include "host/eval/moments.h"

gnt_interval gnt_wilson(uint64_t k, uint64_t n, double alpha)
{
    if (n == 0 || !(alpha > 0 && alpha < 1)) return (gnt_interval){NAN, NAN};
    double m = (double)n, p = (double)k / m, z = -gnt_normal_quantile(alpha / 2), zz = z * z;
    double centre = (p + zz / (2 * m)) / (1 + zz / m);
    double half = z / (1 + zz / m) * sqrt(p * (1 - p) / m + zz / (4 * m * m));
    return (gnt_interval){k == 0 ? 0 : centre - half, k == n ? 1 : centre + half};
}

gnt_interval gnt_clopper_pearson(uint64_t k, uint64_t n, double alpha)
{
    if (n == 0 || !(alpha > 0 && alpha < 1)) return (gnt_interval){NAN, NAN};
    double right = (double)k, wrong = (double)(n - k);
    return (gnt_interval){k == 0 ? 0 : gnt_beta_quantile(right, wrong + 1, alpha / 2),
                          k == n ? 1 : gnt_beta_quantile_upper(right + 1, wrong, alpha / 2)};
}

gnt_two_proportion gnt_two_proportion_test(uint64_t k0, uint64_t n0, uint64_t k1, uint64_t n1, double alpha)
{
    gnt_figure none = gnt_figure_none("no_observations");
    gnt_two_proportion out = {none, none, none, none, none};
    if (n0 == 0 || n1 == 0) return out;
    double p0 = (double)k0 / (double)n0, p1 = (double)k1 / (double)n1, diff = p0 - p1;
    double pooled = (double)(k0 + k1) / (double)(n0 + n1);
    double se = sqrt(pooled * (1 - pooled) * (1 / (double)n0 + 1 / (double)n1));
    gnt_interval w0 = gnt_wilson(k0, n0, alpha), w1 = gnt_wilson(k1, n1, alpha);
    out.diff = gnt_figure_of(diff);
    out.z = gnt_figure_ratio(diff, se, "zero_variance");
    out.p = out.z.reason ? out.z : gnt_figure_of(gnt_normal_p(out.z.value));
    out.lo = gnt_figure_of(diff - hypot(p0 - w0.lo, w1.hi - p1));
    out.hi = gnt_figure_of(diff + hypot(w0.hi - p0, p1 - w1.lo));
    return out;
}

gnt_sample_size gnt_sample_size_for(double p1, double p2, double ratio, double alpha, double power)
{
    double za = -gnt_normal_quantile(alpha / 2), zb = gnt_normal_quantile(power), pb = (p1 + ratio * p2) / (1 + ratio);
    double root = za * sqrt(pb * (1 - pb) * (1 + 1 / ratio)) + zb * sqrt(p1 * (1 - p1) + p2 * (1 - p2) / ratio);
    gnt_figure n1 = gnt_figure_ratio(root * root, (p1 - p2) * (p1 - p2), "no_effect");
    return (gnt_sample_size){n1, n1.reason ? n1 : gnt_figure_of(ceil(n1.value) + ceil(ratio * n1.value))};
}

gnt_figure gnt_power_of(double p1, double p2, uint64_t n1, uint64_t n2, double alpha)
{
    if (n1 == 0 || n2 == 0) return gnt_figure_none("no_observations");
    double a = (double)n1, b = (double)n2, z = -gnt_normal_quantile(alpha / 2), d = fabs(p1 - p2);
    double pb = (a * p1 + b * p2) / (a + b), s0 = sqrt(pb * (1 - pb) * (1 / a + 1 / b));
    double s1 = sqrt(p1 * (1 - p1) / a + p2 * (1 - p2) / b);
    if (!(s1 > 0)) return gnt_figure_none("zero_variance");
    return gnt_figure_of(gnt_normal_cdf((d - z * s0) / s1) + gnt_normal_cdf((-d - z * s0) / s1));
}

gnt_srm gnt_srm_test(const uint64_t *count, const double *weight, size_t k)
{
    gnt_sum weights = {0}, chi2 = {0};
    double total = 0;
    for (size_t i = 0; i < k; i++) {
        gnt_sum_add(&weights, weight[i]);
        total += (double)count[i];
    }
    gnt_figure none = gnt_figure_none(k < 2 ? "too_few_arms" : "no_observations");
    if (k < 2 || !(total > 0)) return (gnt_srm){none, none, false};
    for (size_t i = 0; i < k; i++) {
        double expected = total * weight[i] / gnt_sum_get(weights), d = (double)count[i] - expected;
        gnt_sum_add(&chi2, d * d / expected);
    }
    double p = gnt_chi2_sf(gnt_sum_get(chi2), (double)(k - 1));
    return (gnt_srm){gnt_figure_of(gnt_sum_get(chi2)), gnt_figure_of(p), p < 0.001};
}

gnt_mcnemar gnt_mcnemar_test(uint64_t n10, uint64_t n01)
{
    uint64_t n = n10 + n01, few = n10 < n01 ? n10 : n01;
    double m = (double)n, d = fabs((double)n10 - (double)n01), cc = d > 1 ? d - 1 : 0;
    double cdf = n ? gnt_binomial_cdf(few, n, 0.5) : 1;
    gnt_mcnemar out = {.n10 = n10, .n01 = n01};
    out.exact_p = gnt_figure_of(fmin(1, 2 * cdf));
    out.midp = gnt_figure_of(n ? fmin(1, 2 * cdf - gnt_binomial_pmf(few, n, 0.5)) : 1);
    out.chi2 = gnt_figure_ratio(d * d, m, "no_discordant_pairs");
    out.chi2_cc = gnt_figure_ratio(cc * cc, m, "no_discordant_pairs");
    out.p = out.chi2.reason ? out.chi2 : gnt_figure_of(gnt_chi2_sf(out.chi2.value, 1));
    out.p_cc = out.chi2_cc.reason ? out.chi2_cc : gnt_figure_of(gnt_chi2_sf(out.chi2_cc.value, 1));
    return out;
}
