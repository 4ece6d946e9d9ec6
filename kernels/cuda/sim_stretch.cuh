/* From trade to trade: a warp of lanes that read the same feed (for simulate.cu). The CPU's kernels/cpu/sim_stretch.h
 * with a warp for its vectors; what is left out on a held bar changes no bit (docs/NUMERICS.md).
 *
 * 64 rows at a time are brought into shared memory, with their lowest and highest price; votes turn scores into bits by
 * where they lie. Between two rows that move a target of the warp the bars are held (kernels/math/hold.h), if no lane
 * wants a trade and none can be ruined; other bars are kernels/math/turn.h or whole steps. Every branch out here is the
 * warp's: its lanes agree by votes, so only a step's own rare branches part them.
 *
 * mapping  warp = up to 32 lanes of a feed (missing ones repeat the last, their totals are dropped), thread = lane;
 *          warps need nothing of each other
 * shared   a tile a warp, 64 rows of 5 float64, and a shelf a lane, 136 bytes: 28 kB a block of 4 warps
 * class    exact */
#ifndef GNT_CUDA_SIM_STRETCH_CUH
#define GNT_CUDA_SIM_STRETCH_CUH

#include "kernels/cuda/sim_bars.cuh"
#include "kernels/math/hold.h"
#include "kernels/math/turn.h"

#define GNT_SIM_TILE 64
#define GNT_SIM_WARPS 4 /* a block */

/* Lanes [first, first + n) of a chunk, n <= 32. */
struct gnt_sim_run {
    uint32_t feed, first, n;
};

struct sim_tile_row {
    double overnight, intraday, close, open; /* the first two: price moves, as gnt_sim_bar's */
};

/* What a warp shares: rows of its feed, and the feed itself. */
struct sim_tile {
    sim_tile_row row[GNT_SIM_TILE];
    double score[GNT_SIM_TILE];
    double low, high; /* of opens and closes, the close before included */
    gnt_sim_feed feed;
    gnt_sim_run run;
};

/* What a lane reads seldom enough to leave the registers to its sums. */
struct sim_shelf {
    gnt_terms terms;
    uint64_t above, below, between; /* the tile's rows with a score by where it lies; above wins over below */
};
static_assert(sizeof(sim_shelf) / 8 % 2, "an odd number of float64 apart, no two lanes of a half warp meet in a bank");

/* A block's shared memory. */
struct sim_shared {
    sim_tile tile[GNT_SIM_WARPS];
    sim_shelf shelf[32 * GNT_SIM_WARPS];
};

/* What a warp holds of a tile's rows [first, first + n). */
struct sim_block {
    sim_tile *tile;
    sim_shelf *shelf; /* this lane's */
    uint32_t first;
    int n;
    uint64_t moves; /* the warp's rows that move a target, if the targets are the present ones */
};

static __device__ __forceinline__ bool sim_any(bool x)
{
    return __any_sync(0xffffffffu, x);
}

/* The words of all lanes or-ed. */
static __device__ __forceinline__ uint64_t sim_or(uint64_t word)
{
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    uint32_t low = __reduce_or_sync(0xffffffffu, (uint32_t)word);
    return (uint64_t)__reduce_or_sync(0xffffffffu, (uint32_t)(word >> 32)) << 32 | low;
#else
    for (int step = 16; step; step /= 2) word |= __shfl_xor_sync(0xffffffffu, word, step);
    return word;
#endif
}

/* Bit i: what thread i says of row i, bit 32 + i: of row 32 + i. */
static __device__ __forceinline__ uint64_t sim_ballots(bool row, bool row_32)
{
    uint64_t low = __ballot_sync(0xffffffffu, row);
    return (uint64_t)__ballot_sync(0xffffffffu, row_32) << 32 | low;
}

/* Row i of the tile, from global memory; beyond the window the price before and no score. */
static __device__ __forceinline__ void tile_put(const sim_block *b, const gnt_sim_feed *feed, int i, double before,
                                                double *low, double *high)
{
    bool in = i < b->n;
    size_t row = b->first + (size_t)i;
    double open = in ? feed->open[row] : before, close = in ? feed->close[row] : before;
    double last = in ? feed->close[(ptrdiff_t)row - 1] : before;
    b->tile->row[i] = {open - last, close - open, close, open};
    b->tile->score[i] = in ? sim_row(feed->score, (ptrdiff_t)row) : (double)NAN;
    *low = gnt_min(gnt_min(open, close), *low);
    *high = gnt_max(gnt_max(open, close), *high);
}

