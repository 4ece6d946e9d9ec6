/* From trade to trade: a group whose lanes read the same market and score spends most bars holding what it has.
 * Part of simulate.c.
 *
 * Which rows can change a target depends on scores and thresholds alone, so 64 rows are looked at side by side and
 * become bits; between two such rows the bars are held (kernels/math/hold.h). Any bar where that isn't proven is a
 * whole step. */
#ifndef GNT_CPU_SIM_STRETCH_H
#define GNT_CPU_SIM_STRETCH_H

#include <string.h>

#include "kernels/cpu/sim_group.h"
#include "kernels/math/hold.h"
#include "kernels/math/turn.h"

enum { BLOCK = 64, TEAM = 8 };

/* Rows [first, first + n) of the window. */
typedef struct block {
    size_t first, n;
    double overnight[BLOCK], intraday[BLOCK]; /* price moves, as gnt_sim_bar's */
    gnt_f64 low, high;                        /* of opens and closes, the close before included */
    gnt_words above, below, between;          /* rows with a score by where it lies; above wins over below */
} block;

static inline gnt_f64 load(const double *x)
{
    gnt_f64 v;
    memcpy(&v, x, sizeof v);
    return v;
}

/* BLOCK values from row `first` on: in place, or what there is, padded with `rest`. */
static const double *block_rows(const double *x, size_t first, size_t n, double rest, double *room)
{
    if (n == BLOCK) return x + first;
    for (size_t i = 0; i < BLOCK; i++) room[i] = i < n ? x[first + i] : rest;
    return room;
}

static inline double least(gnt_f64 v)
{
    double x = gnt_lane_get(v, 0);
    for (int j = 1; j < GNT_LANES; j++) x = gnt_lane_get(v, j) < x ? gnt_lane_get(v, j) : x;
    return x;
}

static void block_prices(block *b, const group *g)
{
    double room[3][BLOCK], before = g->close.p[0][(ptrdiff_t)b->first - 1];
    gnt_f64 low = gnt_splat(before), high = low;
    const double *open = block_rows(g->open.p[0], b->first, b->n, before, room[0]);
    const double *close = block_rows(g->close.p[0], b->first, b->n, before, room[1]);
    const double *last = block_rows(g->close.p[0] - 1, b->first, b->n, before, room[2]);
    for (size_t i = 0; i < BLOCK; i += GNT_LANES) {
        gnt_f64 o = load(open + i), c = load(close + i);
        low = gnt_min(gnt_min(o, c), low);
        high = gnt_max(gnt_max(o, c), high);
        gnt_f64 overnight = o - load(last + i), intraday = c - o;
        memcpy(b->overnight + i, &overnight, sizeof overnight);
        memcpy(b->intraday + i, &intraday, sizeof intraday);
    }
    b->low = gnt_splat(least(low));
    b->high = gnt_splat(-least(-high));
}

static void block_scores(block *b, const group *g)
{
    double room[BLOCK];
    const double *score = block_rows(g->score.p[0], b->first, b->n, NAN, room);
    uint64_t scored = 0;
    for (size_t i = 0; i < BLOCK; i += GNT_LANES) {
        gnt_f64 s = load(score + i);
        scored |= (uint64_t)gnt_bits(gnt_eq(s, s)) << i;
    }
    for (int j = 0; j < GNT_LANES; j++) {
        int known = g->same_thresholds[j];
        b->above[j] = b->above[known];
        b->below[j] = b->below[known];
        if (known < j) continue;
        gnt_f64 upper = gnt_splat(gnt_lane_get(g->terms.upper, j)), lower = gnt_splat(gnt_lane_get(g->terms.lower, j));
        uint64_t above = 0, below = 0;
        for (size_t i = 0; i < BLOCK; i += GNT_LANES) {
            gnt_f64 s = load(score + i);
            above |= (uint64_t)gnt_bits(gnt_gt(s, upper)) << i;
            below |= (uint64_t)gnt_bits(gnt_lt(s, lower)) << i;
        }
        b->above[j] = above;
        b->below[j] = below & ~above;
    }
    b->between = ((gnt_words){0} + scored) & ~b->above & ~b->below;
}

