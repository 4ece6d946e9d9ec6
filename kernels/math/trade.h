/* One bar of one book (SPEC 5 and 10), over lanes: decide, fill, mark, ruin, close.
 *
 * Float64, + - x / sqrt only; rates are divided once, expressions are evaluated left to right as SPEC writes them.
 * The one-bar delay between decision and fill is here: gnt_book_bar fills what gnt_decide decided a bar before.
 * Class exact. */
#ifndef GNT_MATH_TRADE_H
#define GNT_MATH_TRADE_H

#include "accumulate.h"
#include "kernels/kernels.h"

/* A lane's parameters as the loop needs them: numbers, then switches. */
#define GNT_TERM_NUMBERS(X)                                    \
    X(upper)                                                   \
    X(lower)                                                   \
    X(cost)         /* c, one way, fraction of the notional */ \
    X(impact)       /* fraction */                             \
    X(fee)          /* USD a fill */                           \
    X(borrow)       /* fraction a bar */                       \
    X(interest)     /* fraction a bar */                       \
    X(margin)       /* fraction a bar */                       \
    X(target_vol)   /* a year */                               \
    X(root_periods) /* sqrt(bars a year) */                    \
    X(max_leverage)                                            \
    X(kelly_fraction)
#define GNT_TERM_SWITCHES(X)                        \
    X(shorts)                                       \
    X(hold)      /* between the thresholds: keep */ \
    X(daily)     /* trade every bar */              \
    X(at_close)  /* fill: next_close */             \
    X(at_before) /* fill: same_close */             \
    X(closes)    /* close_at_end */                 \
    X(by_vol)                                       \
    X(by_kelly)                                     \
    X(by_target)

typedef struct gnt_terms_1 { /* of one lane */
#define X(name) double name;
    GNT_TERM_NUMBERS(X)
#undef X
#define X(name) bool name;
    GNT_TERM_SWITCHES(X)
#undef X
} gnt_terms_1;

typedef struct gnt_terms { /* of GNT_LANES lanes */
#define X(name) gnt_f64 name;
    GNT_TERM_NUMBERS(X)
#undef X
#define X(name) gnt_mask name;
    GNT_TERM_SWITCHES(X)
#undef X
} gnt_terms;

GNT_FN gnt_terms_1 gnt_terms_of(const gnt_strategy *s, bool by_target)
{
    gnt_terms_1 k;
    k.upper = s->upper;
    k.lower = s->lower;
    k.cost = (s->commission_bp + s->half_spread_bp + s->slippage_bp) / 10000;
    k.impact = s->impact_bp / 10000;
    k.fee = s->fee_per_trade;
    k.borrow = s->borrow_bp / 10000 / s->periods;
    k.interest = s->cash_rate / s->periods;
    k.margin = s->margin_bp / 10000 / s->periods;
    k.target_vol = s->target_vol;
    k.root_periods = sqrt(s->periods);
    k.max_leverage = s->max_leverage;
    k.kelly_fraction = s->kelly_fraction;
    k.shorts = s->shorts;
    k.hold = s->between == GNT_BETWEEN_HOLD;
    k.daily = s->rebalance == GNT_REBALANCE_DAILY;
    k.at_close = s->fill == GNT_FILL_NEXT_CLOSE;
    k.at_before = s->fill == GNT_FILL_SAME_CLOSE;
    k.closes = s->close_at_end;
    k.by_vol = s->size == GNT_SIZE_VOL_TARGET;
    k.by_kelly = s->size == GNT_SIZE_KELLY;
    k.by_target = by_target;
    return k;
}

GNT_FN void gnt_terms_put(gnt_terms *terms, int lane, const gnt_terms_1 *k)
{
#define X(name) gnt_lane_put(&terms->name, lane, k->name);
    GNT_TERM_NUMBERS(X)
#undef X
#define X(name) gnt_lane_flag(&terms->name, lane, k->name);
    GNT_TERM_SWITCHES(X)
#undef X
}

typedef struct gnt_book {
    gnt_f64 cash, units;
    gnt_f64 target;        /* w: decided last, not yet traded to */
    gnt_f64 held;          /* the last target traded to */
    gnt_f64 equity, close; /* of the bar before */
    gnt_mask ruined;
    gnt_f64 price_fill, cost, position; /* of the bar just done, for paths */
} gnt_book;

/* What is known when bar t is traded, and whether it lies in the lane's window. */
typedef struct gnt_sim_bar {
    gnt_f64 open, close;
    gnt_f64 overnight, intraday; /* open - the close before, close - open */
    gnt_f64 dollar_volume;       /* mean of close x volume over bars t-20..t-1 */
    gnt_mask live, last;
} gnt_sim_bar;

/* What is known at the close of row t. */
typedef struct gnt_sim_row {
    gnt_f64 score;  /* NaN: none */
    gnt_f64 target; /* NaN: none */
    gnt_f64 vol;    /* sample sd of the last 20 returns */
    gnt_mask live;
} gnt_sim_row;

