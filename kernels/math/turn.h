/* One bar on which targets changed, for books without switches: fill at the open, on change, no impact; not the
 * window's last bar, every lane in it and none ruined. What is left of gnt_book_bar then, the same parts in the same
 * order, without the fields that only paths show. Class exact.
 *
 * `out`: every target is 0. Then 1 + w c sign is exactly 1, and 0 over a finite positive price is that 0 with its sign:
 * neither quotient of the new position is computed. */
#ifndef GNT_MATH_TURN_H
#define GNT_MATH_TURN_H

#include "trade.h"

/* False, and nothing changed, where a lane would be ruined: the bar is gnt_book_bar's. `charges` below
 * GNT_CHARGES_ALL, constant at each call as `out` is. */
GNT_STEP bool gnt_book_turn(gnt_book *b, gnt_sums *sums, const gnt_terms *k, const gnt_sim_bar *bar,
                            gnt_charges charges, bool out)
{
    gnt_f64 zero = gnt_splat(0), one = gnt_splat(1), w = b->target, price = bar->open, before = b->units;
    gnt_f64 equity = b->cash + before * price, gap = w * equity - before * price;
    gnt_mask broke = gnt_le(equity, zero), fills = gnt_ne(w, b->held) & gnt_gt(gnt_abs(gap), gnt_splat(1e-9) * equity);
    gnt_f64 sign = gnt_select(gnt_gt(gap, zero), one, -one);
    gnt_f64 value = w * (equity + k->cost * sign * before * price);
    gnt_f64 wanted = out ? value : value / (one + w * k->cost * sign) / price;
    gnt_f64 change = wanted - before, size = gnt_abs(change);
    gnt_f64 notional = size * price, proportional = k->cost * size * price;
    gnt_f64 cash = gnt_select(fills, b->cash - (change * price + proportional + k->fee), b->cash);
    gnt_f64 units = gnt_select(fills, wanted, before);
    if (charges == GNT_CHARGES_BORROW)
        cash = cash - gnt_keep(gnt_lt(units, zero), gnt_abs(units) * bar->close * k->borrow);
    gnt_f64 mark = cash + units * bar->close;
    if (gnt_any(broke | gnt_le(mark, zero))) return false;
    gnt_f64 ret = mark / b->equity - one;
    b->cash = cash;
    b->units = units;
    b->held = gnt_select(fills, w, b->held);
    b->equity = mark;
    b->close = bar->close;
    gnt_sums_fill(sums, fills, gnt_keep(fills, notional / equity), gnt_keep(fills, proportional + k->fee));
    gnt_sums_price(sums, before * bar->overnight, units * bar->intraday);
    gnt_sums_position(sums, gnt_every(), units, one);
    gnt_sums_return(sums, gnt_every(), mark, ret, GNT_REACH_PEAK);
    return true;
}

#endif