/* Rows that change the target of some lane, if the targets were the present ones until there. A size that follows score
 * or volatility counts as always changing. */
static inline uint64_t block_moves(const block *b, const gnt_terms *k, const gnt_book *book)
{
    gnt_f64 w = book->target, one = gnt_splat(1);
    gnt_mask flat = gnt_eq(w, gnt_splat(0)), fixed = gnt_not(k->by_vol | k->by_kelly);
    gnt_mask stays_above = fixed & gnt_eq(w, one);
    gnt_mask stays_below = (k->shorts & fixed & gnt_eq(w, -one)) | (gnt_not(k->shorts) & flat);
    gnt_words above = gnt_words_keep(gnt_not(stays_above), b->above);
    gnt_words below = gnt_words_keep(gnt_not(stays_below), b->below);
    return gnt_words_any(above | below | gnt_words_keep(gnt_not(k->hold | flat), b->between));
}

/* All but what only paths show. Field by field: a copy of the struct goes through memory in pieces of other sizes than
 * its fields', and waits. */
static inline __attribute__((always_inline)) void book_copy(gnt_book *to, const gnt_book *from)
{
    to->cash = from->cash;
    to->units = from->units;
    to->target = from->target;
    to->held = from->held;
    to->equity = from->equity;
    to->close = from->close;
    to->ruined = from->ruined;
}

static inline __attribute__((always_inline)) void sums_copy(gnt_sums *to, const gnt_sums *from)
{
    to->sum_r = from->sum_r;
    to->sum_r2 = from->sum_r2;
    to->sum_down2 = from->sum_down2;
    to->peak = from->peak;
    to->trough = from->trough;
    to->max_drawdown = from->max_drawdown;
    to->floor = from->floor;
    to->below = from->below;
    to->longest_below = from->longest_below;
    to->n_fills = from->n_fills;
    to->n_trades = from->n_trades;
    to->n_exposed = from->n_exposed;
    to->n_up = from->n_up;
    to->n_nonzero = from->n_nonzero;
    to->turnover = from->turnover;
    to->cost_paid = from->cost_paid;
    to->overnight = from->overnight;
    to->intraday = from->intraday;
    to->was_long = from->was_long;
    to->was_short = from->was_short;
}

/* What a stretch changes. */
static inline __attribute__((always_inline)) void held_copy(group *g, const gnt_book *book, const gnt_sums *sums,
                                                            gnt_charges charges, gnt_reach reach)
{
    g->book.equity = book->equity;
    g->book.close = book->close;
    if (charges != GNT_CHARGES_NONE) g->book.cash = book->cash;
    g->sums.sum_r = sums->sum_r;
    g->sums.sum_r2 = sums->sum_r2;
    g->sums.sum_down2 = sums->sum_down2;
    g->sums.trough = sums->trough;
    g->sums.below = sums->below;
    g->sums.longest_below = sums->longest_below;
    g->sums.n_trades = sums->n_trades;
    g->sums.n_exposed = sums->n_exposed;
    g->sums.n_up = sums->n_up;
    g->sums.n_nonzero = sums->n_nonzero;
    g->sums.overnight = sums->overnight;
    g->sums.intraday = sums->intraday;
    g->sums.was_long = sums->was_long;
    g->sums.was_short = sums->was_short;
    if (reach == GNT_REACH_BELOW) return;
    g->sums.peak = sums->peak;
    g->sums.max_drawdown = sums->max_drawdown;
    g->sums.floor = sums->floor;
}

/* Bars [i, end) without a trade; `charges` and `reach` are constants at each call. The state lives in locals, so that
 * it stays in registers: nothing the loop reads can alias it. */
