#include "ref_simulate.h"

#include <math.h>

typedef struct account {
    const gnt_sim_lane *lane;
    const gnt_strategy *s;
    double c, impact_rate; /* one-way proportional cost and impact, as fractions */
    double cash, u, w, held;
    double bar_cost, fill_price;
    bool ruined;
} account;

/* SPEC 5 step 5; t is the row whose close has just been seen. */
static double decided(const account *a, size_t t)
{
    const gnt_strategy *s = a->s;
    if (a->lane->target) return isnan(a->lane->target[t]) ? a->w : a->lane->target[t];
    double p = a->lane->score[t], size = 1;
    if (isnan(p)) return a->w;
    if (s->size == GNT_SIZE_KELLY) size = fmin(s->kelly_fraction * fabs(2 * p - 1), s->max_leverage);
    if (s->size == GNT_SIZE_VOL_TARGET) {
        double vol = a->lane->market->vol_20[t];
        size = vol > 0 ? fmin(s->target_vol / (vol * sqrt(s->periods)), s->max_leverage) : s->max_leverage;
    }
    if (p > s->upper) return size;
    if (p < s->lower) return s->shorts ? -size : 0;
    return s->between == GNT_BETWEEN_HOLD ? a->w : 0;
}

/* SPEC 5 step 2 at price P; true when a trade was done. */
static bool trade(account *a, gnt_sim_totals *sum, size_t t, double P, double w)
{
    double E = a->cash + a->u * P;
    if (fabs(w * E - a->u * P) <= 1e-9 * E) return false;
    double s = w * E - a->u * P > 0 ? 1 : -1;
    double value = w * (E + a->c * s * a->u * P) / (1 + w * a->c * s);
    double u = value / P, dU = u - a->u, impact = 0;
    if (a->s->impact_bp > 0)
        impact = fabs(dU) * P * a->impact_rate * sqrt(fabs(dU) * P / a->lane->market->dollar_volume_20[t]);
    a->cash -= dU * P + a->c * fabs(dU) * P + a->s->fee_per_trade + impact;
    a->u = u;
    double cost = a->c * fabs(dU) * P + a->s->fee_per_trade + impact;
    a->bar_cost += cost;
    sum->cost_paid += cost;
    sum->turnover += fabs(dU) * P / E;
    sum->n_fills++;
    return true;
}

static void go_broke(account *a)
{
    a->ruined = true;
    a->cash = a->u = 0;
}

/* Steps 1 and 2. */
static void fill(account *a, gnt_sim_totals *sum, size_t t)
{
    const gnt_strategy *s = a->s;
    const gnt_bars_view *b = &a->lane->market->bars;
    double P = b->open[t];
    if (s->fill == GNT_FILL_SAME_CLOSE) P = b->close[t - 1];
    if (s->fill == GNT_FILL_NEXT_CLOSE) {
        P = b->close[t];
        if (s->close_at_end && t + 1 == a->lane->end) return;
    }
    if (a->cash + a->u * P <= 0) {
        go_broke(a);
        return;
    }
    if (s->rebalance == GNT_REBALANCE_ON_CHANGE && a->w == a->held) return;
    if (!trade(a, sum, t, P, a->w)) return;
    a->held = a->w;
    a->fill_price = P;
}

/* Step 3's charges. */
static void charge(account *a, double C)
{
    const gnt_strategy *s = a->s;
    double borrow = s->borrow_bp / 10000 / s->periods, rate = s->cash_rate / s->periods;
    double margin = s->margin_bp / 10000 / s->periods;
    if (a->u < 0) a->cash -= fabs(a->u) * C * borrow;
    if (a->cash > 0) a->cash += a->cash * rate;
    if (a->cash < 0) a->cash -= -a->cash * margin;
}

/* Price P&L of the bar: what was held overnight and what during the session. */
static void split_profit(const account *a, gnt_sim_totals *sum, size_t t, double u_before)
{
    const gnt_bars_view *b = &a->lane->market->bars;
    double night = a->s->fill == GNT_FILL_SAME_CLOSE ? a->u : u_before;
    double session = a->s->fill == GNT_FILL_NEXT_CLOSE ? u_before : a->u;
    sum->overnight += night * (b->open[t] - b->close[t - 1]);
    sum->intraday += session * (b->close[t] - b->open[t]);
}

/* Steps 1 to 4 and the closing trade; the position at the mark is returned. */
static double bar(account *a, gnt_sim_totals *sum, size_t t)
{
    a->bar_cost = 0;
    a->fill_price = NAN;
    if (a->ruined) return 0;
    double u_before = a->u, C = a->lane->market->bars.close[t], position = 0;
    fill(a, sum, t);
    split_profit(a, sum, t, u_before);
    if (a->ruined) return 0;
    charge(a, C);
    position = a->u;
    if (a->cash + a->u * C <= 0) go_broke(a);
    if (!a->ruined && a->s->close_at_end && t + 1 == a->lane->end) {
        if (trade(a, sum, t, C, 0) && isnan(a->fill_price)) a->fill_price = C;
        if (a->cash + a->u * C <= 0) go_broke(a);
    }
    return position;
}

static int sign(double x)
{
    return (x > 0) - (x < 0);
}

static void keep(double *array, size_t i, double x)
{
    if (array) array[i] = x;
}

void ref_simulate(const gnt_sim_lane *lane, gnt_sim_totals *sum, const gnt_sim_path *path)
{
    const gnt_strategy *s = lane->strategy;
    account a = {.lane = lane,
                 .s = s,
                 .c = (s->commission_bp + s->half_spread_bp + s->slippage_bp) / 10000,
                 .impact_rate = s->impact_bp / 10000,
                 .cash = s->capital};
    *sum = (gnt_sim_totals){0};
    double before = s->capital, peak = s->capital;
    uint64_t stretch = 0;
    int last_sign = 0;
    a.w = decided(&a, lane->begin - 1);
    for (size_t t = lane->begin; t < lane->end; t++) {
        double w = a.w, position = bar(&a, sum, t), C = lane->market->bars.close[t];
        double E = a.cash + a.u * C, R = before > 0 ? E / before - 1 : 0;
        sum->n_bars++;
        sum->sum_r += R;
        sum->sum_r2 += R * R;
        if (R < 0) sum->sum_down2 += R * R;
        if (R > 0) sum->n_up++;
        if (R != 0) sum->n_nonzero++;
        if (E > peak) peak = E;
        if (E / peak - 1 < sum->max_drawdown) sum->max_drawdown = E / peak - 1;
        stretch = E < peak ? stretch + 1 : 0;
        if (stretch > sum->max_drawdown_bars) sum->max_drawdown_bars = stretch;
        if (position != 0) sum->n_exposed++;
        if (position != 0 && sign(position) != last_sign) sum->n_trades++;
        last_sign = sign(position);
        if (path) {
            size_t i = t - lane->begin;
            keep(path->price_fill, i, a.fill_price);
            keep(path->target, i, w);
            keep(path->units, i, a.u);
            keep(path->cash, i, a.cash);
            keep(path->equity, i, E);
            keep(path->ret, i, R);
            keep(path->cost, i, a.bar_cost);
            keep(path->position, i, position);
        }
        before = E;
        a.w = decided(&a, t);
    }
    sum->equity = before;
    sum->ruined = a.ruined;
}
