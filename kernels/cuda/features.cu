/* features.cu: feature rows of many symbols (SPEC 2), the CPU's bits.
 *
 * formula  kernels/math/feature.h, the text that the CPU runs: gnt_bar_terms_of, gnt_emas_step, gnt_gauntlet_35_of
 * idea     every window is summed afresh at each bar, so a row needs the 50 bars before it and nothing older, but for
 *          the three EMAs. These run first, serially in time; then every bar is on its own.
 * shapes   bars [S] of [T_s] -> rows of all symbols one after the other [sum of T_s][width]; the host spreads them to
 *          its strides. A chunk is any number of symbols, or a piece of one with the 50 bars before it; the EMAs of a
 *          symbol that is cut are carried to the next chunk, so memory doesn't grow with symbols or histories.
 * mapping  emas  a thread a symbol: writes EMA12 - EMA26 and the signal of each bar, and whose tile is whose
 *          rows  a block a tile of 128 bars of one symbol, a thread a bar. The tile's series and the 50 bars before
 *                lie in shared memory, newest values side by side: neighbours read neighbouring doubles.
 * class    ulp; the same operations in the same order as the CPU, so the same bits. Only the payload of a NaN that
 *          comes out of bad bars is the chip's own.
 * shared   rows: 7 series x 178 x 8 bytes + the tile's rows (odd width: a thread's writes meet no other bank), 28 kB
 * fast     bars are read once and rows written once, both coalesced. A gauntlet-35 row is 800 float64 instructions
 *          (sm_90's machine code; 43 divisions and roots among them): 54 ps at 132 SMs x 64 a clock x 1.755 GHz,
 *          against 7 ns for the 180 bytes a row that cross PCIe at 25 GB/s. The EMAs' chain is 3 dependent float64
 *          operations a bar, some 14 ns: 20 us for 1,509 bars of any number of symbols. Estimates, nothing is measured
 * versions 1 as here. A thread a symbol over the whole state wasn't built: 2.2 kB of local memory a thread, and a warp
 *          for 32 symbols, leave most of the chip idle */
#include "kernels/cuda/stages.cuh"
#include "kernels/math/feature.h"

static constexpr uint32_t TILE = 128;
static constexpr uint32_t BEFORE = GNT_CLOSES; /* bars before a tile: 49 of the longest window, one for a return */
static constexpr uint32_t MOST_SEGMENTS = 512; /* of a chunk */
static constexpr size_t MOST_ROWS = (size_t)1 << 20; /* of a chunk: 0.2 GB */

/* Consecutive bars of one symbol in a chunk. */
struct features_segment {
    uint64_t t0;     /* first row, counted in the symbol's bars */
    uint32_t n;      /* rows, at least 1 */
    uint32_t before; /* bars in front of them, at most BEFORE */
    uint32_t bar;    /* where those begin in the chunk's columns */
    uint32_t row;    /* where the rows begin in the chunk */
    uint32_t tile;   /* the first */
};

/* A row's share of the slab, the whole byte for its tile; what a chunk takes beside its rows. */
static constexpr size_t ROW_BYTES = 7 * sizeof(double) + GNT_GAUNTLET_35_WIDTH * sizeof(float) + 1;
static constexpr size_t CHUNK_BYTES = MOST_SEGMENTS * (sizeof(features_segment) + 4) + BEFORE * 5 * sizeof(double);

/* The chunk on the device. */
struct features_chunk {
    double *open, *high, *low, *close, *volume; /* [n_bars] */
    double *spread, *signal;                    /* [n_rows] */
    float *rows;                                /* [n_rows][width] */
    features_segment *segments;                 /* [n_segments] */
    uint32_t *tile_segment;                     /* [n_tiles] */
    gnt_feature_emas *ema_out;                  /* [1], after the last bar */
    gnt_feature_emas ema_in;                    /* before the first bar, of a symbol that was cut */
    uint32_t n_segments;
};

/* ---- kernels ------------------------------------------------------------------------------------------------ */

#define EMAS_THREADS 64