static inline __attribute__((always_inline)) void hold(group *g, const block *b, size_t i, size_t end,
                                                       gnt_charges charges, gnt_reach reach)
{
    const double *open = g->open.p[0], *close = g->close.p[0];
    gnt_f64 n = gnt_splat((double)(end - i));
    gnt_book book;
    gnt_sums sums;
    book_copy(&book, &g->book);
    sums_copy(&sums, &g->sums);
    for (; i < end; i++) {
        gnt_sim_bar bar = {.open = gnt_splat(open[i]),
                           .close = gnt_splat(close[i]),
                           .overnight = gnt_splat(b->overnight[i - b->first]),
                           .intraday = gnt_splat(b->intraday[i - b->first]),
                           .live = gnt_every()};
        gnt_book_hold(&book, &sums, &g->terms, &bar, charges, reach);
    }
    gnt_book_held(&book, &sums, n, reach);
    held_copy(g, &book, &sums, charges, reach);
}

static inline void stretch(group *g, const block *b, size_t i, size_t end, gnt_reach reach)
{
    if (g->charges != GNT_CHARGES_ALL && !gnt_any(gnt_ne(g->book.units, gnt_splat(0)))) {
        g->book.close = gnt_splat(g->close.p[0][end - 1]);
        gnt_book_rest(&g->book, &g->sums, gnt_splat((double)(end - i)));
        return;
    }
    switch (g->charges * 2 + reach) {
#define X(charges, reach)                   \
    case (charges)*2 + (reach):             \
        hold(g, b, i, end, charges, reach); \
        break;
        X(GNT_CHARGES_NONE, GNT_REACH_BELOW)
        X(GNT_CHARGES_NONE, GNT_REACH_PEAK)
        X(GNT_CHARGES_BORROW, GNT_REACH_BELOW)
        X(GNT_CHARGES_BORROW, GNT_REACH_PEAK)
        X(GNT_CHARGES_ALL, GNT_REACH_BELOW)
        X(GNT_CHARGES_ALL, GNT_REACH_PEAK)
#undef X
    }
}

/* A whole step of bar i, with what a group of like lanes needn't look up. */
static inline __attribute__((always_inline)) void alike_bar(group *g, const block *b, size_t i)
{
    gnt_sim_bar bar = {.open = gnt_splat(g->open.p[0][i]),
                       .close = gnt_splat(g->close.p[0][i]),
                       .overnight = gnt_splat(b->overnight[i - b->first]),
                       .intraday = gnt_splat(b->intraday[i - b->first]),
                       .dollar_volume = gnt_splat(g->dollar_volume.p[0][i * g->dollar_volume.step[0]]),
                       .live = gnt_every(),
                       .last = i + 1 == g->n_longest ? gnt_every() : gnt_none()};
    gnt_book book;
    gnt_sums sums;
    book_copy(&book, &g->book);
    sums_copy(&sums, &g->sums);
    gnt_book_bar(&book, &sums, &g->terms, &bar, g->charges);
    book_copy(&g->book, &book);
    sums_copy(&g->sums, &sums);
}

static __attribute__((noinline, cold)) void whole_bar(group *g, const block *b, size_t i)
{
    alike_bar(g, b, i);
}

/* The bar of new targets, where one text of the step does for every group; else whole. */
static inline __attribute__((always_inline)) void turn(group *g, size_t n, const block *b, size_t i,
                                                       gnt_charges charges, bool out)
{
    gnt_sim_bar bar = {.open = gnt_splat(g->open.p[0][i]),
                       .close = gnt_splat(g->close.p[0][i]),
                       .overnight = gnt_splat(b->overnight[i - b->first]),
                       .intraday = gnt_splat(b->intraday[i - b->first])};
    for (size_t k = 0; k < n; k++) {
        bool whole = gnt_any(g[k].book.ruined);
        if (whole || !gnt_book_turn(&g[k].book, &g[k].sums, &g[k].terms, &bar, charges, out)) whole_bar(&g[k], b, i);
    }
}

