#include "host/sweep/figures.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const char *const metric_names[] = {
#define X(id, name) #name,
    GNT_SWEEP_METRICS(X)
#undef X
};

const char *gnt_sweep_metric_name(gnt_sweep_metric metric)
{
    return metric_names[metric];
}

bool gnt_sweep_metric_parse(const char *word, gnt_sweep_metric *metric)
{
    for (unsigned i = 0; i < GNT_N_SWEEP_METRICS; i++)
        if (!strcmp(word, metric_names[i])) {
            *metric = (gnt_sweep_metric)i;
            return true;
        }
    return false;
}

/* ---- from totals ------------------------------------------------------------------------------------------- */

/* Sample variance of the bar returns from plain sums. Each of the two serial sums is off by at most n u times the sum
 * of its terms' sizes, and sum_r^2/n <= sum_r2, so the difference is off by at most 3 n u sum_r2 (u = DBL_EPSILON/2):
 * what is smaller than 2 n DBL_EPSILON sum_r2 is rounding, not variance. */
static double variance(const gnt_sim_totals *t)
{
    double n = (double)t->n_bars, squares = t->sum_r2 - t->sum_r * (t->sum_r / n);
    return squares > 2 * n * DBL_EPSILON * t->sum_r2 ? squares / (n - 1) : 0;
}

double gnt_sweep_sharpe_period(const gnt_sim_totals *t, const gnt_strategy *s)
{
    double v = t->n_bars >= 2 ? variance(t) : 0;
    return v > 0 ? (t->sum_r / (double)t->n_bars - s->cash_rate / s->periods) / sqrt(v) : NAN;
}

static double total_return(const gnt_sim_totals *t, const gnt_strategy *s)
{
    return t->equity / s->capital - 1;
}

static double annual_return(const gnt_sim_totals *t, const gnt_strategy *s)
{
    return pow(t->equity / s->capital, s->periods / (double)t->n_bars) - 1;
}

static double over(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static double sortino(const gnt_sim_totals *t, const gnt_strategy *s)
{
    double n = (double)t->n_bars;
    return over(t->sum_r / n * s->periods, sqrt(t->sum_down2 / n) * sqrt(s->periods));
}

static double defined(double x)
{
    return isfinite(x) ? x : NAN;
}

double gnt_sweep_metric_of(gnt_sweep_metric metric, const gnt_sim_totals *t, const gnt_strategy *s)
{
    switch (metric) {
    case GNT_BY_SHARPE:
        return defined(gnt_sweep_sharpe_period(t, s) * sqrt(s->periods));
    case GNT_BY_SORTINO:
        return defined(sortino(t, s));
    case GNT_BY_CALMAR:
        return defined(over(annual_return(t, s), -t->max_drawdown));
    case GNT_BY_TOTAL_RETURN:
        return defined(total_return(t, s));
    case GNT_BY_ANNUAL_RETURN:
        return defined(annual_return(t, s));
    case GNT_BY_MAX_DRAWDOWN:
        return defined(t->max_drawdown);
    case GNT_N_SWEEP_METRICS:
        break;
    }
    return NAN;
}

const char *const gnt_sweep_column_names[GNT_SWEEP_N_COLUMNS] = {
#define X(name) #name,
    GNT_SWEEP_COLUMNS(X)
#undef X
};

gnt_sweep_row gnt_sweep_row_of(const gnt_sim_totals *t, const gnt_strategy *s)
{
    double n = (double)t->n_bars;
    return (gnt_sweep_row){
        .total_return = defined(total_return(t, s)),
        .annual_return = defined(annual_return(t, s)),
        .volatility = t->n_bars < 2 ? NAN : defined(sqrt(variance(t)) * sqrt(s->periods)),
        .sharpe = gnt_sweep_metric_of(GNT_BY_SHARPE, t, s),
        .sortino = defined(sortino(t, s)),
        .calmar = gnt_sweep_metric_of(GNT_BY_CALMAR, t, s),
        .max_drawdown = t->max_drawdown,
        .max_drawdown_bars = (double)t->max_drawdown_bars,
        .hit_rate = over((double)t->n_up, (double)t->n_nonzero),
        .turnover = defined(t->turnover),
        .exposure = (double)t->n_exposed / n,
        .cost_paid = defined(t->cost_paid),
        .n_trades = (double)t->n_trades,
        .n_fills = (double)t->n_fills,
        .ruined = t->ruined,
    };
}

gnt_sweep_row gnt_sweep_row_none(void)
{
    gnt_sweep_row row;
    double *x = (double *)&row;
    for (int i = 0; i < GNT_SWEEP_N_COLUMNS; i++) x[i] = NAN;
    return row;
}

/* ---- of the best ------------------------------------------------------------------------------------------- */

typedef enum figure_kind { REAL, WHOLE, FLAG } figure_kind;

static const struct {
    const char *name;
    figure_kind kind;
} figures_table[] = {
#define X(name, kind) {#name, kind},
    GNT_SWEEP_FIGURES(X)
#undef X
};

/* Why host/eval leaves a figure undefined, from its name and the number of bars (the file keeps NaN only). */
static const char *reason_of(const char *name, double n_bars)
{
    static const struct {
        const char *name, *reason;
    } reasons[] = {{"sortino", "no_losses"}, {"calmar", "no_drawdown"}, {"hit_rate", "no_nonzero_returns"}};
    static const char *const spread[] = {"volatility", "sharpe", "sharpe_per_bar", "skew", "kurtosis"};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (!strcmp(name, reasons[i].name)) return reasons[i].reason;
    for (size_t i = 0; i < sizeof spread / sizeof *spread; i++)
        if (!strcmp(name, spread[i])) return n_bars < 2 ? "too_few_observations" : "zero_variance";
    return "overflow";
}

void gnt_sweep_figures_json(json_t *object, const gnt_sweep_figures *figures)
{
    const double *x = (const double *)figures;
    for (int i = 0; i < GNT_SWEEP_N_FIGURES; i++) {
        const char *name = figures_table[i].name;
        bool whole = figures_table[i].kind == WHOLE && x[i] >= 0 && x[i] <= 0x1p53;
        if (whole)
            gnt_json_count(object, name, (uint64_t)x[i]);
        else if (figures_table[i].kind == FLAG)
            gnt_json_flag(object, name, x[i] > 0);
        else
            gnt_json_figure(object, name, x[i], reason_of(name, figures->n_bars));
    }
}
