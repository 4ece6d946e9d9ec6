/* GNT_LANES lanes side by side: where each reads its inputs, and what it holds. Part of simulate.c, once per
 * instruction set; lane.h's GNT_LANES is set before. */
#ifndef GNT_CPU_SIM_GROUP_H
#define GNT_CPU_SIM_GROUP_H

#include "kernels/math/trade.h"

/* One input of every lane in the group: lane j reads p[j][row * step[j]]; step 0 for a constant. */
typedef struct feed {
    const double *p[GNT_LANES];
    size_t step[GNT_LANES];
    bool shared; /* every lane reads the same array */
} feed;

typedef struct group {
    size_t n[GNT_LANES], n_longest; /* bars */
    bool even;                      /* every lane has n_longest bars */
    bool alike;                     /* even, and every lane reads the same market and score */
    bool plain;                     /* alike, and the bars of new targets are gnt_book_turn's */
    feed open, close, dollar_volume, score, target, vol;
    int same_thresholds[GNT_LANES]; /* the first lane with lane j's */
    gnt_charges charges;            /* the most any lane has */
    gnt_terms terms;
    gnt_book book;
    gnt_sums sums;
} group;

static const double nothing = NAN;

/* data NULL: nothing known. begin: the window's first row in data. */
static void feed_put(feed *f, int lane, const double *data, size_t begin)
{
    f->p[lane] = data ? data + begin : &nothing;
    f->step[lane] = data ? 1 : 0;
    bool same = f->p[lane] == f->p[0] && f->step[lane] == f->step[0];
    f->shared = lane == 0 || (f->shared && same);
}

/* Row i of every lane, i counted from the window's first bar; -1 is the row before. */
static inline gnt_f64 feed_row(const feed *f, const group *g, ptrdiff_t i)
{
    gnt_f64 x = {0};
    if (f->shared && g->even) return gnt_splat(f->p[0][i * (ptrdiff_t)f->step[0]]);
    for (int j = 0; j < GNT_LANES; j++) {
        ptrdiff_t row = i < (ptrdiff_t)g->n[j] ? i : (ptrdiff_t)g->n[j] - 1;
        x[j] = f->p[j][row * (ptrdiff_t)f->step[j]];
    }
    return x;
}

/* The first lane with lane j's thresholds. */
static inline int first_with_thresholds(const gnt_terms *k, int j)
{
    int i = 0;
    while (gnt_lane_get(k->upper, i) != gnt_lane_get(k->upper, j) ||
           gnt_lane_get(k->lower, i) != gnt_lane_get(k->lower, j))
        i++;
    return i;
}

static void group_open(group *g, const gnt_sim_lane *lanes, size_t n_lanes)
{
    gnt_f64 capital = {0};
    *g = (group){.even = true};
    for (int j = 0; j < GNT_LANES; j++) {
        const gnt_sim_lane *lane = &lanes[(size_t)j < n_lanes ? (size_t)j : n_lanes - 1];
        const gnt_sim_market *m = lane->market;
        gnt_terms_1 terms = gnt_terms_of(lane->strategy, lane->target != NULL);
        gnt_terms_put(&g->terms, j, &terms);
        g->same_thresholds[j] = first_with_thresholds(&g->terms, j);
        if (gnt_charges_of(&terms) > g->charges) g->charges = gnt_charges_of(&terms);
        capital[j] = lane->strategy->capital;
        g->n[j] = lane->end - lane->begin;
        if (g->n[j] > g->n_longest) g->n_longest = g->n[j];
        feed_put(&g->open, j, m->bars.open, lane->begin);
        feed_put(&g->close, j, m->bars.close, lane->begin);
        feed_put(&g->dollar_volume, j, m->dollar_volume_20, lane->begin);
        feed_put(&g->vol, j, m->vol_20, lane->begin);
        feed_put(&g->score, j, lane->target ? NULL : lane->score, lane->begin);
        feed_put(&g->target, j, lane->target, lane->begin);
    }
    for (int j = 0; j < GNT_LANES; j++) g->even = g->even && g->n[j] == g->n_longest;
    g->alike = g->even && g->open.shared && g->close.shared && g->dollar_volume.shared && g->vol.shared &&
               g->score.shared && g->target.shared && g->target.step[0] == 0;
    const gnt_terms *k = &g->terms;
    gnt_mask switches = k->daily | k->at_close | k->at_before | k->by_target | gnt_gt(k->impact, gnt_splat(0));
    g->plain = g->alike && g->charges != GNT_CHARGES_ALL && !gnt_any(switches);
    gnt_book_open(&g->book, capital, feed_row(&g->close, g, -1));
    gnt_sums_open(&g->sums, capital);
}

static inline bool feeds_same(const feed *a, const feed *b)
{
    return a->p[0] == b->p[0] && a->step[0] == b->step[0];
}

/* Lane by lane the two groups decide the same: like lanes that read the same, with the same terms of a decision. */
static bool groups_decide_alike(const group *a, const group *b)
{
    if (!a->alike || !b->alike || a->n_longest != b->n_longest) return false;
    const gnt_terms *s = &a->terms, *t = &b->terms;
    gnt_mask differ = gnt_ne(s->upper, t->upper) | gnt_ne(s->lower, t->lower) | (s->shorts ^ t->shorts) |
                      (s->hold ^ t->hold) | s->by_vol | t->by_vol | s->by_kelly | t->by_kelly;
    return !gnt_any(differ) && feeds_same(&a->open, &b->open) && feeds_same(&a->close, &b->close) &&
           feeds_same(&a->dollar_volume, &b->dollar_volume) && feeds_same(&a->score, &b->score);
}

/* Lanes that have at least n bars. */
static inline gnt_mask lanes_with(const group *g, size_t n)
{
    if (g->even) return n <= g->n_longest ? gnt_every() : gnt_none();
    gnt_mask m = gnt_none();
    for (int j = 0; j < GNT_LANES; j++) gnt_lane_flag(&m, j, g->n[j] >= n);
    return m;
}

static inline void group_decide(const group *g, gnt_book *book, ptrdiff_t i)
{
    gnt_sim_row row = {.score = feed_row(&g->score, g, i),
                       .target = feed_row(&g->target, g, i),
                       .vol = feed_row(&g->vol, g, i),
                       .live = lanes_with(g, (size_t)(i + 1))};
    gnt_decide(book, &g->terms, &row);
}

static inline void group_bar(const group *g, gnt_book *book, gnt_sums *sums, size_t i)
{
    gnt_f64 open = feed_row(&g->open, g, (ptrdiff_t)i), close = feed_row(&g->close, g, (ptrdiff_t)i);
    gnt_sim_bar bar = {.open = open,
                       .close = close,
                       .overnight = open - book->close,
                       .intraday = close - open,
                       .dollar_volume = feed_row(&g->dollar_volume, g, (ptrdiff_t)i),
                       .live = lanes_with(g, i + 1),
                       .last = lanes_with(g, i + 1) & gnt_not(lanes_with(g, i + 2))};
    gnt_book_bar(book, sums, &g->terms, &bar, g->charges);
}

#endif