GNT_FN void gnt_book_open(gnt_book *b, gnt_f64 capital, gnt_f64 close_before)
{
    b->cash = b->equity = capital;
    b->units = b->target = b->held = b->cost = b->position = gnt_splat(0);
    b->price_fill = gnt_splat(NAN);
    b->close = close_before;
    b->ruined = gnt_none();
}

GNT_FN gnt_f64 gnt_decide_size(const gnt_terms *k, const gnt_sim_row *row)
{
    gnt_f64 size = gnt_splat(1);
    if (gnt_any(k->by_kelly)) {
        gnt_f64 edge = gnt_abs(gnt_splat(2) * row->score - gnt_splat(1));
        size = gnt_select(k->by_kelly, gnt_min(k->kelly_fraction * edge, k->max_leverage), size);
    }
    if (gnt_any(k->by_vol)) {
        gnt_f64 by_vol = gnt_min(k->target_vol / (row->vol * k->root_periods), k->max_leverage);
        size = gnt_select(k->by_vol, gnt_select(gnt_gt(row->vol, gnt_splat(0)), by_vol, k->max_leverage), size);
    }
    return size;
}

/* Step 5: the target decided at the close of this row. */
GNT_STEP void gnt_decide(gnt_book *b, const gnt_terms *k, const gnt_sim_row *row)
{
    gnt_f64 size = gnt_decide_size(k, row);
    gnt_f64 between = gnt_keep(k->hold, b->target);
    gnt_f64 below = gnt_keep(k->shorts, -size);
    gnt_f64 w =
        gnt_select(gnt_gt(row->score, k->upper), size, gnt_select(gnt_lt(row->score, k->lower), below, between));
    w = gnt_select(k->by_target, row->target, w);
    gnt_f64 basis = gnt_select(k->by_target, row->target, row->score);
    gnt_mask decides = row->live & gnt_eq(basis, basis); /* none: keep w */
    b->target = gnt_select(decides, w, b->target);
}

GNT_FN void gnt_book_ruin(gnt_book *b, gnt_mask broke)
{
    if (!gnt_any(broke)) return; /* a branch, so that a bar doesn't wait for the bar before */
    gnt_mask whole = gnt_not(broke);
    b->cash = gnt_keep(whole, b->cash);
    b->units = gnt_keep(whole, b->units);
    b->ruined = b->ruined | broke;
}

/* Trades lanes in `wants` to exposure w at `price`, costs included; tells which did (SPEC 5, step 2). */
GNT_STEP gnt_mask gnt_book_trade(gnt_book *b, gnt_sums *sums, const gnt_terms *k, gnt_f64 w, gnt_f64 price,
                                 gnt_f64 dollar_volume, gnt_mask wants)
{
    gnt_f64 equity = b->cash + b->units * price, gap = w * equity - b->units * price;
    gnt_mask fills = wants & gnt_gt(gnt_abs(gap), gnt_splat(1e-9) * equity);
    if (!gnt_any(fills)) return fills;
    gnt_f64 one = gnt_splat(1), sign = gnt_select(gnt_gt(gap, gnt_splat(0)), one, -one);
    gnt_f64 value = w * (equity + k->cost * sign * b->units * price) / (one + w * k->cost * sign);
    gnt_f64 units = value / price, change = units - b->units, size = gnt_abs(change);
    gnt_f64 notional = size * price, proportional = k->cost * size * price;
    gnt_f64 impact = gnt_splat(0);
    gnt_mask moves = gnt_gt(k->impact, impact);
    if (gnt_any(moves)) impact = gnt_keep(moves, notional * k->impact * gnt_root(notional / dollar_volume));
    gnt_f64 cash = b->cash - (change * price + proportional + k->fee + impact);
    b->cash = gnt_select(fills, cash, b->cash);
    b->units = gnt_select(fills, units, b->units);
    gnt_f64 cost = gnt_keep(fills, proportional + k->fee + impact);
    b->cost = b->cost + cost;
    gnt_sums_fill(sums, fills, gnt_keep(fills, notional / equity), cost);
    return fills;
}

/* Lanes whose target asks for a trade: a new one, or any on a daily book that is not flat by target and position. */
GNT_FN gnt_mask gnt_book_wants(const gnt_book *b, const gnt_terms *k)
{
    gnt_f64 zero = gnt_splat(0);
    return gnt_ne(b->target, b->held) | (k->daily & (gnt_ne(b->target, zero) | gnt_ne(b->units, zero)));
}