static __device__ __forceinline__ void tile_fill(const sim_block *b, const gnt_sim_feed *feed)
{
    int thread = threadIdx.x % 32;
    double before = feed->close[(ptrdiff_t)b->first - 1], low = before, high = before;
    __syncwarp(); /* nobody reads the tile before this one any more */
    tile_put(b, feed, thread, before, &low, &high);
    tile_put(b, feed, thread + 32, before, &low, &high);
    for (int step = 16; step; step /= 2) {
        low = gnt_min(__shfl_xor_sync(0xffffffffu, low, step), low);
        high = gnt_max(__shfl_xor_sync(0xffffffffu, high, step), high);
    }
    if (thread == 0) b->tile->low = low;
    if (thread == 0) b->tile->high = high;
    __syncwarp();
}

/* Each pair of thresholds is looked up once for all lanes that have it. */
static __device__ __forceinline__ void block_scores(const sim_block *b)
{
    int thread = threadIdx.x % 32;
    const gnt_terms *k = &b->shelf->terms;
    double score = b->tile->score[thread], score_32 = b->tile->score[thread + 32];
    uint64_t above = 0, below = 0;
    for (uint32_t left = 0xffffffffu; left;) {
        int lane = __ffs((int)left) - 1;
        double upper = __shfl_sync(0xffffffffu, k->upper, lane), lower = __shfl_sync(0xffffffffu, k->lower, lane);
        bool mine = k->upper == upper && k->lower == lower;
        uint64_t is_above = sim_ballots(score > upper, score_32 > upper);
        uint64_t is_below = sim_ballots(score < lower, score_32 < lower);
        above = mine ? is_above : above;
        below = mine ? is_below & ~is_above : below;
        left &= ~(__ballot_sync(0xffffffffu, mine) | 1u << lane);
    }
    b->shelf->above = above;
    b->shelf->below = below;
    b->shelf->between = sim_ballots(score == score, score_32 == score_32) & ~above & ~below;
}

/* A size that follows score or volatility counts as always changing. */
static __device__ __forceinline__ uint64_t block_moves(const sim_block *b, double w)
{
    const gnt_terms *k = &b->shelf->terms;
    bool fixed = !(k->by_vol | k->by_kelly), flat = w == 0;
    bool stays_above = fixed & (w == 1), stays_below = k->shorts ? fixed & (w == -1) : flat;
    bool stays_between = k->hold | flat;
    return sim_or((stays_above ? 0 : b->shelf->above) | (stays_below ? 0 : b->shelf->below) |
                  (stays_between ? 0 : b->shelf->between));
}

/* Bars [i, end) of the tile without a trade. */
template <gnt_charges CHARGES, gnt_reach REACH>
static __device__ __forceinline__ void hold(gnt_sim_state *s, const sim_tile *tile, int i, int end)
{
    double n = end - i;
    for (; i < end; i++) {
        sim_tile_row row = tile->row[i];
        gnt_sim_bar bar = {row.open, row.close, row.overnight, row.intraday, 0, true, false};
        gnt_book_hold(&s->book, &s->sums, s->terms, &bar, CHARGES, REACH);
    }
    gnt_book_held(&s->book, &s->sums, n, REACH);
}

static __device__ __forceinline__ void stretch(gnt_sim_state *s, const sim_tile *tile, int i, int end,
                                               gnt_charges charges, bool peak)
{
    if (charges != GNT_CHARGES_ALL && !sim_any(s->book.units != 0)) {
        s->book.close = tile->row[end - 1].close;
        gnt_book_rest(&s->book, &s->sums, end - i);
    } else if (charges == GNT_CHARGES_NONE) {
        peak ? hold<GNT_CHARGES_NONE, GNT_REACH_PEAK>(s, tile, i, end)
             : hold<GNT_CHARGES_NONE, GNT_REACH_BELOW>(s, tile, i, end);
    } else if (charges == GNT_CHARGES_BORROW) {
        peak ? hold<GNT_CHARGES_BORROW, GNT_REACH_PEAK>(s, tile, i, end)
             : hold<GNT_CHARGES_BORROW, GNT_REACH_BELOW>(s, tile, i, end);
    } else {
        hold<GNT_CHARGES_ALL, GNT_REACH_PEAK>(s, tile, i, end);
    }
}

/* No lane of the warp acts on the next bar: none wants a trade, none can be ruined; and whether one can make a peak. */
static __device__ __forceinline__ bool warp_holds(const gnt_sim_state *s, const sim_block *b, bool *peak)
{
    if (sim_any(gnt_book_wants(&s->book, s->terms) | s->book.ruined)) return false;
    gnt_range range = gnt_book_range(&s->book, s->terms, b->tile->low, b->tile->high, GNT_SIM_TILE);
    if (sim_any(!range.safe)) return false;
    *peak = sim_any(gnt_range_reach(&range, &s->sums) == GNT_REACH_PEAK);
    return true;
}

