/* forward_bf16.cu: logits by tensor cores: weights, inputs and hidden states rounded to bfloat16, sums, gates, cells,
 * pooling, attention and the last linear unit in float32.
 *
 *     sum[w][u, gate] = b + x[w] W_ih + h[w] W_hh    tiles of 16 k, then the cell (cell_approx.cuh), h rounded once
 *
 * shapes   bf16.cuh; M = windows, N = units x gates, K = inputs, then hidden states. H <= 256, any L, F, layers, both
 *          ways, every pooling. A layer runs through all its steps before the next one begins
 * mapping  a warp: 32 windows x 16 units with all their gates, 64 columns, 64 sums a thread. The columns are ordered so
 *          that a unit's four gates are one thread's, and the h it makes is, word for word, its share of the next
 *          step's fragment: a 16-byte store, no exchange, no pass of its own. ceil(H / 16) warps are a slice and meet
 *          at a barrier of their own twice a step (all have read h, all have written it), so other slices of the block
 *          multiply while this one is at its cells. A block has up to 16 warps and goes through tiles of windows
 * memory   a direction's weights, fragments in the order of the lanes, stay in shared memory where they fit (1 x 64:
 *          56 KiB, 100 x 100: 196 KiB), else every step reads them through L2. Shared besides: inputs and h of a slice,
 *          1 KiB a tile each, 4 slices at 1 x 64, 2 at 100 x 100. Hidden states below the last layer go to scratch:
 *          2 H L bytes a window in flight, in L2 for short windows; one layer writes nothing but its logits
 * speed    H100, 1.83 GHz, an estimate from SASS: a warp's step at 1 x 64 issues about 1,080 instructions, 112 of them
 *          MUFU (8 cycles each of its part of an SM: 896), 112 HMMA (at 62.9 % of the data sheet's rate, Luo et al.
 *          2024: 712); 132 x 1.83e9 x 32 / (10 x 1,080) = 7e8 windows/s if nothing ever waits. 2 x 100, L 50: HMMA,
 *          shared reads and issue are all near 2,500 cycles a slice, layer and step, 2.7e7 windows/s. Nothing is
 *          measured
 * versions 1 the CPU's activations (kernels/math/cell.h): some 2,400 instructions for 16 cells in place of 490, an
 *            estimate of 2.6e8 at 1 x 64
 *          2 inputs staged word by word: 216 instructions a step in place of 93
 *          3 this one. Without forget() the compiler keeps addresses in registers and spills cells; 127 or 128
 *            registers
 * class    its own: docs/NUMERICS.md, "bf16 on tensor cores"; the same bits for any split of rows on one GPU */
#include "kernels/cuda/bf16.cuh"
#include "kernels/cuda/cell_approx.cuh"
#include "kernels/cuda/mma.cuh"
#include "kernels/math/activation.h"

#define WARP 32
#define TILE GNT_BF16_TILE
#define SLICE GNT_BF16_SLICE
#define N_PAIRS 4                      /* of 8 columns each, in a task */
#define MOST_WINDOWS ((size_t)1 << 30) /* of a launch: their numbers have 32 bits */

/* One launch. Scratch is a block's own; a block runs its tiles of windows one after another. */
struct bf16_call {
    gnt_bf16_plan plan;
    uint32_t bias[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS]; /* offsets into packed, as the next ones */
    uint32_t fc_weight, fc_bias, attention_weight, attention_bias, attention_v, attention_groups;
    uint32_t slices; /* of a block */
    uint32_t bias_at, slices_at,
        slice_vectors;      /* in shared memory, in vectors: the biases, the slices, a slice's size */
    uint32_t n, n_slices;   /* windows; slices of them, whole blocks' */
    const float *packed;    /* float32 weights, layout.h */
    const uint4 *fragments; /* [plan.n_weights] */
    const float *x;         /* [bars][F] */
    const uint32_t *row;    /* [n] */
    uint32_t before;        /* bars before x's first, plus L - 1: row - before is a window's first bar */
    float *logit;           /* [n] */
    uint4 *sequence;        /* [blocks][slices][2][L][directions x tasks][64] hidden states of layers below the last */
    float *wide;            /* [blocks][slices][L][directions x tasks x 16 + 1][32] attention: h, then the scores */
};

