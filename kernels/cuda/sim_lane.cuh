/* A thread's lane on the device: what it is given, what it holds, what it gives back (for simulate.cu). */
#ifndef GNT_CUDA_SIM_LANE_CUH
#define GNT_CUDA_SIM_LANE_CUH

#include "kernels/cuda/device.cuh"
#include "kernels/cuda/sim_set.cuh"
#include "kernels/math/trade.h"

#define GNT_SIM_THREADS 128

/* A lane as it goes to the device. */
struct gnt_sim_order {
    gnt_strategy strategy;
    uint32_t feed;
};

struct gnt_sim_state {
    const gnt_terms *terms;
    gnt_book book;
    gnt_sums sums;
};

/* Row i of a column, i counted from the window's first bar. */
static __device__ __forceinline__ double sim_row(const double *column, ptrdiff_t i)
{
    return column ? column[i] : (double)NAN;
}

/* Before the window's first bar. terms: where the lane's are kept. */
static __device__ __forceinline__ void sim_open(gnt_sim_state *s, gnt_terms *terms, const gnt_sim_order *order,
                                                const gnt_sim_feed *feed)
{
    gnt_terms_1 given = gnt_terms_of(&order->strategy, feed->target != nullptr);
    gnt_terms_put(terms, 0, &given);
    s->terms = terms;
    gnt_book_open(&s->book, order->strategy.capital, feed->close[-1]);
    gnt_sums_open(&s->sums, order->strategy.capital);
}

static __device__ __forceinline__ void sim_decide(gnt_sim_state *s, const gnt_sim_feed *feed, ptrdiff_t i)
{
    gnt_sim_row row = {sim_row(feed->score, i), sim_row(feed->target, i), sim_row(feed->vol, i), true};
    gnt_decide(&s->book, s->terms, &row);
}

static __device__ __forceinline__ void sim_close(gnt_sim_state *s, const gnt_sim_feed *feed, gnt_sim_totals *t)
{
    gnt_sums_close(&s->sums);
    t->equity = s->book.equity;
    t->sum_r = s->sums.sum_r;
    t->sum_r2 = s->sums.sum_r2;
    t->sum_down2 = s->sums.sum_down2;
    t->max_drawdown = s->sums.max_drawdown;
    t->max_drawdown_bars = (uint64_t)s->sums.longest_below;
    t->n_bars = feed->n;
    t->n_fills = (uint64_t)s->sums.n_fills;
    t->n_trades = (uint64_t)s->sums.n_trades;
    t->n_exposed = (uint64_t)s->sums.n_exposed;
    t->n_up = (uint64_t)s->sums.n_up;
    t->n_nonzero = (uint64_t)s->sums.n_nonzero;
    t->turnover = s->sums.turnover;
    t->cost_paid = s->sums.cost_paid;
    t->overnight = s->sums.overnight;
    t->intraday = s->sums.intraday;
    t->ruined = s->book.ruined;
}

#endif