__global__ void __launch_bounds__(EMAS_THREADS) features_emas(features_chunk c)
{
    uint32_t s = blockIdx.x * EMAS_THREADS + threadIdx.x;
    if (s >= c.n_segments) return;
    features_segment seg = c.segments[s];
    const double *__restrict__ close = c.close + seg.bar + seg.before;
    double *__restrict__ spread = c.spread + seg.row, *__restrict__ signal = c.signal + seg.row;
    gnt_feature_emas ema = c.ema_in; /* unless it begins anew below */
    for (uint32_t i = 0; i < seg.n; i++) {
        gnt_emas_step(&ema, close[i], seg.t0 + i == 0);
        spread[i] = ema.ema12 - ema.ema26;
        signal[i] = ema.signal;
        if (i % TILE == 0) c.tile_segment[seg.tile + i / TILE] = s;
    }
    if (s + 1 == c.n_segments) *c.ema_out = ema;
}

/* What a set's rows are. */
template <gnt_feature_set SET> struct features_set;
template <> struct features_set<GNT_FEATURES_GAUNTLET_35> {
    static constexpr int width = GNT_GAUNTLET_35_WIDTH, first = GNT_GAUNTLET_35_FIRST;
    static __device__ __forceinline__ void row(const gnt_feature_view *view, float *row)
    {
        gnt_gauntlet_35_of(view, row);
    }
};
template <> struct features_set<GNT_FEATURES_LEVELS_17> {
    static constexpr int width = GNT_LEVELS_17_WIDTH, first = GNT_LEVELS_17_FIRST;
    static __device__ __forceinline__ void row(const gnt_feature_view *view, float *row)
    {
        gnt_levels_17_of(view, row);
    }
};

/* The tile's series in shared memory; [BEFORE + TILE] each, the tile's first bar at BEFORE. */
struct features_series {
    double close[BEFORE + TILE], volume[BEFORE + TILE], ret[BEFORE + TILE], traded[BEFORE + TILE], gain[BEFORE + TILE],
        loss[BEFORE + TILE], dlog[BEFORE + TILE];
};

/* Bar `at` of the chunk and what it adds to the series, to place j; its neighbour before is in the chunk too. */
__device__ __forceinline__ void load_bar(const features_chunk &c, uint32_t at, bool has_before, features_series *s,
                                         int j)
{
    gnt_bar bar = {c.open[at], c.high[at], c.low[at], c.close[at], c.volume[at]};
    uint32_t before = has_before ? at - 1 : at;
    gnt_bar_terms terms = gnt_bar_terms_of(&bar, c.close[before], c.volume[before]);
    s->close[j] = bar.close;
    s->volume[j] = bar.volume;
    s->ret[j] = terms.ret;
    s->traded[j] = terms.traded;
    s->gain[j] = terms.gain;
    s->loss[j] = terms.loss;
    s->dlog[j] = terms.dlog;
}

/* Bars since the last change of value, the newest included, as far as anything asks. */
__device__ __forceinline__ double run_of(const double *newest)
{
    int n = 1;
    while (n < GNT_LONGEST_RUN && newest[1 - n] == newest[-n]) n++;
    return n;
}

__device__ __forceinline__ gnt_feature_view view_of(const features_chunk &c, const features_series *s, uint32_t at,
                                                    uint32_t row, int j)
{
    gnt_feature_view v;
    v.now.open = c.open[at];
    v.now.high = c.high[at];
    v.now.low = c.low[at];
    v.now.close = s->close[j];
    v.now.volume = s->volume[j];
    v.close = s->close + j;
    v.volume = s->volume + j;
    v.ret = s->ret + j;
    v.traded = s->traded + j;
    v.gain = s->gain + j;
    v.loss = s->loss + j;
    v.close_run = run_of(v.close);
    v.ret_run = run_of(v.ret);
    v.dlog_volume = s->dlog[j];
    v.dlog_volume_before = s->dlog[j - 1];
    v.spread = c.spread[row];
    v.signal = c.signal[row];
    return v;
}