/* One bar of the tile that isn't held. `plain`: the warp's books are gnt_book_turn's. */
static __device__ __forceinline__ void act(gnt_sim_state *s, const sim_block *b, const gnt_sim_feed *feed, int i,
                                           gnt_charges charges, bool plain)
{
    size_t at = b->first + (size_t)i;
    sim_tile_row row = b->tile->row[i];
    gnt_sim_bar bar = {row.open, row.close, row.overnight, row.intraday, 0, true, at + 1 == feed->n};
    bool done = false;
    if (plain && !bar.last) {
        bool out = !sim_any(s->book.target != 0);
        if (s->book.ruined)
            done = false;
        else if (out)
            done = gnt_book_turn(&s->book, &s->sums, s->terms, &bar, charges, true);
        else
            done = gnt_book_turn(&s->book, &s->sums, s->terms, &bar, charges, false);
    }
    if (done) return;
    bar.dollar_volume = sim_row(feed->dollar_volume, (ptrdiff_t)at);
    gnt_book_bar(&s->book, &s->sums, s->terms, &bar, charges);
}

/* The end of the stretch that starts at row i: after the next row that moves a target, before the window's last bar. */
static __device__ __forceinline__ int stretch_end(const sim_block *b, int i, size_t n_bars)
{
    uint64_t left = b->moves >> i;
    int end = left ? i + __ffsll((long long)left) : b->n;
    return b->first + (size_t)end < n_bars ? end : (int)(n_bars - 1 - b->first);
}

static __device__ __forceinline__ void block_run(gnt_sim_state *s, sim_block *b, const gnt_sim_feed *feed,
                                                 gnt_charges charges, bool plain)
{
    for (int i = 0, end; i < b->n; i = end) {
        bool peak = false;
        end = i + 1;
        if (b->first + (size_t)end < feed->n && warp_holds(s, b, &peak)) {
            end = stretch_end(b, i, feed->n);
            stretch(s, b->tile, i, end, charges, peak);
        } else {
            act(s, b, feed, i, charges, plain);
        }
        if (!(b->moves >> (end - 1) & 1)) continue;
        sim_decide(s, feed, (ptrdiff_t)b->first + end - 1);
        b->moves = block_moves(b, s->book.target);
    }
}

/* The most any lane of the warp can be charged. */
static __device__ __forceinline__ gnt_charges warp_charges(const gnt_sim_order *order)
{
    gnt_terms_1 terms = gnt_terms_of(&order->strategy, false);
    gnt_charges charges = gnt_charges_of(&terms);
    if (sim_any(charges == GNT_CHARGES_ALL)) return GNT_CHARGES_ALL;
    return sim_any(charges == GNT_CHARGES_BORROW) ? GNT_CHARGES_BORROW : GNT_CHARGES_NONE;
}

/* Number of the run's lane that this thread has: missing ones repeat the last. */
static __device__ __forceinline__ uint32_t run_lane(const gnt_sim_run *run)
{
    uint32_t thread = threadIdx.x % 32;
    return run->first + (thread < run->n ? thread : run->n - 1);
}

/* runs [n_runs], each a warp's; lanes and totals of the chunk. */
__global__ void __launch_bounds__(32 * GNT_SIM_WARPS, 4)
    gnt_kernel_sim_stretch(const gnt_sim_feed *feeds, const gnt_sim_run *runs, uint32_t n_runs,
                           const gnt_sim_order *lanes, gnt_sim_totals *totals)
{
    uint32_t warp = blockIdx.x * GNT_SIM_WARPS + threadIdx.x / 32;
    if (warp >= n_runs) return;
    sim_shared *shared = gnt_shared_memory<sim_shared>();
    sim_tile *tile = &shared->tile[threadIdx.x / 32];
    const gnt_sim_feed *feed = &tile->feed;
    gnt_terms *k = &shared->shelf[threadIdx.x].terms;
    gnt_sim_state s;
    sim_block b;
    if (threadIdx.x % 32 == 0) {
        tile->run = runs[warp];
        tile->feed = feeds[runs[warp].feed];
    }
    __syncwarp();
    const gnt_sim_order *order = &lanes[run_lane(&tile->run)];
    sim_open(&s, k, order, feed);
    gnt_charges charges = warp_charges(order);
    bool plain = charges != GNT_CHARGES_ALL && !sim_any(k->daily | k->at_close | k->at_before | (k->impact > 0));
    sim_decide(&s, feed, -1);
    b.tile = tile;
    b.shelf = &shared->shelf[threadIdx.x];
    for (b.first = 0; b.first < feed->n; b.first += GNT_SIM_TILE) {
        b.n = feed->n - b.first < GNT_SIM_TILE ? (int)(feed->n - b.first) : GNT_SIM_TILE;
        tile_fill(&b, feed);
        block_scores(&b);
        b.moves = block_moves(&b, s.book.target);
        block_run(&s, &b, feed, charges, plain);
    }
    if (threadIdx.x % 32 < tile->run.n) sim_close(&s, feed, &totals[run_lane(&tile->run)]);
}

#endif
