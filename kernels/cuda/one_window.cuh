/* one_window.cuh: the logit of one window by one block, as soon as possible.
 *
 * idea     here the way through dependent operations is what takes time, not their number: a layer's input part is
 *          done for all steps side by side, then a step is one chain of H fmas an output, three shuffles that bring a
 *          unit's gates together, the cell, one barrier. Weights come by the read-only path: from L2 at the first
 *          step, from L1 afterwards where they fit (1 x 64: 101 KB); neighbouring outputs are neighbouring floats
 * shapes   as cpu/lstm_one.c: rows of inputs x [L][..], gate sums z [L][outputs], h [L][D] of the even and of the odd
 *          layers, all in shared memory, rows whole 16 bytes
 * mapping  input part: a thread owns an output at 4 steps. Steps: a thread owns an output, four neighbours a unit.
 *          Attention: a thread owns a row of W at a step, then a step, then a unit. Grid (windows, models)
 * class    reduction, the CPU's bits: the same serial chains
 * limit    a step takes about 4 H + 300 cycles (fma latency 4; cell 220, barrier, shuffles and first loads 80): 1 x 32
 *          with L = 10 about 4,300 cycles, 2.4 us at 1.76 GHz. An estimate; docs/decisions/cuda-forward.md */
#ifndef GNT_CUDA_ONE_WINDOW_CUH
#define GNT_CUDA_ONE_WINDOW_CUH

#include "kernels/cuda/one.cuh"

#include "kernels/cuda/chain.cuh"
#include "kernels/math/cell.h"

#define ONE_THREADS 512u
#define ONE_STEPS 4u /* of an output a thread, in the input part */

/* Rows in shared memory, in floats. */
struct one_rows {
    unsigned x, h, z, energy;
};

__host__ __device__ __forceinline__ unsigned whole_vectors(unsigned n)
{
    return (n + 3) / 4 * 4;
}

__host__ __device__ __forceinline__ one_rows rows_of(const gnt_layout &layout)
{
    return {whole_vectors(layout.net.n_features), whole_vectors((unsigned)layout.width),
            (unsigned)layout.groups * GNT_BLOCK, (unsigned)layout.attention_groups * GNT_BLOCK};
}

/* One block's arrays. */
struct one_area {
    one_rows row;
    float *x;      /* [L][row.x] */
    float *h;      /* [2][L][row.h]: of the even and of the odd layers */
    float *z;      /* [L][row.z]; with attention [L][row.energy] when the layers are done */
    float *c;      /* [units] */
    float *alpha;  /* [L] */
    float *pooled; /* [D] */
};

__device__ __forceinline__ one_area area_of(const gnt_layout &layout)
{
    one_area a;
    unsigned steps = layout.net.window;
    a.row = rows_of(layout);
    a.x = gnt_shared_memory<float>();
    a.h = a.x + steps * a.row.x;
    a.pooled = a.h + 2 * steps * a.row.h;
    a.z = a.pooled + a.row.h;
    a.c = a.z + steps * (a.row.z > a.row.energy ? a.row.z : a.row.energy);
    a.alpha = a.c + layout.groups * GNT_GROUP_UNITS;
    return a;
}

/* acc[i] += sum over k of weight[k][16] x[i][k]. */
__device__ __forceinline__ void chain_rows(float (&acc)[ONE_STEPS], const float *weight,
                                           const float *const (&x)[ONE_STEPS], unsigned n_k)
{
    unsigned k = 0;
#pragma unroll 2
    for (; k + 4 <= n_k; k += 4, weight += 4 * GNT_BLOCK) {
        float w[4] = {__ldg(weight), __ldg(weight + GNT_BLOCK), __ldg(weight + 2 * GNT_BLOCK),
                      __ldg(weight + 3 * GNT_BLOCK)};
#pragma unroll
        for (unsigned i = 0; i < ONE_STEPS; i++) {
            float4 v = *reinterpret_cast<const float4 *>(x[i] + k);
            acc[i] = fmaf(w[0], v.x, acc[i]);
            acc[i] = fmaf(w[1], v.y, acc[i]);
            acc[i] = fmaf(w[2], v.z, acc[i]);
            acc[i] = fmaf(w[3], v.w, acc[i]);
        }
    }
    for (; k < n_k; k++, weight += GNT_BLOCK) {
        float w = __ldg(weight);
#pragma unroll
        for (unsigned i = 0; i < ONE_STEPS; i++) acc[i] = fmaf(w, x[i][k], acc[i]);
    }
}