__device__ __forceinline__ float quiet_nan() /* the CPU's */
{
    uint32_t bits = 0x7fc00000u;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

template <gnt_feature_set SET> __global__ void __launch_bounds__(TILE) features_rows(features_chunk c)
{
    constexpr int width = features_set<SET>::width;
    features_series *series = gnt_shared_memory<features_series>();
    float *staged = reinterpret_cast<float *>(series + 1); /* [TILE][width] */
    features_segment seg = c.segments[c.tile_segment[blockIdx.x]];
    uint32_t first = (blockIdx.x - seg.tile) * TILE; /* row of the segment */
    uint32_t n = seg.n - first < TILE ? seg.n - first : TILE;
    uint32_t stored = seg.before + first; /* bars of the segment before the tile */
    for (uint32_t j = threadIdx.x; j < BEFORE + n; j += TILE)
        if (stored + j >= BEFORE) {
            uint32_t i = stored + j - BEFORE;
            load_bar(c, seg.bar + i, i > 0, series, (int)j);
        }
    __syncthreads();
    float *row = staged + threadIdx.x * width;
    uint32_t i = first + threadIdx.x;
    if (threadIdx.x < n && seg.t0 + i >= features_set<SET>::first) {
        gnt_feature_view view = view_of(c, series, seg.bar + seg.before + i, seg.row + i, (int)(BEFORE + threadIdx.x));
        features_set<SET>::row(&view, row);
    } else if (threadIdx.x < n)
        for (int k = 0; k < width; k++) row[k] = quiet_nan();
    __syncthreads();
    float *out = c.rows + (size_t)(seg.row + first) * width;
    for (uint32_t k = threadIdx.x; k < n * width; k += TILE) out[k] = staged[k];
}

/* ---- host --------------------------------------------------------------------------------------------------- */

struct features_call {
    gnt_feature_set set;
    const gnt_bars_view *bars;
    size_t stride;
    float *const *out;
};

/* A chunk as the host knows it; segment i is of symbol `symbol[i]`. */
struct features_plan {
    features_segment segments[MOST_SEGMENTS];
    size_t symbol[MOST_SEGMENTS];
    uint32_t n_segments, n_bars, n_rows, n_tiles;
    size_t width;
    features_chunk chunk;

    void place(gnt_slab *slab)
    {
        chunk.segments = slab->take<features_segment>(n_segments);
        chunk.tile_segment = slab->take<uint32_t>(n_tiles);
        double **columns[] = {&chunk.open, &chunk.high, &chunk.low, &chunk.close, &chunk.volume};
        for (double **column : columns) *column = slab->take<double>(n_bars);
        chunk.spread = slab->take<double>(n_rows);
        chunk.signal = slab->take<double>(n_rows);
        chunk.rows = slab->take<float>(n_rows * width);
        chunk.ema_out = slab->take<gnt_feature_emas>(1);
    }
};

/* Where a call has got to: the next bar. */
struct features_place {
    size_t symbol, t;
};

static void add_segment(features_plan *plan, const features_place *at, uint32_t n)
{
    features_segment *seg = &plan->segments[plan->n_segments];
    seg->t0 = at->t;
    seg->n = n;
    seg->before = at->t < BEFORE ? (uint32_t)at->t : BEFORE;
    seg->bar = plan->n_bars;
    seg->row = plan->n_rows;
    seg->tile = plan->n_tiles;
    plan->symbol[plan->n_segments++] = at->symbol;
    plan->n_bars += seg->before + n;
    plan->n_rows += n;
    plan->n_tiles += (n + TILE - 1) / TILE;
}

/* The next chunk of at most `most` rows, symbols before `last`; none left: no segments. */
static void fill(features_plan *plan, const features_call *call, features_place *at, size_t last, size_t most)
{
    plan->n_segments = plan->n_bars = plan->n_rows = plan->n_tiles = 0;
    while (at->symbol < last && plan->n_rows < most && plan->n_segments < MOST_SEGMENTS) {
        size_t left = call->bars[at->symbol].n - at->t, room = most - plan->n_rows;
        if (left) add_segment(plan, at, (uint32_t)(left < room ? left : room));
        at->t += left < room ? left : room;
        if (left > room) return;
        at->symbol++;
        at->t = 0;
    }
}

static gnt_status upload_column(gnt_gpu *gpu, const features_plan *plan, const features_call *call,
                                const double *gnt_bars_view::*column, double *device)
{
    gnt_feed feed = {gpu, reinterpret_cast<unsigned char *>(device), nullptr, 0};
    for (uint32_t i = 0; i < plan->n_segments; i++) {
        const features_segment *seg = &plan->segments[i];
        const double *host = call->bars[plan->symbol[i]].*column + seg->t0 - seg->before;
        GNT_GPU_TRY(gnt_feed_put(&feed, host, (seg->before + seg->n) * sizeof *host));
    }
    return gnt_feed_end(&feed);
}

static gnt_status upload(gnt_gpu *gpu, const features_plan *plan, const features_call *call)
{
    const features_chunk *c = &plan->chunk;
    GNT_GPU_TRY(upload_column(gpu, plan, call, &gnt_bars_view::open, c->open));
    GNT_GPU_TRY(upload_column(gpu, plan, call, &gnt_bars_view::high, c->high));
    GNT_GPU_TRY(upload_column(gpu, plan, call, &gnt_bars_view::low, c->low));
    GNT_GPU_TRY(upload_column(gpu, plan, call, &gnt_bars_view::close, c->close));
    GNT_GPU_TRY(upload_column(gpu, plan, call, &gnt_bars_view::volume, c->volume));
    return gnt_upload(gpu, c->segments, plan->segments, plan->n_segments * sizeof *plan->segments);
}

static gnt_status compute(gnt_gpu *gpu, gnt_feature_set set, const features_plan *plan)
{
    size_t shared = sizeof(features_series) + TILE * plan->width * sizeof(float);
    GNT_GPU_TRY(gnt_kernels_begin(gpu));
    GNT_GPU_TRY(gnt_launch(gpu, features_emas, dim3((plan->n_segments + EMAS_THREADS - 1) / EMAS_THREADS),
                           dim3(EMAS_THREADS), 0, plan->chunk));
    if (set == GNT_FEATURES_LEVELS_17)
        GNT_GPU_TRY(gnt_launch(gpu, features_rows<GNT_FEATURES_LEVELS_17>, dim3(plan->n_tiles), dim3(TILE), shared,
                               plan->chunk));
    else
        GNT_GPU_TRY(gnt_launch(gpu, features_rows<GNT_FEATURES_GAUNTLET_35>, dim3(plan->n_tiles), dim3(TILE), shared,
                               plan->chunk));
    return gnt_kernels_end(gpu);
}

static gnt_status download(gnt_gpu *gpu, const features_plan *plan, const features_call *call)
{
    for (uint32_t i = 0; i < plan->n_segments; i++) {
        const features_segment *seg = &plan->segments[i];
        GNT_GPU_TRY(gnt_download_rows(gpu, call->out[plan->symbol[i]] + seg->t0 * call->stride,
                                      call->stride * sizeof(float), plan->chunk.rows + seg->row * plan->width,
                                      plan->width * sizeof(float), seg->n));
    }
    return GNT_OK;
}

/* Symbols [first, last). */
static gnt_status features_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    const features_call *call = static_cast<const features_call *>(arg);
    features_plan plan = {};
    features_place at = {first, 0};
    size_t most = 0;
    plan.width = call->set == GNT_FEATURES_LEVELS_17 ? GNT_LEVELS_17_WIDTH : GNT_GAUNTLET_35_WIDTH;
    GNT_GPU_TRY(gnt_gpu_fit(gpu, ROW_BYTES, CHUNK_BYTES, MOST_ROWS, &most));
    for (;;) {
        fill(&plan, call, &at, last, most);
        if (!plan.n_segments) return GNT_OK;
        GNT_GPU_TRY(gnt_slab_place(gpu, &plan));
        plan.chunk.n_segments = plan.n_segments;
        GNT_GPU_TRY(upload(gpu, &plan, call));
        GNT_GPU_TRY(compute(gpu, call->set, &plan));
        GNT_GPU_TRY(download(gpu, &plan, call));
        if (at.t) GNT_GPU_TRY(gnt_download(gpu, &plan.chunk.ema_in, plan.chunk.ema_out, sizeof plan.chunk.ema_in));
    }
}

gnt_status gnt_cuda_features(gnt_device *dev, gnt_feature_set set, const gnt_bars_view *bars, size_t n_symbols,
                             size_t stride, float *const *out)
{
    features_call call = {set, bars, stride, out};
    return gnt_each_gpu(dev, n_symbols, features_share, &call);
}
