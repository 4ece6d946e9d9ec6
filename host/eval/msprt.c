#include "host/eval/msprt.h"

void gnt_msprt_init(gnt_msprt *msprt, double tau2, double theta0, double alpha, uint64_t burn_in)
{
    gnt_figure none = gnt_figure_none("too_few_observations");
    *msprt = (gnt_msprt){.tau2 = tau2,
                         .theta0 = theta0,
                         .alpha = alpha,
                         .burn_in = burn_in,
                         .p = 1,
                         .first_crossing = -1,
                         .diff = none,
                         .log_lambda = none,
                         .lambda = none,
                         .lo = none,
                         .hi = none};
}

void gnt_msprt_add(gnt_msprt *msprt, int arm, double x)
{
    double d = x - msprt->arm[arm].mean;
    msprt->arm[arm].n++;
    msprt->arm[arm].mean += d / (double)msprt->arm[arm].n;
    msprt->arm[arm].m2 += d * (x - msprt->arm[arm].mean);
}

/* Variance of an arm's mean, ddof 1. */
static double variance_of_mean(const gnt_msprt *m, int arm)
{
    double n = (double)m->arm[arm].n;
    return m->arm[arm].m2 / (n - 1) / n;
}

void gnt_msprt_look(gnt_msprt *m)
{
    m->n_looks++;
    if (m->arm[0].n && m->arm[1].n) m->diff = gnt_figure_of(m->arm[1].mean - m->arm[0].mean);
    uint64_t least = m->arm[0].n < m->arm[1].n ? m->arm[0].n : m->arm[1].n;
    if (least < 2 || least < m->burn_in) return;
    double v = variance_of_mean(m, 0) + variance_of_mean(m, 1), d = m->diff.value - m->theta0;
    if (!(v > 0)) {
        m->log_lambda = m->lambda = m->lo = m->hi = gnt_figure_none("zero_variance");
        return;
    }
    double sum = v + m->tau2, log_lambda = 0.5 * log(v / sum) + m->tau2 * d * d / (2 * v * sum);
    double half = sqrt(v * sum / m->tau2 * (2 * log(1 / m->alpha) + log(sum / v)));
    m->log_lambda = gnt_figure_of(log_lambda);
    m->lambda = gnt_figure_of(exp(log_lambda));
    m->lo = gnt_figure_of(m->diff.value - half);
    m->hi = gnt_figure_of(m->diff.value + half);
    m->p = fmin(m->p, exp(-log_lambda));
    if (m->p <= m->alpha && m->first_crossing < 0) m->first_crossing = (int64_t)m->n_looks;
}
