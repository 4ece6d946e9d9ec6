/* Every bar in full: a thread a lane, whatever its neighbours are (for simulate.cu).
 *
 * mapping  thread = lane, time serial in it; neighbours mostly share a feed, then a warp's loads are one broadcast each
 * shared   none
 * class    exact: the step is kernels/math/trade.h, the CPU's text */
#ifndef GNT_CUDA_SIM_BARS_CUH
#define GNT_CUDA_SIM_BARS_CUH

#include "kernels/cuda/sim_lane.cuh"

static __device__ __forceinline__ void sim_put(double *path, size_t i, double x)
{
    if (path) path[i] = x;
}

/* `target`: what acted on bar i, decided at the close before. */
static __device__ __forceinline__ void sim_path_put(const gnt_sim_path *path, const gnt_sim_state *s, size_t i,
                                                    double target)
{
    sim_put(path->price_fill, i, s->book.price_fill);
    sim_put(path->target, i, target);
    sim_put(path->units, i, s->book.units);
    sim_put(path->cash, i, s->book.cash);
    sim_put(path->equity, i, s->book.equity);
    sim_put(path->ret, i, s->sums.ret);
    sim_put(path->cost, i, s->book.cost);
    sim_put(path->position, i, s->book.position);
}

/* Bar i in full; all lanes of a feed end together. */
static __device__ __forceinline__ void sim_bar(gnt_sim_state *s, const gnt_sim_feed *feed, size_t i,
                                               gnt_charges charges)
{
    double open = feed->open[i], close = feed->close[i];
    gnt_sim_bar bar = {
        open, close,           open - s->book.close, close - open, sim_row(feed->dollar_volume, (ptrdiff_t)i),
        true, i + 1 == feed->n};
    gnt_book_bar(&s->book, &s->sums, s->terms, &bar, charges);
}

/* lanes [n], totals [n], paths [n] when PATHS: device arrays [bars] of a lane, NULL where not asked for. */
template <bool PATHS>
__global__ void __launch_bounds__(GNT_SIM_THREADS)
    gnt_kernel_sim_bars(const gnt_sim_feed *feeds, const gnt_sim_order *lanes, uint32_t n, const gnt_sim_path *paths,
                        gnt_sim_totals *totals)
{
    uint32_t lane = blockIdx.x * GNT_SIM_THREADS + threadIdx.x;
    if (lane >= n) return;
    gnt_sim_feed feed = feeds[lanes[lane].feed];
    gnt_terms terms;
    gnt_sim_state s;
    sim_open(&s, &terms, &lanes[lane], &feed);
    sim_decide(&s, &feed, -1);
    for (size_t i = 0; i < feed.n; i++) {
        double target = s.book.target;
        sim_bar(&s, &feed, i, GNT_CHARGES_ALL);
        if (PATHS) sim_path_put(&paths[lane], &s, i, target);
        sim_decide(&s, &feed, (ptrdiff_t)i);
    }
    sim_close(&s, &feed, &totals[lane]);
}

#endif