/* Steps 1 and 2: fills the target decided at the close before. `alive`: in the window and not ruined. */
GNT_STEP void gnt_book_fill(gnt_book *b, gnt_sums *sums, const gnt_terms *k, const gnt_sim_bar *bar, gnt_mask alive)
{
    gnt_f64 price = gnt_select(k->at_close, bar->close, gnt_select(k->at_before, b->close, bar->open));
    /* the closing trade takes the place of a fill at the last close */
    gnt_mask tries = alive & gnt_not(k->at_close & k->closes & bar->last);
    gnt_book_ruin(b, tries & gnt_le(b->cash + b->units * price, gnt_splat(0)));
    gnt_mask wants = tries & gnt_not(b->ruined) & gnt_book_wants(b, k);
    if (!gnt_any(wants)) return;
    gnt_mask fills = gnt_book_trade(b, sums, k, b->target, price, bar->dollar_volume, wants);
    b->held = gnt_select(fills, b->target, b->held);
    b->price_fill = gnt_select(fills, price, b->price_fill);
}

/* Which of step 3's charges a group of lanes can have. */
typedef enum gnt_charges { GNT_CHARGES_NONE = 0, GNT_CHARGES_BORROW, GNT_CHARGES_ALL } gnt_charges;

/* What a lane with these terms can be charged; a group takes the most of its lanes. */
GNT_FN gnt_charges gnt_charges_of(const gnt_terms_1 *k)
{
    if (k->interest != 0 || k->margin != 0) return GNT_CHARGES_ALL;
    bool shorts = k->shorts || k->by_target;
    return shorts && k->borrow != 0 ? GNT_CHARGES_BORROW : GNT_CHARGES_NONE;
}

/* Step 3: borrow, interest and margin on the position after the fill, in that order. A charge at rate 0 leaves the cash
 * as it is (it is never -0), so leaving it out changes no bit. */
GNT_FN void gnt_book_charge(gnt_book *b, const gnt_terms *k, gnt_f64 close, gnt_mask alive, gnt_charges which)
{
    if (which == GNT_CHARGES_NONE) return;
    gnt_f64 borrow = gnt_keep(gnt_lt(b->units, gnt_splat(0)), gnt_abs(b->units) * close * k->borrow);
    gnt_f64 cash = b->cash - borrow;
    if (which == GNT_CHARGES_ALL) {
        cash = cash + gnt_positive(cash) * k->interest;
        cash = cash - gnt_positive(-cash) * k->margin;
    }
    b->cash = gnt_select(alive, cash, b->cash);
}

/* The closing trade of the last bar, at its close (SPEC 5: close_at_end). */
GNT_STEP void gnt_book_finish(gnt_book *b, gnt_sums *sums, const gnt_terms *k, const gnt_sim_bar *bar, gnt_mask alive)
{
    gnt_mask wants = alive & gnt_not(b->ruined) & bar->last & k->closes;
    if (!gnt_any(wants)) return;
    gnt_mask fills = gnt_book_trade(b, sums, k, gnt_splat(0), bar->close, bar->dollar_volume, wants);
    b->price_fill = gnt_select(fills & gnt_ne(b->price_fill, b->price_fill), bar->close, b->price_fill);
    gnt_book_ruin(b, wants & gnt_le(b->cash + b->units * bar->close, gnt_splat(0)));
}

/* Step 4's equity and the bar's return (0 where the book had no equity), into the sums. */
GNT_FN void gnt_book_mark(gnt_book *b, gnt_sums *sums, const gnt_sim_bar *bar, gnt_mask alive, gnt_reach reach)
{
    gnt_f64 equity = b->cash + b->units * bar->close;
    gnt_f64 ret = gnt_keep(alive, equity / b->equity - gnt_splat(1));
    b->equity = gnt_select(bar->live, equity, b->equity);
    b->close = bar->close;
    gnt_sums_return(sums, bar->live, b->equity, ret, reach);
}

/* Steps 1 to 4 of one bar, and its return into the sums; the caller decides afterwards. */
GNT_STEP void gnt_book_bar(gnt_book *b, gnt_sums *sums, const gnt_terms *k, const gnt_sim_bar *bar, gnt_charges charges)
{
    gnt_mask alive = bar->live & gnt_not(b->ruined);
    gnt_f64 before = b->units;
    b->cost = gnt_splat(0);
    b->price_fill = gnt_splat(NAN);
    gnt_book_fill(b, sums, k, bar, alive);
    gnt_f64 night = gnt_select(k->at_before, b->units, before), day = gnt_select(k->at_close, before, b->units);
    gnt_sums_price(sums, gnt_keep(alive, night * bar->overnight), gnt_keep(alive, day * bar->intraday));
    gnt_mask marks = alive & gnt_not(b->ruined);
    gnt_book_charge(b, k, bar->close, marks, charges);
    b->position = gnt_keep(marks, b->units);
    gnt_book_ruin(b, marks & gnt_le(b->cash + b->units * bar->close, gnt_splat(0)));
    gnt_book_finish(b, sums, k, bar, marks);
    gnt_sums_position(sums, bar->live, b->position, gnt_splat(1));
    gnt_book_mark(b, sums, bar, alive, GNT_REACH_PEAK);
}

#endif