/* Who a thread is. The products leave few registers: whatever can be is computed anew from this and the call. */
struct bf16_thread {
    uint32_t window; /* of the call; this lane's of its slice */
    uint32_t task, slice;
};
__device__ __forceinline__ uint32_t lane_of(const bf16_thread &me)
{
    return me.window % WARP; /* a slice is as wide as a warp */
}

/* What was computed from it before is computed anew after: else addresses push cells out of the registers. */
__device__ __forceinline__ void forget(bf16_thread *me)
{
    gnt_compute_anew(&me->window);
    gnt_compute_anew(&me->task);
    gnt_compute_anew(&me->slice);
}
/* The running direction's biases, [tasks][64 columns]. */
__device__ __forceinline__ float *bias_of(const bf16_call &call)
{
    return reinterpret_cast<float *>(gnt_shared_memory<uint4>() + call.bias_at);
}
/* A slice's shared memory: inputs [x_most][64], hidden states [tasks][64], pieces of the logit, first bars. */
__device__ __forceinline__ uint4 *memory_of(const bf16_call &call, const bf16_thread &me)
{
    return gnt_shared_memory<uint4>() + call.slices_at + me.slice * call.slice_vectors;
}
__device__ __forceinline__ uint4 *hidden_of(const bf16_call &call, const bf16_thread &me)
{
    return memory_of(call, me) + call.plan.x_most * GNT_BF16_X_VECTORS;
}
/* Inputs of a layer end where the hidden states begin: the products run over both in one stretch. */
__device__ __forceinline__ uint4 *inputs_of(const bf16_call &call, const bf16_thread &me, uint32_t l)
{
    return memory_of(call, me) + (call.plan.x_most - call.plan.x_tiles[l]) * GNT_BF16_X_VECTORS;
}
/* [directions x tasks][32] */
__device__ __forceinline__ float *pieces_of(const bf16_call &call, const bf16_thread &me)
{
    return reinterpret_cast<float *>(hidden_of(call, me) + call.plan.tasks * GNT_BF16_X_VECTORS);
}
/* [32] */
__device__ __forceinline__ uint32_t *first_bars_of(const bf16_call &call, const bf16_thread &me)
{
    return reinterpret_cast<uint32_t *>(pieces_of(call, me)) + call.plan.directions * call.plan.tasks * SLICE;
}
/* [directions x tasks][64] of layer l at step s */
__device__ __forceinline__ uint4 *sequence_of(const bf16_call &call, const bf16_thread &me, uint32_t l, uint32_t s)
{
    size_t step = ((size_t)blockIdx.x * call.slices + me.slice) * 2 + (l & 1);
    return call.sequence +
           (step * call.plan.net.window + s) * call.plan.directions * call.plan.tasks * GNT_BF16_X_VECTORS;
}
/* [directions x tasks x 16][32] at step s; s = L: scores [L][32] */
__device__ __forceinline__ float *wide_of(const bf16_call &call, const bf16_thread &me, uint32_t s)
{
    size_t units = call.plan.directions * call.plan.tasks * TILE, slice = (size_t)blockIdx.x * call.slices + me.slice;
    return call.wide + (slice * (units + 1) * call.plan.net.window + s * units) * SLICE;
}

__device__ __forceinline__ void slice_barrier(const bf16_call &call, const bf16_thread &me)
{
    if (call.plan.tasks == 1)
        __syncwarp();
    else
        gnt_part_barrier(1 + me.slice, call.plan.tasks * WARP);
}

/* ---- inputs ------------------------------------------------------------------------------------------------ */

/* Numbers k and k + 1 of a bar, rounded; beyond its features 0. */
__device__ __forceinline__ uint32_t input_pair(const float *bar, uint32_t k, uint32_t n_features)
{
    return gnt_bf16_pair(k < n_features ? bar[k] : 0, k + 1 < n_features ? bar[k + 1] : 0);
}