/* A matrix [groups][k_all][16] meets n_rows rows of inputs: out[row][output] = bias + its chain, through tanh if asked.
 */
struct one_product {
    const float *weight, *bias;
    size_t group_stride; /* k_all * 16 */
    const float *x;
    unsigned n_k, x_row, n_rows, out_row; /* out_row: outputs, too */
    float *out;
    bool tanh;
};

__device__ __forceinline__ void product(const one_product &p)
{
    unsigned stretches = (p.n_rows + ONE_STEPS - 1) / ONE_STEPS;
    for (unsigned item = threadIdx.x; item < stretches * p.out_row; item += blockDim.x) {
        unsigned j = item % p.out_row, first = item / p.out_row * ONE_STEPS;
        const float *x[ONE_STEPS];
        float acc[ONE_STEPS], b = __ldg(p.bias + j);
#pragma unroll
        for (unsigned i = 0; i < ONE_STEPS; i++) {
            x[i] = p.x + (first + i < p.n_rows ? first + i : p.n_rows - 1) * p.x_row;
            acc[i] = b;
        }
        chain_rows(acc, p.weight + j / GNT_BLOCK * p.group_stride + j % GNT_BLOCK, x, p.n_k);
#pragma unroll
        for (unsigned i = 0; i < ONE_STEPS; i++)
            if (first + i < p.n_rows) p.out[(first + i) * p.out_row + j] = p.tanh ? gnt_f32_tanh(acc[i]) : acc[i];
    }
}

/* The steps of one direction of a layer from its gate sums; weight: recurrent rows of the direction. */
__device__ __forceinline__ void one_direction(const gnt_layout &layout, const one_area &a, const float *weight,
                                              size_t group_stride, unsigned d, unsigned n_steps, float *h)
{
    unsigned hidden = layout.net.hidden, steps = layout.net.window;
    unsigned whole = (a.row.z + GNT_WARP - 1) / GNT_WARP * GNT_WARP; /* whole warps shuffle */
    for (unsigned i = 0; i < n_steps; i++) {
        unsigned s = d ? steps - 1 - i : i, before = d ? s + 1 : s - 1;
        const float *h_before = h + before * a.row.h + d * hidden;
        for (unsigned at = threadIdx.x; at < whole; at += blockDim.x) {
            unsigned j = at < a.row.z ? at : a.row.z - 1, unit = j / 4;
            const float *w = weight + j / GNT_BLOCK * group_stride + j % GNT_BLOCK;
            float z = a.z[s * a.row.z + j];
            if (i) {
#pragma unroll 16
                for (unsigned k = 0; k < hidden; k++) z = fmaf(__ldg(w + k * GNT_BLOCK), h_before[k], z);
            }
            float gate[4];
#pragma unroll
            for (unsigned g = 0; g < 4; g++) gate[g] = __shfl_sync(0xffffffffu, z, (int)g, 4);
            gnt_cell cell = gnt_cell_step(gate[0], gate[1], gate[2], gate[3], i ? a.c[unit] : 0.0f);
            __syncwarp(); /* all four have read c */
            if (at < a.row.z && at % 4 == 0) {
                a.c[unit] = cell.c;
                if (unit < hidden) h[s * a.row.h + d * hidden + unit] = cell.h;
            }
        }
        __syncthreads();
    }
}

