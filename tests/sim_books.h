/* Books on one market and one set of scores, as sweeps have them: what is stepped from trade to trade. */
#ifndef GNT_TEST_SIM_BOOKS_H
#define GNT_TEST_SIM_BOOKS_H

#include "tests/ref/ref_simulate.h"
#include "tests/sim_case.h"

enum { BARS = 330, LANES = 90 };

typedef struct market {
    double storage[5 * BARS], dollar_volume[BARS], vol[BARS], score[BARS];
    gnt_sim_market view;
} market;

/* Scores that stay on a side for about `stay` bars, some missing, some exactly at a threshold. Every fourth market is
 * violent enough to ruin shorts and levered books, every fourth nearly still, with closes that repeat. */
static inline void market_make(market *m, uint64_t seed)
{
    uint64_t x = seed * 2654435761u + 1;
    double z = 0, stay = 1 - 1 / sim_between(&x, 1, 60);
    m->view.bars = synth_bars(x, BARS, seed % 4 == 0 ? .9 : seed % 4 == 1 ? .002 : .04, m->storage);
    double *open = m->storage, *close = m->storage + 3 * BARS;
    for (size_t t = 0; t < BARS; t++) {
        if (seed % 4 == 1 && t > 0 && sim_pick(&x, 3)) open[t] = close[t] = close[t - 1];
        z = stay * z + sim_between(&x, -1, 1);
        m->dollar_volume[t] = t < 20 ? NAN : sim_between(&x, 1e6, 1e9);
        m->vol[t] = sim_pick(&x, 20) ? sim_between(&x, .001, .05) : 0;
        m->score[t] = sim_pick(&x, 25) == 0 ? NAN : sim_pick(&x, 25) == 0 ? .5 : .5 + .5 * z / (1 + fabs(z));
    }
    m->view.dollar_volume_20 = m->dollar_volume;
    m->view.vol_20 = m->vol;
}

/* Lanes mix everything in some rounds; in others most switches are off, as in a sweep of costs and thresholds. */
static inline gnt_strategy strategy_make(uint64_t *x, uint64_t round)
{
    gnt_strategy s = sim_strategy(x), plain = sim_plain();
    if (round % 3 == 0) return s;
    plain.upper = .5 + .01 * sim_pick(x, round % 2 ? 2 : 12);
    plain.lower = sim_pick(x, 2) ? plain.upper : 1 - plain.upper;
    plain.commission_bp = sim_pick(x, 12);
    plain.shorts = round % 5 < 2;
    plain.between = s.between;
    plain.fill = round % 7 < 3 ? GNT_FILL_NEXT_OPEN : s.fill;
    plain.cash_rate = round % 8 == 7 ? s.cash_rate : 0;
    plain.fee_per_trade = round % 9 == 8 ? s.fee_per_trade : 0;
    plain.rebalance = round % 11 == 10 ? s.rebalance : GNT_REBALANCE_ON_CHANGE;
    plain.size = round % 13 == 12 ? s.size : GNT_SIZE_FIXED;
    plain.capital = s.capital;
    plain.close_at_end = s.close_at_end;
    return plain;
}

typedef struct books {
    market m;
    gnt_strategy strategy[LANES];
    gnt_sim_lane lane[LANES];
    gnt_sim_totals expected[LANES];
    size_t n;
} books;

static inline void books_make(books *b, uint64_t round)
{
    uint64_t x = round * 40503 + 7;
    market_make(&b->m, round);
    size_t begin = 21 + sim_pick(&x, 100), end = begin + 1 + sim_pick(&x, (unsigned)(BARS - begin));
    bool uneven = round % 6 == 5;
    b->n = 1 + sim_pick(&x, LANES);
    for (size_t i = 0; i < b->n; i++) {
        b->strategy[i] = strategy_make(&x, round);
        if (round % 4 == 2) { /* vectors that decide alike step as a team */
            const gnt_strategy *like = &b->strategy[0];
            b->strategy[i].upper = like->upper;
            b->strategy[i].lower = like->lower;
            b->strategy[i].shorts = like->shorts;
            b->strategy[i].between = like->between;
        }
        size_t last = uneven ? begin + 1 + sim_pick(&x, (unsigned)(end - begin)) : end;
        b->lane[i] = (gnt_sim_lane){&b->m.view, &b->strategy[i], b->m.score, NULL, begin, last};
        ref_simulate(&b->lane[i], &b->expected[i], NULL);
    }
}

/* ---- a call of all kinds of lanes ----------------------------------------------------------------------------- */

enum { MIX_BOOKS = 12, MIX_CASES = 60 };

typedef struct lanes_mix {
    books book[MIX_BOOKS];
    sim_case loner[MIX_CASES];
    double unscored[BARS];
} lanes_mix;

/* `n` lanes in no order: books of a dozen markets and windows, lanes with targets or a market of their own, lanes on
 * scores that are all missing. */
static inline void lanes_mix_make(lanes_mix *m, uint64_t seed, gnt_sim_lane *lane, size_t n)
{
    uint64_t x = seed * 40503 + 11;
    for (size_t i = 0; i < MIX_BOOKS; i++) books_make(&m->book[i], seed * MIX_BOOKS + i);
    for (size_t i = 0; i < MIX_CASES; i++) sim_case_make(&m->loner[i], seed * MIX_CASES + i + 1);
    for (size_t i = 0; i < BARS; i++) m->unscored[i] = NAN;
    for (size_t i = 0; i < n; i++) {
        const books *b = &m->book[sim_pick(&x, MIX_BOOKS)];
        unsigned kind = sim_pick(&x, 10);
        lane[i] = kind == 0 ? m->loner[sim_pick(&x, MIX_CASES)].lane : b->lane[sim_pick(&x, (unsigned)b->n)];
        if (kind == 1) lane[i].score = m->unscored;
    }
}

/* Every fifth lane wants paths: some of the fields, or all. They lie in `at` (NULL: nowhere), one after another; their
 * length. */
static inline size_t lanes_mix_paths(const gnt_sim_lane *lane, size_t n, gnt_sim_path *path, double *at)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        gnt_sim_path *p = &path[i];
        double **const field[] = {&p->price_fill, &p->target, &p->units, &p->cash,
                                  &p->equity,     &p->ret,    &p->cost,  &p->position};
        for (size_t f = 0; f < 8; f++) {
            bool asked = i % 5 == 2 && (i % 3 == 0 || (i + f) % 4 == 0);
            *field[f] = asked && at ? at + used : NULL;
            used += asked ? lane[i].end - lane[i].begin : 0;
        }
    }
    return used;
}

#endif
