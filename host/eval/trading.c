#include "host/eval/trading.h"

#include <stddef.h>
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/moments.h"

static gnt_status check(const gnt_trading_input *in, gnt_error *why)
{
    const struct {
        const char *name;
        const double *x;
    } column[] = {{"ret", in->ret}, {"bench", in->bench}, {"pos", in->pos}};
    if (in->n < 1) return gnt_fail(why, GNT_EFEW, "trading: no rows; at least 1 is needed");
    if (!(in->periods > 0 && in->periods <= 1e9))
        return gnt_fail(why, GNT_EINVAL, "trading: periods is %g; it must be above 0 and at most 1e9", in->periods);
    if (!isfinite(in->rf) || !isfinite(in->mar))
        return gnt_fail(why, GNT_EINVAL, "trading: rf %g and mar %g must be finite", in->rf, in->mar);
    for (size_t c = 0; c < sizeof column / sizeof *column; c++) {
        size_t bad = column[c].x ? gnt_first_not_finite(column[c].x, in->n) : in->n;
        if (bad < in->n)
            return gnt_fail(why, GNT_EVALUE, "trading: row %zu: %s is not finite", bad + 1, column[c].name);
    }
    return GNT_OK;
}

/* Compounded growth, drawdown and its length. */
static void fill_growth(const gnt_trading_input *in, gnt_trading *out)
{
    double equity = 1, peak = 1, worst = 0;
    size_t below = 0, longest = 0;
    for (size_t t = 0; t < in->n; t++) {
        equity *= 1 + in->ret[t];
        if (!(equity > 0)) equity = 0; /* ruin: a book never falls below -100 % and never comes back */
        if (equity >= peak) {
            peak = equity;
            below = 0;
        } else {
            below++;
        }
        if (below > longest) longest = below;
        if (equity / peak - 1 < worst) worst = equity / peak - 1;
    }
    out->total_return = gnt_figure_of(equity - 1);
    out->annual_return = gnt_figure_of(pow(equity, in->periods / (double)in->n) - 1);
    out->max_drawdown = gnt_figure_of(worst);
    out->max_drawdown_duration = gnt_figure_of((double)longest);
    out->calmar = gnt_figure_ratio(out->annual_return.value, -worst, "no_drawdown");
}

static gnt_figure ratio_of_sd(double mean, double sd, double scale)
{
    return sd > 0 ? gnt_figure_of(mean / sd * scale) : gnt_figure_none("zero_variance");
}

static void fill_risk(const gnt_trading_input *in, gnt_trading *out)
{
    double mean = gnt_mean(in->ret, in->n), scale = sqrt(in->periods);
    gnt_sum down = {0};
    for (size_t t = 0; t < in->n; t++) {
        double d = in->ret[t] < in->mar ? in->ret[t] - in->mar : 0;
        gnt_sum_add(&down, d * d);
    }
    double downside = sqrt(gnt_sum_get(down) / (double)in->n) * scale;
    out->downside_deviation = gnt_figure_of(downside);
    out->sortino = gnt_figure_ratio((mean - in->mar) * in->periods, downside, "no_losses");
    if (in->n < 2) {
        out->volatility = out->sharpe = gnt_figure_none("too_few_observations");
        return;
    }
    double sd = gnt_sd(in->ret, in->n, mean); /* rf is constant, so sd(r - rf) is sd(r) */
    out->volatility = gnt_figure_of(sd * scale);
    out->sharpe = ratio_of_sd(mean - in->rf, sd, scale);
}

static void fill_gains(const gnt_trading_input *in, gnt_trading *out)
{
    gnt_sum gain = {0}, loss = {0};
    size_t up = 0, moved = 0;
    for (size_t t = 0; t < in->n; t++) {
        gnt_sum_add(in->ret[t] > 0 ? &gain : &loss, in->ret[t]);
        up += in->ret[t] > 0;
        moved += in->ret[t] != 0;
    }
    out->hit_rate = gnt_figure_ratio((double)up, (double)moved, "no_nonzero_returns");
    out->profit_factor = gnt_figure_ratio(gnt_sum_get(gain), -gnt_sum_get(loss), "no_losses");
}

/* VaR and expected shortfall at one tail (Acerbi & Tasche 2002), loss positive; `sorted` rising. */
static void fill_tail(const double *sorted, size_t n, double tail, gnt_figure *var, gnt_figure *es)
{
    double q = gnt_quantile_sorted(sorted, n, tail);
    gnt_sum sum = {0};
    size_t k = 0;
    for (; k < n && sorted[k] <= q; k++) gnt_sum_add(&sum, sorted[k]);
    *var = gnt_figure_of(-q);
    *es = gnt_figure_of(-gnt_sum_get(sum) / (double)k);
}