/* pooled = sum over steps of alpha[s] h[s], pooling.cuh's formula. */
__device__ __forceinline__ void one_attend(const gnt_layout &layout, const one_area &a, const float *packed,
                                           const float *h)
{
    unsigned steps = layout.net.window, width = (unsigned)layout.width;
    product({packed + layout.attention_weight, packed + layout.attention_bias, width * GNT_BLOCK, h, width, a.row.h,
             steps, a.row.energy, a.z, true});
    __syncthreads();
    for (unsigned s = threadIdx.x; s < steps; s += blockDim.x) {
        float score = 0;
        for (unsigned j = 0; j < a.row.energy; j++)
            score = fmaf(__ldg(packed + layout.attention_v + j), a.z[s * a.row.energy + j], score);
        a.alpha[s] = score;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        float top = a.alpha[0], sum = 0;
        for (unsigned s = 1; s < steps; s++) top = gnt_f32_max(top, a.alpha[s]);
        for (unsigned s = 0; s < steps; s++) sum += a.alpha[s] = gnt_f32_exp(a.alpha[s] - top);
        for (unsigned s = 0; s < steps; s++) a.alpha[s] /= sum;
    }
    __syncthreads();
    for (unsigned k = threadIdx.x; k < width; k += blockDim.x) {
        float sum = 0;
        for (unsigned s = 0; s < steps; s++) sum = fmaf(a.alpha[s], h[s * a.row.h + k], sum);
        a.pooled[k] = sum;
    }
    __syncthreads();
}

/* What the last linear unit meets, of both directions; called by every thread. */
__device__ __forceinline__ const float *one_pool(const gnt_layout &layout, const one_area &a, const float *packed,
                                                 const float *h, const float **reverse)
{
    const float *last = h + (layout.net.window - 1) * a.row.h;
    *reverse = (layout.net.pool == GNT_POOL_FINAL ? h : last) + layout.net.hidden;
    if (layout.net.pool != GNT_POOL_ATTENTION) return last;
    one_attend(layout, a, packed, h);
    *reverse = a.pooled + layout.net.hidden;
    return a.pooled;
}

__device__ __forceinline__ float one_head(const gnt_layout &layout, const float *packed, const float *forward,
                                          const float *reverse)
{
    const float *weight = packed + layout.fc_weight;
    float logit = __ldg(packed + layout.fc_bias);
#pragma unroll 8
    for (unsigned k = 0; k < layout.net.hidden; k++) logit = fmaf(__ldg(weight + k), forward[k], logit);
    if (layout.directions == 1) return logit;
#pragma unroll 8
    for (unsigned k = 0; k < layout.net.hidden; k++)
        logit = fmaf(__ldg(weight + layout.net.hidden + k), reverse[k], logit);
    return logit;
}

/* Called by every thread of a block: window `window` of model `model`; the logit is thread 0's to write. */
__device__ __forceinline__ void one_window(const gnt_one_call &call, unsigned window, unsigned model)
{
    const gnt_layout &layout = call.layout;
    const float *packed = call.weight ? call.weight : call.weights[model];
    unsigned steps = layout.net.window, n_features = layout.net.n_features;
    size_t first = call.row ? (size_t)call.row[window] + 1 - steps - call.first_bar : (size_t)window * steps;
    one_area a = area_of(layout);
    for (unsigned i = threadIdx.x; i < steps * n_features; i += blockDim.x)
        a.x[i / n_features * a.row.x + i % n_features] = call.x[first * n_features + i];
    __syncthreads();
    const float *below = a.x;
    unsigned below_row = a.row.x;
    for (unsigned l = 0; l < layout.net.layers; l++) {
        float *h = a.h + l % 2 * steps * a.row.h;
        unsigned n_k = (unsigned)layout.inputs[l];
        for (unsigned d = 0; d < layout.directions; d++) {
            bool first_only = d == 1 && layout.net.pool == GNT_POOL_LAST && l + 1 == layout.net.layers;
            const float *weight = packed + layout.weight[l][d];
            size_t stride = (size_t)(n_k + layout.net.hidden) * GNT_BLOCK;
            product({weight, packed + layout.bias[l][d], stride, below, n_k, below_row, steps, a.row.z, a.z, false});
            __syncthreads();
            one_direction(layout, a, weight + n_k * GNT_BLOCK, stride, d, first_only ? 1 : steps, h);
        }
        below = h;
        below_row = a.row.h;
    }
    const float *reverse, *forward = one_pool(layout, a, packed, below, &reverse);
    if (threadIdx.x == 0) call.logit[model * call.logit_stride + window] = one_head(layout, packed, forward, reverse);
}

#endif