/* The first layer's inputs at step s as fragments, vector i of [tile][half of the windows][lane]. */
__device__ __forceinline__ void stage_bars(const bf16_call &call, const bf16_thread &me, uint32_t s)
{
    uint32_t n_features = call.plan.net.n_features, n = call.plan.x_tiles[0] * GNT_BF16_X_VECTORS;
    uint4 *to = inputs_of(call, me, 0);
    const uint32_t *first_bar = first_bars_of(call, me) + lane_of(me) / 4;
#pragma unroll 1
    for (uint32_t i = me.task * WARP + lane_of(me); i < n; i += call.plan.tasks * WARP) {
        uint32_t window = i / WARP % 2 * 16, k = i / GNT_BF16_X_VECTORS * TILE + lane_of(me) % 4 * 2;
        const float *low = call.x + (size_t)(first_bar[window] + s) * n_features;
        const float *high = call.x + (size_t)(first_bar[window + 8] + s) * n_features;
        to[i] = make_uint4(input_pair(low, k, n_features), input_pair(high, k, n_features),
                           input_pair(low, k + 8, n_features), input_pair(high, k + 8, n_features));
    }
}

__device__ __forceinline__ void stage(const bf16_call &call, const bf16_thread &me, uint32_t l, uint32_t s)
{
    if (l == 0) {
        stage_bars(call, me, s);
        return;
    }
    const uint4 *from = sequence_of(call, me, l - 1, s);
    uint4 *to = inputs_of(call, me, l);
    uint32_t n = call.plan.x_tiles[l] * GNT_BF16_X_VECTORS;
    for (uint32_t i = me.task * WARP + lane_of(me); i < n; i += call.plan.tasks * WARP) to[i] = from[i];
}

/* ---- one step ------------------------------------------------------------------------------------------------ */

/* A thread's sums of its task: [half of the windows][columns / 8][4]; columns / 8 = half of the units x 4 + gate. */
typedef float bf16_sums[2][2 * N_PAIRS][4];
typedef float bf16_cells[2][2][4]; /* [half of the windows][half of the units][4] */

__device__ __forceinline__ void start_sums(const bf16_call &call, const bf16_thread &me, bf16_sums sum)
{
    const float *bias = bias_of(call) + me.task * GNT_BF16_COLUMNS + lane_of(me) % 4 * 2;
#pragma unroll
    for (int n = 0; n < 2 * N_PAIRS; n++) {
        float2 b = *reinterpret_cast<const float2 *>(bias + n * 8);
#pragma unroll
        for (int t = 0; t < 2; t++) {
            sum[t][n][0] = sum[t][n][2] = b.x;
            sum[t][n][1] = sum[t][n][3] = b.y;
        }
    }
}

/* Adds n tiles of k: a [n][2][32] and weight + at [n][4][32], both from this lane's vector on. */
__device__ __forceinline__ void add_tiles(const uint4 *a, const uint4 *weight, uint32_t at, uint32_t n, bf16_sums sum)
{
#pragma unroll 1
    for (; n; n--, a += GNT_BF16_X_VECTORS, at += GNT_BF16_TILE_VECTORS) {
        uint4 a0 = a[0], a1 = a[WARP];
#pragma unroll
        for (int p = 0; p < N_PAIRS; p++) {
            uint4 b = weight[at + p * WARP];
            gnt_mma_bf16(sum[0][2 * p], a0, b.x, b.y);
            gnt_mma_bf16(sum[1][2 * p], a1, b.x, b.y);
            gnt_mma_bf16(sum[0][2 * p + 1], a0, b.z, b.w);
            gnt_mma_bf16(sum[1][2 * p + 1], a1, b.z, b.w);
        }
    }
}

/* The unit, within its direction, of number `at` (0..3) in half `half` of a thread's units. */
__device__ __forceinline__ uint32_t unit_of(const bf16_thread &me, int half, int at)
{
    return me.task * TILE + half * 8 + lane_of(me) % 4 * 2 + at % 2;
}
/* The window, within its slice, of the same number in half t of the windows. */
__device__ __forceinline__ uint32_t window_of(const bf16_thread &me, int t, int at)
{
    return t * 16 + at / 2 * 8 + lane_of(me) / 4;
}

