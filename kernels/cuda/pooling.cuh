/* pooling.cuh: from a block's hidden states to its logits, in the CPU's order of operations (cpu/lstm_forward.c).
 *
 * formula  logit = b + sum over k of fc[k] pooled[k]; pooled is h of the last step, of each direction's own last step,
 *          or with attention sum over s of alpha[s] h[s], alpha = softmax over s of v . tanh(W h[s] + b)
 * mapping  scores: a warp owns a step, a lane V windows through all rows of W (chain.cuh, G = 1), so the sum over rows
 *          is serial. Softmax and head: a thread owns a window. Context: a thread owns a unit of a window
 * class    reduction, the CPU's bits */
#ifndef GNT_CUDA_POOLING_CUH
#define GNT_CUDA_POOLING_CUH

#include "kernels/cuda/cell.cuh"
#include "kernels/cuda/chain.cuh"

/* score[s][slot], before the softmax. sequence [L][D][32 V]. */
template <int V>
__device__ __forceinline__ void gnt_attend_scores(const gnt_layout &layout, const float *packed, const float *sequence,
                                                  float *score)
{
    unsigned slots = GNT_WARP * V, first = threadIdx.x % GNT_WARP * V, width = (unsigned)layout.width;
    for (unsigned s = threadIdx.x / GNT_WARP; s < layout.net.window; s += blockDim.x / GNT_WARP) {
        float sum[V] = {};
#pragma unroll 1
        for (unsigned group = 0; group < layout.attention_groups; group++) {
            float acc[1][GNT_BLOCK][V];
            gnt_chain_begin<1, V>(acc, packed + layout.attention_bias + group * GNT_BLOCK, 0);
            gnt_chain<1, V, false>(acc, packed + layout.attention_weight + (size_t)group * width * GNT_BLOCK, 0, 0,
                                   sequence + (size_t)s * width * slots + first, slots, width);
#pragma unroll
            for (int j = 0; j < GNT_BLOCK; j++) {
                float weight = __ldg(packed + layout.attention_v + group * GNT_BLOCK + j);
#pragma unroll
                for (int v = 0; v < V; v++) sum[v] = fmaf(weight, gnt_quick_tanh(acc[0][j][v]), sum[v]);
            }
        }
        gnt_store_slots<V>(score + (size_t)s * slots + first, sum);
    }
}

/* One window: scores [L] to weights, `slots` floats apart. */
__device__ __forceinline__ void gnt_attend_softmax(unsigned window, unsigned slots, float *score)
{
    float top = score[0], sum = 0;
#pragma unroll 1
    for (unsigned s = 1; s < window; s++) top = gnt_f32_max(top, score[(size_t)s * slots]);
#pragma unroll 1
    for (unsigned s = 0; s < window; s++) {
        float e = gnt_f32_exp(score[(size_t)s * slots] - top);
        score[(size_t)s * slots] = e;
        sum += e;
    }
#pragma unroll 1
    for (unsigned s = 0; s < window; s++) score[(size_t)s * slots] /= sum;
}

/* pooled [D][32 V] from the block's sequence; alpha [L][32 V]. Every thread of the block calls it. */
template <int V>
__device__ __forceinline__ void gnt_attend(const gnt_layout &layout, const float *packed, const float *sequence,
                                           float *alpha, float *pooled)
{
    unsigned slots = GNT_WARP * V, numbers = (unsigned)layout.width * slots;
    gnt_attend_scores<V>(layout, packed, sequence, alpha);
    __syncthreads();
    for (unsigned slot = threadIdx.x; slot < slots; slot += blockDim.x)
        gnt_attend_softmax(layout.net.window, slots, alpha + slot);
    __syncthreads();
    for (unsigned i = threadIdx.x; i < numbers; i += blockDim.x) {
        float sum = 0;
#pragma unroll 4
        for (unsigned s = 0; s < layout.net.window; s++)
            sum = fmaf(alpha[(size_t)s * slots + i % slots], sequence[(size_t)s * numbers + i], sum);
        pooled[i] = sum;
    }
    __syncthreads();
}

/* One window's logit; h of either direction [H], `slots` floats apart. */
__device__ __forceinline__ float gnt_head(const gnt_layout &layout, const float *packed, const float *forward,
                                          const float *reverse, unsigned slots)
{
    const float *weight = packed + layout.fc_weight;
    float logit = __ldg(packed + layout.fc_bias);
#pragma unroll 8
    for (unsigned k = 0; k < layout.net.hidden; k++) logit = fmaf(__ldg(weight + k), forward[k * slots], logit);
    if (layout.directions == 2)
#pragma unroll 8
        for (unsigned k = 0; k < layout.net.hidden; k++)
            logit = fmaf(__ldg(weight + layout.net.hidden + k), reverse[k * slots], logit);
    return logit;
}

#endif
