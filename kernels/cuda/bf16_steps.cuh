/* A slice's warps through the steps of a direction of a layer, by tensor cores (forward_bf16.cu has the idea). */
#ifndef GNT_CUDA_BF16_STEPS_CUH
#define GNT_CUDA_BF16_STEPS_CUH

#include "kernels/cuda/bf16.cuh"
#include "kernels/cuda/cell_approx.cuh"
#include "kernels/cuda/mma.cuh"

#define WARP 32
#define TILE GNT_BF16_TILE
#define SLICE GNT_BF16_SLICE
#define N_PAIRS 4 /* of 8 columns each, in a task */

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

#endif