/* All cells of a thread; h takes the place of gate i's sums. A missing unit's h is 0 whatever the inputs. */
__device__ __forceinline__ void finish_cells(const bf16_call &call, const bf16_thread &me, bf16_sums sum, bf16_cells c)
{
#pragma unroll
    for (int t = 0; t < 2; t++)
#pragma unroll
        for (int half = 0; half < 2; half++)
#pragma unroll
            for (int at = 0; at < 4; at++) {
                float(*z)[4] = &sum[t][half * 4];
                z[0][at] = gnt_cell_approx(z[0][at], z[1][at], z[2][at], z[3][at], &c[t][half][at]);
            }
    if ((me.task + 1) * TILE <= call.plan.net.hidden) return;
#pragma unroll
    for (int t = 0; t < 2; t++)
#pragma unroll
        for (int half = 0; half < 2; half++)
#pragma unroll
            for (int at = 0; at < 4; at++)
                if (unit_of(me, half, at) >= call.plan.net.hidden) sum[t][half * 4][at] = 0;
}

/* h as the next step's and the next layer's fragments. */
__device__ __forceinline__ void keep_hidden(const bf16_call &call, const bf16_thread &me, uint32_t l, uint32_t d,
                                            uint32_t s, const bf16_sums sum)
{
    uint32_t place = me.task * GNT_BF16_X_VECTORS + lane_of(me);
#pragma unroll
    for (int t = 0; t < 2; t++) {
        const float *low = sum[t][0], *high = sum[t][4];
        uint4 fragment = make_uint4(gnt_bf16_pair(low[0], low[1]), gnt_bf16_pair(low[2], low[3]),
                                    gnt_bf16_pair(high[0], high[1]), gnt_bf16_pair(high[2], high[3]));
        hidden_of(call, me)[place + t * WARP] = fragment;
        if (l + 1 < call.plan.net.layers)
            sequence_of(call, me, l, s)[d * call.plan.tasks * GNT_BF16_X_VECTORS + place + t * WARP] = fragment;
    }
}

/* Attention reads every step's h unrounded. */
__device__ __forceinline__ void keep_wide(const bf16_call &call, const bf16_thread &me, uint32_t d, uint32_t s,
                                          const bf16_sums sum)
{
    float *to =
        wide_of(call, me, s) + d * call.plan.tasks * TILE * SLICE + unit_of(me, 0, 0) * SLICE + window_of(me, 0, 0);
#pragma unroll
    for (int t = 0; t < 2; t++)
#pragma unroll
        for (int half = 0; half < 2; half++)
#pragma unroll
            for (int at = 0; at < 4; at++) to[(half * 8 + at % 2) * SLICE + t * 16 + at / 2 * 8] = sum[t][half * 4][at];
}

/* This task's piece of the logit: its units' h, unrounded, times the last linear unit's weights. */
__device__ __forceinline__ void keep_piece(const bf16_call &call, const bf16_thread &me, uint32_t d,
                                           const bf16_sums sum)
{
    const float *weight = call.packed + call.fc_weight + d * call.plan.net.hidden + unit_of(me, 0, 0);
    float *piece = pieces_of(call, me) + (d * call.plan.tasks + me.task) * SLICE + window_of(me, 0, 0);
#pragma unroll
    for (int t = 0; t < 2; t++)
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float total = 0;
#pragma unroll
            for (int e = 0; e < 4; e++) {
                int unit = e / 2 * 8 + e % 2;
                if (unit_of(me, 0, 0) + unit < call.plan.net.hidden)
                    total = fmaf(weight[unit], sum[t][e / 2 * 4][r * 2 + e % 2], total);
            }
            total += __shfl_xor_sync(~0u, total, 1);
            total += __shfl_xor_sync(~0u, total, 2);
            if (lane_of(me) % 4 == 0) piece[t * 16 + r * 8] = total;
        }
}

/* ---- a layer's direction ---------------------------------------------------------------------------------------- */