static void fill_bench(const gnt_trading_input *in, gnt_trading *out, double *active)
{
    if (in->n < 2) {
        out->beta = out->alpha = out->alpha_annual = out->tracking_error = out->information_ratio =
            gnt_figure_none("too_few_observations");
        return;
    }
    double mean_r = gnt_mean(in->ret, in->n), mean_b = gnt_mean(in->bench, in->n);
    gnt_sum cross = {0};
    for (size_t t = 0; t < in->n; t++) {
        gnt_sum_add(&cross, (in->ret[t] - mean_r) * (in->bench[t] - mean_b));
        active[t] = in->ret[t] - in->bench[t];
    }
    double square = gnt_central_moment(in->bench, in->n, mean_b, 2, 0) * (double)in->n;
    out->beta = gnt_figure_ratio(gnt_sum_get(cross), square, "zero_variance");
    out->alpha = out->beta;
    if (!out->beta.reason) out->alpha.value = mean_r - in->rf - out->beta.value * (mean_b - in->rf);
    out->alpha_annual = out->alpha;
    out->alpha_annual.value *= in->periods;
    double mean = gnt_mean(active, in->n), sd = gnt_sd(active, in->n, mean), scale = sqrt(in->periods);
    out->tracking_error = gnt_figure_of(sd * scale);
    out->information_ratio = ratio_of_sd(mean, sd, scale);
}

static int sign(double x)
{
    return (x > 0) - (x < 0);
}

static void fill_positions(const gnt_trading_input *in, gnt_trading *out)
{
    gnt_sum traded = {0}, gross = {0}, ret = {0};
    size_t exposed = 0, runs = 0;
    double before = 0; /* pos_0 = 0 */
    for (size_t t = 0; t < in->n; t++) {
        double pos = in->pos[t];
        gnt_sum_add(&traded, fabs(pos - before));
        gnt_sum_add(&gross, fabs(pos));
        gnt_sum_add(&ret, in->ret[t]);
        exposed += pos != 0;
        runs += pos != 0 && sign(pos) != sign(before);
        before = pos;
    }
    double n = (double)in->n, turnover = gnt_sum_get(traded);
    out->turnover = gnt_figure_of(turnover);
    out->turnover_annual = gnt_figure_of(turnover * in->periods / n);
    out->n_trades = gnt_figure_of((double)runs);
    out->avg_trade_length = gnt_figure_ratio((double)exposed, (double)runs, "no_trades");
    out->exposure = gnt_figure_of((double)exposed / n);
    out->gross_exposure = gnt_figure_of(gnt_sum_get(gross) / n);
    out->breakeven_cost_bp = gnt_figure_ratio(1e4 * gnt_sum_get(ret), turnover, "no_turnover");
}

gnt_status gnt_trading_run(const gnt_trading_input *input, gnt_trading *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *work = NULL;
    *out = (gnt_trading){.has_bench = input->bench, .has_pos = input->pos};
    GNT_GOTO(check(input, why));
    GNT_ALLOC(work, input->n);
    fill_growth(input, out);
    fill_risk(input, out);
    fill_gains(input, out);
    if (out->has_bench) fill_bench(input, out, work);
    if (out->has_pos) fill_positions(input, out);
    for (size_t t = 0; t < input->n; t++) work[t] = input->ret[t];
    gnt_sort(work, input->n);
    fill_tail(work, input->n, 0.05, &out->var_95, &out->es_95);
    fill_tail(work, input->n, 0.01, &out->var_99, &out->es_99);
out:
    free(work);
    return st;
}

/* Needed beside `ret` for a figure to exist. */
enum { RET, BENCH, POS };

static const struct {
    const char *name;
    size_t offset;
    int needs;
    bool whole;
} figures[] = {
#define ROW(name, needs, whole)                          \
    {                                                    \
#name, offsetof(gnt_trading, name), needs, whole \
    }
    ROW(total_return, RET, false),
    ROW(annual_return, RET, false),
    ROW(volatility, RET, false),
    ROW(downside_deviation, RET, false),
    ROW(sharpe, RET, false),
    ROW(sortino, RET, false),
    ROW(max_drawdown, RET, false),
    ROW(max_drawdown_duration, RET, true),
    ROW(calmar, RET, false),
    ROW(var_95, RET, false),
    ROW(es_95, RET, false),
    ROW(var_99, RET, false),
    ROW(es_99, RET, false),
    ROW(hit_rate, RET, false),
    ROW(profit_factor, RET, false),
    ROW(turnover, POS, false),
    ROW(turnover_annual, POS, false),
    ROW(n_trades, POS, true),
    ROW(avg_trade_length, POS, false),
    ROW(exposure, POS, false),
    ROW(gross_exposure, POS, false),
    ROW(breakeven_cost_bp, POS, false),
    ROW(beta, BENCH, false),
    ROW(alpha, BENCH, false),
    ROW(alpha_annual, BENCH, false),
    ROW(tracking_error, BENCH, false),
    ROW(information_ratio, BENCH, false),
#undef ROW
};

void gnt_trading_json(const gnt_trading *trading, json_t *object)
{
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        gnt_figure f = *(const gnt_figure *)((const char *)trading + figures[i].offset);
        if ((figures[i].needs == BENCH && !trading->has_bench) || (figures[i].needs == POS && !trading->has_pos))
            continue;
        if (figures[i].whole)
            gnt_figure_json_whole(object, figures[i].name, f);
        else
            gnt_figure_json(object, figures[i].name, f);
    }
}