static inline void team_bar(group *g, size_t n, const block *b, size_t i)
{
    bool plain = i + 1 < g->n_longest, borrow = false, out = !gnt_any(gnt_ne(g->book.target, gnt_splat(0)));
    for (size_t k = 0; k < n; k++) {
        plain = plain && g[k].plain;
        borrow = borrow || g[k].charges == GNT_CHARGES_BORROW;
    }
    if (!plain)
        for (size_t k = 0; k < n; k++) alike_bar(&g[k], b, i);
    else if (borrow)
        turn(g, n, b, i, GNT_CHARGES_BORROW, false);
    else if (out)
        turn(g, n, b, i, GNT_CHARGES_NONE, true);
    else
        turn(g, n, b, i, GNT_CHARGES_NONE, false);
}

/* The decision of row i; the groups of a team decide alike. */
static inline void team_decide(group *g, size_t n, ptrdiff_t i)
{
    gnt_sim_row row = {.score = gnt_splat(g->score.p[0][i]),
                       .target = gnt_splat(NAN),
                       .vol = gnt_splat(g->vol.p[0][i * (ptrdiff_t)g->vol.step[0]]),
                       .live = gnt_every()};
    gnt_decide(&g->book, &g->terms, &row);
    for (size_t k = 1; k < n; k++) g[k].book.target = g->book.target;
}

/* The end of the stretch that starts at bar i: after the next row that moves a target, before the window's last bar. */
static inline size_t stretch_end(const block *b, uint64_t moves, size_t i, size_t n_bars)
{
    uint64_t left = moves >> (i - b->first);
    size_t end = left ? i + (size_t)__builtin_ctzll(left) + 1 : b->first + b->n;
    return end < n_bars ? end : n_bars - 1;
}

/* No group of the team acts on the next bar: none wants a trade, none can be ruined; and how far each can reach. */
static inline bool team_holds(const group *g, size_t n, const block *b, gnt_reach *reach)
{
    gnt_mask acts = gnt_none();
    for (size_t k = 0; k < n; k++) acts = acts | gnt_book_wants(&g[k].book, &g[k].terms) | g[k].book.ruined;
    if (gnt_any(acts)) return false;
    for (size_t k = 0; k < n; k++) {
        gnt_range range = gnt_book_range(&g[k].book, &g[k].terms, b->low, b->high, gnt_splat(BLOCK));
        acts = acts | gnt_not(range.safe);
        reach[k] = gnt_range_reach(&range, &g[k].sums);
    }
    return !gnt_any(acts);
}

/* Moves and targets are those of the team's first group: decisions follow from scores and like terms alone, and a bar
 * moves no target. */
static void team_run(group *g, size_t n)
{
    team_decide(g, n, -1);
    for (size_t first = 0; first < g->n_longest; first += BLOCK) {
        block b; /* not zeroed: every field is set below */
        b.first = first;
        b.n = g->n_longest - first < BLOCK ? g->n_longest - first : BLOCK;
        block_prices(&b, g);
        block_scores(&b, g);
        uint64_t moves = block_moves(&b, &g->terms, &g->book);
        for (size_t i = first, end; i < first + b.n; i = end) {
            gnt_reach reach[TEAM];
            end = i + 1;
            if (end < g->n_longest && team_holds(g, n, &b, reach)) {
                end = stretch_end(&b, moves, i, g->n_longest);
                for (size_t k = 0; k < n; k++) stretch(&g[k], &b, i, end, reach[k]);
            } else {
                team_bar(g, n, &b, i);
            }
            if (!(moves >> (end - 1 - first) & 1)) continue;
            team_decide(g, n, (ptrdiff_t)end - 1);
            moves = block_moves(&b, &g->terms, &g->book);
        }
    }
}

#endif