/* Over the slice's windows; the direction's weights are at weight + at, in shared or device memory. */
__device__ __forceinline__ void run_direction(const bf16_call &call, bf16_thread me, const uint4 *weight, uint32_t at,
                                              uint32_t l, uint32_t d)
{
    const gnt_net &net = call.plan.net;
    const bool last = l + 1 == net.layers;
    const uint32_t n_x = call.plan.x_tiles[l], n_steps = d && last && net.pool == GNT_POOL_LAST ? 1 : net.window;
    bf16_cells c = {};
    forget(&me);
    stage(call, me, l, d ? net.window - 1 : 0);
    slice_barrier(call, me);
#pragma unroll 1
    for (uint32_t i = 0; i < n_steps; i++) {
        bf16_sums sum;
        start_sums(call, me, sum);
        add_tiles(inputs_of(call, me, l) + lane_of(me), weight,
                  at + me.task * (n_x + call.plan.tasks) * GNT_BF16_TILE_VECTORS + lane_of(me),
                  i ? n_x + call.plan.tasks : n_x, sum);
        slice_barrier(call, me); /* all have read the inputs and h */
        forget(&me);
        finish_cells(call, me, sum, c);
        uint32_t s = d ? net.window - 1 - i : i;
        keep_hidden(call, me, l, d, s, sum);
        if (last && net.pool == GNT_POOL_ATTENTION) keep_wide(call, me, d, s, sum);
        if (last && net.pool != GNT_POOL_ATTENTION && i + 1 == n_steps) keep_piece(call, me, d, sum);
        if (i + 1 < n_steps) stage(call, me, l, d ? s - 1 : s + 1);
        slice_barrier(call, me); /* all have written theirs */
    }
}

/* ---- pooling -------------------------------------------------------------------------------------------------- */

/* v . tanh(W h[s] + b) of a lane's window, 16 rows of W at a time. */
__device__ __forceinline__ float attention_score(const bf16_call &call, const float *h)
{
    const uint32_t hidden = call.plan.net.hidden, gap = (call.plan.tasks * TILE - hidden) * SLICE;
    float score = 0;
    for (uint32_t g = 0; g < call.attention_groups; g++) {
        const float *weight =
            call.packed + call.attention_weight + (size_t)g * call.plan.directions * hidden * GNT_BLOCK;
        const float *at = h;
        float sum[GNT_BLOCK];
#pragma unroll
        for (int j = 0; j < GNT_BLOCK; j++) sum[j] = call.packed[call.attention_bias + g * GNT_BLOCK + j];
        for (uint32_t d = 0; d < call.plan.directions; d++, at += gap)
            for (uint32_t k = 0; k < hidden; k++, at += SLICE, weight += GNT_BLOCK)
#pragma unroll
                for (int j = 0; j < GNT_BLOCK; j++) sum[j] = fmaf(weight[j], *at, sum[j]);
#pragma unroll
        for (int j = 0; j < GNT_BLOCK; j++)
            score = fmaf(call.packed[call.attention_v + g * GNT_BLOCK + j], gnt_f32_tanh(sum[j]), score);
    }
    return score;
}

/* A lane's window from the scores of all its steps, which become the weights of its steps. */
__device__ __forceinline__ float attention_logit(const bf16_call &call, const bf16_thread &me)
{
    const uint32_t window = call.plan.net.window, hidden = call.plan.net.hidden, units = call.plan.tasks * TILE;
    float *score = wide_of(call, me, window) + lane_of(me), top = score[0], total = 0;
    const float *h = wide_of(call, me, 0) + lane_of(me);
    for (uint32_t s = 1; s < window; s++) top = gnt_f32_max(top, score[s * SLICE]);
    for (uint32_t s = 0; s < window; s++) total += score[s * SLICE] = gnt_f32_exp(score[s * SLICE] - top);
    for (uint32_t s = 0; s < window; s++) score[s * SLICE] /= total;
    float logit = call.packed[call.fc_bias];
    for (uint32_t k = 0; k < call.plan.directions * hidden; k++) {
        float pooled = 0;
        for (uint32_t s = 0; s < window; s++)
            pooled = fmaf(score[s * SLICE], h[((s * call.plan.directions + k / hidden) * units + k % hidden) * SLICE],
                          pooled);
        logit = fmaf(call.packed[call.fc_weight + k], pooled, logit);
    }
    return logit;
}

