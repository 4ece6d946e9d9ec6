/* What a lane keeps of its bars (SPEC 10, Figures): sums in bar order, counts held as float64 (exact to 2^53).
 * Class exact. */
#ifndef GNT_MATH_ACCUMULATE_H
#define GNT_MATH_ACCUMULATE_H

#include "lane.h"

typedef struct gnt_sums {
    gnt_f64 sum_r, sum_r2, sum_down2;
    gnt_f64 peak, max_drawdown;
    gnt_f64 below, longest_below; /* bars in the present stretch below the peak, and in the longest */
    gnt_f64 n_bars, n_fills, n_trades, n_exposed, n_up, n_nonzero;
    gnt_f64 turnover, cost_paid;
    gnt_f64 overnight, intraday;
    gnt_mask was_long, was_short;
    gnt_f64 ret; /* of the bar just done, for paths */
} gnt_sums;

GNT_FN void gnt_sums_open(gnt_sums *s, gnt_f64 capital)
{
    gnt_f64 zero = gnt_splat(0);
    s->sum_r = s->sum_r2 = s->sum_down2 = s->max_drawdown = s->below = s->longest_below = zero;
    s->n_bars = s->n_fills = s->n_trades = s->n_exposed = s->n_up = s->n_nonzero = zero;
    s->turnover = s->cost_paid = s->overnight = s->intraday = s->ret = zero;
    s->peak = capital;
    s->was_long = s->was_short = capital != capital;
}

/* One fill: notional over equity, and its cost; zeros where no fill. */
GNT_FN void gnt_sums_fill(gnt_sums *s, gnt_mask fills, gnt_f64 share, gnt_f64 cost)
{
    s->n_fills = s->n_fills + gnt_one_if(fills);
    s->turnover = s->turnover + share;
    s->cost_paid = s->cost_paid + cost;
}

/* P&L of the price alone, before costs and charges, in USD. */
GNT_FN void gnt_sums_price(gnt_sums *s, gnt_f64 overnight, gnt_f64 intraday)
{
    s->overnight = s->overnight + overnight;
    s->intraday = s->intraday + intraday;
}

/* The end of a bar: equity, return (0 where not live), position at the mark. */
GNT_FN void gnt_sums_bar(gnt_sums *s, gnt_mask live, gnt_f64 equity, gnt_f64 ret, gnt_f64 position)
{
    gnt_f64 zero = gnt_splat(0), down = gnt_select(ret < 0, ret, zero);
    s->ret = ret;
    s->sum_r = s->sum_r + ret;
    s->sum_r2 = s->sum_r2 + ret * ret;
    s->sum_down2 = s->sum_down2 + down * down;
    s->peak = gnt_select(equity > s->peak, equity, s->peak);
    gnt_f64 drawdown = equity / s->peak - gnt_splat(1);
    s->max_drawdown = gnt_min(drawdown, s->max_drawdown);
    gnt_f64 below = gnt_select(equity < s->peak, s->below + gnt_splat(1), zero);
    s->below = gnt_select(live, below, s->below);
    s->longest_below = gnt_select(s->below > s->longest_below, s->below, s->longest_below);
    s->n_bars = s->n_bars + gnt_one_if(live);
    s->n_up = s->n_up + gnt_one_if(ret > 0);
    s->n_nonzero = s->n_nonzero + gnt_one_if(ret != 0);
    gnt_mask is_long = live & (position > 0), is_short = live & (position < 0);
    s->n_exposed = s->n_exposed + gnt_one_if(is_long | is_short);
    s->n_trades = s->n_trades + gnt_one_if((is_long & gnt_not(s->was_long)) | (is_short & gnt_not(s->was_short)));
    s->was_long = is_long;
    s->was_short = is_short;
}

#endif
