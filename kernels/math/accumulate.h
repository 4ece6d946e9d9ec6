/* What a lane keeps of its bars (SPEC 10, Figures): sums in bar order, counts held as float64 (exact to 2^53).
 *
 * Between two peaks the deepest drawdown is that of the least equity, `trough` (a quotient by the same peak is
 * monotone), so it is divided once, when the peak it belongs to ends, and only if it may be the deepest: with m the
 * deepest so far, a trough of at least peak x `floor`, floor = (1 + m)(1 + 2^-51) rounded, isn't. The proof is in
 * docs/NUMERICS.md. Class exact. */
#ifndef GNT_MATH_ACCUMULATE_H
#define GNT_MATH_ACCUMULATE_H

#include "lane.h"

typedef struct gnt_sums {
    gnt_f64 sum_r, sum_r2, sum_down2;
    gnt_f64 peak, trough, max_drawdown, floor; /* trough: least equity since the peak */
    gnt_f64 below, longest_below;              /* bars in the present stretch below the peak, and in the longest */
    gnt_f64 n_fills, n_trades, n_exposed, n_up, n_nonzero;
    gnt_f64 turnover, cost_paid;
    gnt_f64 overnight, intraday;
    gnt_mask was_long, was_short;
    gnt_f64 ret; /* of the bar just done, for paths */
} gnt_sums;

GNT_FN void gnt_sums_open(gnt_sums *s, gnt_f64 capital)
{
    gnt_f64 zero = gnt_splat(0);
    s->sum_r = s->sum_r2 = s->sum_down2 = s->max_drawdown = s->below = s->longest_below = zero;
    s->n_fills = s->n_trades = s->n_exposed = s->n_up = s->n_nonzero = zero;
    s->turnover = s->cost_paid = s->overnight = s->intraday = s->ret = zero;
    s->peak = s->trough = capital;
    s->floor = gnt_splat(1 + 0x1p-51);
    s->was_long = s->was_short = gnt_none();
}

/* One fill: notional over equity, and its cost; zeros where no fill. */
GNT_FN void gnt_sums_fill(gnt_sums *s, gnt_mask fills, gnt_f64 share, gnt_f64 cost)
{
    s->n_fills = gnt_add_if(fills, s->n_fills, gnt_splat(1));
    s->turnover = s->turnover + share;
    s->cost_paid = s->cost_paid + cost;
}

/* P&L of the price alone, before costs and charges, in USD. */
GNT_FN void gnt_sums_price(gnt_sums *s, gnt_f64 overnight, gnt_f64 intraday)
{
    s->overnight = s->overnight + overnight;
    s->intraday = s->intraday + intraday;
}

/* The position at the mark, the same for `n` bars in a row. */
GNT_FN void gnt_sums_position(gnt_sums *s, gnt_mask live, gnt_f64 position, gnt_f64 n)
{
    gnt_f64 zero = gnt_splat(0), one = gnt_splat(1);
    gnt_mask is_long = live & gnt_gt(position, zero), is_short = live & gnt_lt(position, zero);
    s->n_exposed = gnt_add_if(is_long | is_short, s->n_exposed, n);
    gnt_mask turns = (is_long & gnt_not(s->was_long)) | (is_short & gnt_not(s->was_short));
    s->n_trades = gnt_add_if(turns, s->n_trades, one);
    s->was_long = is_long;
    s->was_short = is_short;
}

/* `n` bars in a row end below the peak, or at it. */
GNT_FN void gnt_sums_below(gnt_sums *s, gnt_mask live, gnt_f64 equity, gnt_f64 n)
{
    gnt_f64 below = gnt_keep(gnt_lt(equity, s->peak), s->below + n);
    s->below = gnt_select(live, below, s->below);
    s->longest_below = gnt_max(s->below, s->longest_below);
}

/* The drawdown to the trough, where the peak it belongs to ends. */
GNT_FN void gnt_sums_recover(gnt_sums *s, gnt_mask ends)
{
    if (!gnt_any(ends & gnt_lt(s->trough, s->peak * s->floor))) return; /* all but a handful of times a book */
    gnt_f64 one = gnt_splat(1), deepest = gnt_min(s->trough / s->peak - one, s->max_drawdown);
    s->max_drawdown = gnt_select(ends, deepest, s->max_drawdown);
    s->floor = (one + s->max_drawdown) * gnt_splat(1 + 0x1p-51);
}

/* What a bar can do to the running peak. */
typedef enum gnt_reach {
    GNT_REACH_BELOW = 0, /* equity stays below it */
    GNT_REACH_PEAK       /* a new one is possible */
} gnt_reach;

/* The end of a bar: equity and return (0 where not live). With GNT_REACH_BELOW the caller counts gnt_sums_below. */
GNT_FN void gnt_sums_return(gnt_sums *s, gnt_mask live, gnt_f64 equity, gnt_f64 ret, gnt_reach reach)
{
    gnt_f64 zero = gnt_splat(0), one = gnt_splat(1), down = gnt_min(ret, zero);
    s->ret = ret;
    s->sum_r = s->sum_r + ret;
    s->sum_r2 = s->sum_r2 + ret * ret;
    s->sum_down2 = s->sum_down2 + down * down;
    s->n_up = gnt_add_if(gnt_gt(ret, zero), s->n_up, one);
    s->n_nonzero = gnt_add_if(gnt_ne(ret, zero), s->n_nonzero, one);
    s->trough = gnt_min(equity, s->trough);
    if (reach == GNT_REACH_BELOW) return;
    gnt_mask rises = gnt_gt(equity, s->peak);
    gnt_sums_recover(s, rises);
    s->peak = gnt_max(equity, s->peak);
    s->trough = gnt_select(rises, equity, s->trough);
    gnt_sums_below(s, live, equity, one);
}

/* After the last bar: the drawdown from the last peak. */
GNT_FN void gnt_sums_close(gnt_sums *s)
{
    gnt_sums_recover(s, gnt_every());
}

#endif