/* By all warps of a slice; the first returns its lanes' logits. */
__device__ __forceinline__ float pool(const bf16_call &call, const bf16_thread &me)
{
    if (call.plan.net.pool == GNT_POOL_ATTENTION) {
        float *score = wide_of(call, me, call.plan.net.window) + lane_of(me);
        for (uint32_t s = me.task; s < call.plan.net.window; s += call.plan.tasks)
            score[s * SLICE] = attention_score(call, wide_of(call, me, s) + lane_of(me));
        slice_barrier(call, me);
        return me.task == 0 ? attention_logit(call, me) : 0;
    }
    float logit = call.packed[call.fc_bias];
    const float *piece = pieces_of(call, me) + lane_of(me);
    for (uint32_t p = 0; p < call.plan.directions * call.plan.tasks; p++) logit += piece[p * SLICE];
    return logit;
}

/* ---- the kernel ------------------------------------------------------------------------------------------------ */

/* A direction's biases in the order of columns, and its weights where they are resident: first in shared memory. */
template <bool RESIDENT> __device__ __forceinline__ void load_direction(const bf16_call &call, uint32_t l, uint32_t d)
{
    const uint32_t tasks = call.plan.tasks;
    for (uint32_t i = threadIdx.x; i < tasks * GNT_BF16_COLUMNS; i += blockDim.x) {
        uint32_t unit = i / 32 * 8 + i % 8, gate = i / 8 % 4;
        const float *from = call.packed + call.bias[l][d] + unit / GNT_GROUP_UNITS * GNT_BLOCK;
        bias_of(call)[i] = unit < call.plan.net.hidden ? from[unit % GNT_GROUP_UNITS * 4 + gate] : 0;
    }
    if (!RESIDENT) return;
    const uint4 *from = call.fragments + call.plan.weight[l][d];
    uint32_t n = tasks * (call.plan.x_tiles[l] + tasks) * GNT_BF16_TILE_VECTORS;
    for (uint32_t i = threadIdx.x; i < n; i += blockDim.x) gnt_shared_memory<uint4>()[i] = from[i];
}

template <bool RESIDENT>
__global__ void __launch_bounds__(GNT_BF16_WARPS *WARP, 1) forward_bf16(const __grid_constant__ bf16_call call)
{
    const uint32_t warp = __shfl_sync(~0u, threadIdx.x / WARP, 0);
    bf16_thread me = {threadIdx.x % WARP, warp % call.plan.tasks, warp / call.plan.tasks};
    me.window += (blockIdx.x * call.slices + me.slice) * SLICE;
    bool loaded = false;
    for (; me.window / SLICE - me.slice < call.n_slices; me.window += gridDim.x * call.slices * SLICE) {
        forget(&me);
        uint32_t last_row = call.n - 1, i = me.window < last_row ? me.window : last_row;
        if (me.task == 0) first_bars_of(call, me)[lane_of(me)] = call.row[i] - call.before;
        for (uint32_t l = 0; l < call.plan.net.layers; l++)
            for (uint32_t d = 0; d < call.plan.directions; d++) {
                __syncthreads(); /* all have done with the direction before, and its hidden states are written */
                if (!loaded) load_direction<RESIDENT>(call, l, d);
                __syncthreads();
                loaded = call.plan.net.layers * call.plan.directions == 1;
                const uint4 *weight = RESIDENT ? gnt_shared_memory<uint4>() : call.fragments;
                run_direction(call, me, weight, RESIDENT ? 0 : call.plan.weight[l][d], l, d);
            }
        float logit = pool(call, me);
        if (me.task == 0 && me.window < call.n) call.logit[me.window] = logit;
    }
}

/* ---- the host's side -------------------------------------------------------------------------------------------- */

/* A launch's shape on a GPU: the largest number of slices whose memory fits, but no fewer blocks than multiprocessors.
 */
struct bf16_shape {
    bool resident;
    uint32_t slices, n_tiles, blocks;
    size_t shared, sequence_bytes, wide_bytes;
};

