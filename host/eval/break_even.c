/* Break-even costs by the exact simulation, never by a linear guess (SPEC 10, Figures).
 *
 * The difference of final equities is scanned over a grid of costs that is dense near zero, then the first change of
 * sign is narrowed by grids inside it. Every grid is one call with a lane for each cost. Two roots closer than one
 * step of the first grid (from 4 % of the cost near 1 bp to 0.4 % near the limit) would be taken for none or for one.
 */
#include <math.h>
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/book.h"

enum { SCAN = 1024, NARROW = 64, MAX_ROUNDS = 12 };

typedef struct curve {
    gnt_engine *engine;
    const gnt_book_window *window;
    const gnt_strategy *strategy;
    const double *score;
    bool against_hold;
    double *cost;           /* [SCAN] bp */
    double *excess;         /* [SCAN] USD above break-even */
    gnt_strategy *costed;   /* [SCAN] the strategy at each cost */
    gnt_sim_lane *lanes;    /* [2 SCAN] */
    gnt_sim_totals *totals; /* [2 SCAN] */
} curve;

/* excess of the first n costs. */
static gnt_status evaluate(curve *c, size_t n, gnt_error *why)
{
    for (size_t i = 0; i < n; i++) {
        c->costed[i] = *c->strategy;
        c->costed[i].commission_bp = c->cost[i];
        c->costed[i].half_spread_bp = c->costed[i].slippage_bp = 0;
        c->lanes[i] = gnt_book_lane(c->window, &c->costed[i], c->score, NULL);
    }
    GNT_TRY(gnt_engine_simulate(c->engine, c->lanes, n, c->totals, NULL, why));
    for (size_t i = 0; i < n; i++) c->excess[i] = c->totals[i].equity - c->strategy->capital;
    if (!c->against_hold) return GNT_OK;
    for (size_t i = 0; i < n; i++) {
        c->costed[i].rebalance = GNT_REBALANCE_ON_CHANGE;
        c->lanes[i] = gnt_book_lane(c->window, &c->costed[i], NULL, c->window->ones);
    }
    GNT_TRY(gnt_engine_simulate(c->engine, c->lanes, n, c->totals + SCAN, NULL, why));
    for (size_t i = 0; i < n; i++) c->excess[i] = c->totals[i].equity - c->totals[SCAN + i].equity;
    return GNT_OK;
}

/* The first i with excess 0, or with another sign than its predecessor; n: none. */
static size_t first_crossing(const curve *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c->excess[i] == 0 || (i > 0 && (c->excess[i] > 0) != (c->excess[i - 1] > 0))) return i;
    return n;
}

/* Narrows [low, high] of different signs until it is a point to 12 digits. */
static gnt_status narrow(curve *c, double low, double high, double *root, gnt_error *why)
{
    for (int round = 0; round < MAX_ROUNDS && high - low > 1e-12 * high; round++) {
        for (size_t i = 0; i < NARROW; i++) c->cost[i] = low + (high - low) * (double)i / (NARROW - 1);
        GNT_TRY(evaluate(c, NARROW, why));
        size_t at = first_crossing(c, NARROW);
        if (at == NARROW) break; /* the sign change is within rounding of an end */
        if (c->excess[at] == 0) {
            *root = c->cost[at];
            return GNT_OK;
        }
        low = c->cost[at - 1];
        high = c->cost[at];
    }
    *root = (low + high) / 2;
    return GNT_OK;
}

static bool all_zero(const curve *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c->excess[i] != 0) return false;
    return true;
}

static gnt_status find(curve *c, gnt_figure *figure, gnt_error *why)
{
    double limit = 10000 / fmax(1, gnt_strategy_largest(c->strategy)); /* a trade that is all cost */
    for (size_t i = 0; i < SCAN; i++) {
        double share = (double)i / SCAN;
        c->cost[i] = limit * share * share * share * share;
    }
    GNT_TRY(evaluate(c, SCAN, why));
    if (!c->against_hold && c->excess[0] < 0) {
        *figure = gnt_figure_none("negative_gross_return");
        return GNT_OK;
    }
    size_t at = all_zero(c, SCAN) ? SCAN : first_crossing(c, SCAN);
    if (at == SCAN) {
        *figure = gnt_figure_none("no_crossing");
        return GNT_OK;
    }
    double root = c->cost[at];
    if (c->excess[at] != 0) GNT_TRY(narrow(c, c->cost[at - 1], root, &root, why));
    *figure = gnt_figure_of(root);
    return GNT_OK;
}

gnt_status gnt_break_even(gnt_engine *engine, const gnt_book_window *window, const gnt_strategy *strategy,
                          const double *score, const gnt_sim_totals *totals, bool against_hold, gnt_figure *figure,
                          gnt_error *why)
{
    if (totals->n_fills == 0 || totals->ruined) {
        *figure = gnt_figure_none(totals->ruined ? "ruined" : "no_trades");
        return GNT_OK;
    }
    gnt_status st = GNT_OK;
    curve c = {.engine = engine, .window = window, .strategy = strategy, .score = score, .against_hold = against_hold};
    GNT_ALLOC(c.cost, SCAN);
    GNT_ALLOC(c.excess, SCAN);
    GNT_ALLOC(c.costed, SCAN);
    GNT_ALLOC(c.lanes, SCAN);
    GNT_ALLOC(c.totals, 2 * SCAN);
    GNT_GOTO(find(&c, figure, why));
out:
    free(c.cost);
    free(c.excess);
    free(c.costed);
    free(c.lanes);
    free(c.totals);
    return st;
}
