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
#include "kernels/cuda/bf16_steps.cuh"
#include "kernels/math/activation.h"

#define MOST_WINDOWS ((size_t)1 << 30) /* of a launch: their numbers have 32 bits */

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