static bf16_shape shape_of(const gnt_gpu *gpu, const gnt_bf16_plan *plan, size_t n)
{
    bf16_shape shape = {};
    size_t block = gnt_bf16_block_bytes(plan), slice = gnt_bf16_slice_bytes(plan),
           weights = plan->n_most * sizeof(uint4);
    size_t n_slices = (n + SLICE - 1) / SLICE, even = (n_slices + gpu->n_sm - 1) / gpu->n_sm;
    shape.resident = block + weights + slice <= gpu->shared_bytes;
    if (shape.resident) block += weights;
    size_t most = (gpu->shared_bytes - block) / slice;
    if (most > GNT_BF16_WARPS / plan->tasks) most = GNT_BF16_WARPS / plan->tasks;
    shape.slices = (uint32_t)(even < most ? even ? even : 1 : most);
    shape.n_tiles = (uint32_t)((n_slices + shape.slices - 1) / shape.slices);
    shape.blocks = shape.n_tiles < gpu->n_sm ? shape.n_tiles : gpu->n_sm;
    shape.shared = block + shape.slices * slice;
    size_t steps = (size_t)shape.blocks * shape.slices * plan->net.window, tiles = plan->directions * plan->tasks;
    if (plan->net.layers > 1) shape.sequence_bytes = steps * 2 * tiles * GNT_BF16_X_VECTORS * sizeof(uint4);
    if (plan->net.pool == GNT_POOL_ATTENTION) shape.wide_bytes = steps * (tiles * TILE + 1) * SLICE * sizeof(float);
    return shape;
}

static size_t work(const gnt_gpu *gpu, const gnt_packed *model, size_t n_models, size_t n, size_t n_bars)
{
    (void)n_models; /* one after another */
    (void)n_bars;
    gnt_bf16_plan plan;
    gnt_bf16_plan_init(&plan, &model->layout);
    bf16_shape shape = shape_of(gpu, &plan, n);
    return shape.sequence_bytes + shape.wide_bytes;
}

static void call_init(bf16_call *call, const gnt_layout *layout)
{
    gnt_bf16_plan_init(&call->plan, layout);
    for (size_t l = 0; l < layout->net.layers; l++)
        for (size_t d = 0; d < layout->directions; d++) call->bias[l][d] = (uint32_t)layout->bias[l][d];
    call->fc_weight = (uint32_t)layout->fc_weight;
    call->fc_bias = (uint32_t)layout->fc_bias;
    call->attention_weight = (uint32_t)layout->attention_weight;
    call->attention_bias = (uint32_t)layout->attention_bias;
    call->attention_v = (uint32_t)layout->attention_v;
    call->attention_groups = (uint32_t)layout->attention_groups;
}

/* Windows [first, first + n) of a part through all its models, one after another. */
static gnt_status run_windows(gnt_gpu *gpu, const gnt_forward_part *part, size_t first, size_t n)
{
    bf16_call call = {};
    call_init(&call, &part->models[0]->layout);
    bf16_shape shape = shape_of(gpu, &call.plan, n);
    call.slices = shape.slices;
    call.bias_at = shape.resident ? call.plan.n_most : 0;
    call.slices_at = call.bias_at + (uint32_t)(gnt_bf16_block_bytes(&call.plan) / sizeof(uint4));
    call.slice_vectors = (uint32_t)(gnt_bf16_slice_bytes(&call.plan) / sizeof(uint4));
    call.n = (uint32_t)n;
    call.n_slices = shape.n_tiles * shape.slices;
    call.x = part->x;
    call.row = part->row + first;
    call.before = (uint32_t)part->first_bar + call.plan.net.window - 1;
    call.sequence = reinterpret_cast<uint4 *>(part->work);
    call.wide = reinterpret_cast<float *>(part->work + shape.sequence_bytes);
    dim3 block(shape.slices * call.plan.tasks * WARP);
    for (size_t m = 0; m < part->n_models; m++) {
        const gnt_packed_share *share = &part->models[m]->share[part->gpu];
        call.packed = share->weights;
        call.fragments = static_cast<const uint4 *>(share->own);
        call.logit = part->logit + m * part->logit_stride + first;
        GNT_GPU_TRY(gnt_launch(gpu, shape.resident ? forward_bf16<true> : forward_bf16<false>, dim3(shape.blocks),
                               block, shape.shared, call));
    }
    return GNT_OK;
}

static gnt_status run(gnt_gpu *gpu, const gnt_forward_part *part)
{
    for (size_t first = 0, n; first < part->n; first += n) {
        n = part->n - first < MOST_WINDOWS ? part->n - first : MOST_WINDOWS;
        GNT_GPU_TRY(run_windows(gpu, part, first, n));
    }
    return GNT_OK;
}

const gnt_forward_kind gnt_forward_bf16 = {gnt_bf16_pack, gnt_bf16_unpack, work, run};
