/* Bars in a row on which no lane trades: what is left of gnt_book_bar when nothing fills, ends or goes broke.
 *
 * A caller first proves that: the targets are the held ones (gnt_book_wants), the stretch doesn't reach the window's
 * last bar, no lane is ruined and none can be (gnt_book_range). Then one bar is gnt_book_hold, the same parts in the
 * same order, and a stretch ends with gnt_book_held; a stretch in which every lane is flat and cash earns nothing is
 * gnt_book_rest alone: equity stays, every return is 0, every sum gets 0 added, and only the count of bars below the
 * peak grows. Prices are finite and positive, as ingest checks. Class exact. */
#ifndef GNT_MATH_HOLD_H
#define GNT_MATH_HOLD_H

#include "trade.h"

/* Where equity stays on the bars of a stretch. */
typedef struct gnt_range {
    gnt_f64 least, most;
    gnt_mask safe; /* the bounds hold, and no lane can be ruined at any of the prices */
} gnt_range;

/* For n bars whose opens and closes (and the close before them) lie in [low, high].
 *
 * One bar charges, or earns, at most units x high x borrow + |cash| (|interest| + |margin|). With n (|interest| +
 * |margin|)
 * <= 1/4 the cash stays below 4/3 of where it started plus all borrowing, so n bars move it by at most twice n such
 * charges. Equity is linear in the price: between prices it lies between. The slack of 2^-40 of all the money is
 * far above the rounding of these sums and of the step's own (a few 2^-53 each). */
GNT_FN gnt_range gnt_book_range(const gnt_book *b, const gnt_terms *k, gnt_f64 low, gnt_f64 high, gnt_f64 n)
{
    gnt_range r;
    gnt_f64 units = gnt_abs(b->units), cash = gnt_abs(b->cash), rates = gnt_abs(k->interest) + gnt_abs(k->margin);
    gnt_f64 charges = (n + n) * (units * high * k->borrow + cash * rates);
    gnt_f64 slack = charges + (cash + units * high) * gnt_splat(0x1p-40);
    gnt_f64 at_low = b->cash + b->units * low, at_high = b->cash + b->units * high;
    r.least = gnt_min(at_low, at_high) - slack;
    r.most = gnt_max(at_low, at_high) + slack;
    r.safe = gnt_gt(r.least, gnt_splat(0)) & gnt_le(n * rates, gnt_splat(.25));
    return r;
}

/* What a stretch with this range can do to the peak (docs/NUMERICS.md). */
GNT_FN gnt_reach gnt_range_reach(const gnt_range *r, const gnt_sums *s)
{
    return gnt_any(gnt_not(gnt_lt(r->most, s->peak))) ? GNT_REACH_PEAK : GNT_REACH_BELOW;
}

/* One bar of a stretch. `charges` and `reach` are constants at each call. */
GNT_FN void gnt_book_hold(gnt_book *b, gnt_sums *sums, const gnt_terms *k, const gnt_sim_bar *bar, gnt_charges charges,
                          gnt_reach reach)
{
    gnt_sums_price(sums, b->units * bar->overnight, b->units * bar->intraday);
    gnt_book_charge(b, k, bar->close, gnt_every(), charges);
    gnt_book_mark(b, sums, bar, gnt_every(), reach);
}

/* The end of a stretch of n bars. */
GNT_FN void gnt_book_held(const gnt_book *b, gnt_sums *sums, gnt_f64 n, gnt_reach reach)
{
    gnt_sums_position(sums, gnt_every(), b->units, n);
    if (reach == GNT_REACH_BELOW) gnt_sums_below(sums, gnt_every(), b->equity, n);
}

/* A stretch of n bars in which every lane is flat and no cash earns interest. */
GNT_FN void gnt_book_rest(const gnt_book *b, gnt_sums *sums, gnt_f64 n)
{
    gnt_book_held(b, sums, n, GNT_REACH_BELOW);
}

#endif
