/* chain.cuh: the product every LSTM kernel here is made of, for one warp.
 *
 * formula  acc[g][j][v] += sum over k of weight[g][k][j] x[k][slot], one serial fma chain over rising k
 * mapping  a warp owns G groups of 16 outputs (4 units x gates i f g o) and 32 V windows; its lane l owns the slots
 *          l V .. l V + V - 1 of x, whose rows hold one number of every window of the block. 16 G V sums a lane
 * why      a weight is the same for the whole warp, so its 16-byte load is a broadcast (one pass of the shared
 *          memory); a row of x takes V passes. Of the cycles that four warps need to issue a row's fmas, one warp a
 *          scheduler, loads take
 *            G V   sums   loads   passes   share of issue   share of the shared memory's passes
 *            1 4    64       5       8          7 %           32 of 64 cycles
 *            2 2    64       9      10         12 %           40 of 64
 *            2 1    32       9       9         22 %           36 of 32: for few windows, and very wide layers only */
#ifndef GNT_CUDA_CHAIN_CUH
#define GNT_CUDA_CHAIN_CUH

#include "kernels/cuda/device.cuh"
#include "kernels/layout.h"

#define GNT_WARP 32u

/* Where a lane's slots lie in a block's order of windows: slot l V + v holds window v 32 + l, so that neighbouring
 * lanes read neighbouring windows from global memory and whole vectors from shared memory. */
template <int V> __device__ __forceinline__ unsigned gnt_slot_window(unsigned slot)
{
    return slot % V * GNT_WARP + slot / V;
}

template <int V> __device__ __forceinline__ void gnt_load_slots(float (&to)[V], const float *from)
{
    if (V == 4) {
        float4 all = *reinterpret_cast<const float4 *>(from);
        to[0] = all.x, to[1 % V] = all.y, to[2 % V] = all.z, to[3 % V] = all.w;
    } else if (V == 2) {
        float2 both = *reinterpret_cast<const float2 *>(from);
        to[0] = both.x, to[1 % V] = both.y;
    } else {
        to[0] = from[0];
    }
}

template <int V> __device__ __forceinline__ void gnt_store_slots(float *to, const float (&from)[V])
{
    if (V == 4)
        *reinterpret_cast<float4 *>(to) = make_float4(from[0], from[1 % V], from[2 % V], from[3 % V]);
    else if (V == 2)
        *reinterpret_cast<float2 *>(to) = make_float2(from[0], from[1 % V]);
    else
        to[0] = from[0];
}

/* 16 bytes of weights: from shared memory, or by the read-only path from L1 and L2. */
template <bool SHARED> __device__ __forceinline__ float4 gnt_load_weights(const float *from)
{
    const float4 *at = reinterpret_cast<const float4 *>(from);
    return SHARED ? *at : __ldg(at);
}

/* x: the lane's first slot; its rows are x_stride floats apart. Groups that aren't there read group `last`'s weights
 * again: their sums are never used. */
template <int G, int V, bool SHARED>
__device__ __forceinline__ void gnt_chain(float (&acc)[G][GNT_BLOCK][V], const float *weight, size_t group_stride,
                                          unsigned last, const float *x, unsigned x_stride, unsigned n_k)
{
    const float *from[G];
#pragma unroll
    for (unsigned g = 0; g < G; g++) from[g] = weight + (g < last ? g : last) * group_stride;
#pragma unroll(G == 4 ? 1 : 2)
    for (unsigned k = 0; k < n_k; k++) {
        float h[V];
        gnt_load_slots<V>(h, x + k * x_stride);
#pragma unroll
        for (int g = 0; g < G; g++)
#pragma unroll
            for (int u = 0; u < GNT_GROUP_UNITS; u++) {
                float4 w = gnt_load_weights<SHARED>(from[g] + k * GNT_BLOCK + u * 4);
#pragma unroll
                for (int v = 0; v < V; v++) {
                    acc[g][u * 4][v] = fmaf(w.x, h[v], acc[g][u * 4][v]);
                    acc[g][u * 4 + 1][v] = fmaf(w.y, h[v], acc[g][u * 4 + 1][v]);
                    acc[g][u * 4 + 2][v] = fmaf(w.z, h[v], acc[g][u * 4 + 2][v]);
                    acc[g][u * 4 + 3][v] = fmaf(w.w, h[v], acc[g][u * 4 + 3][v]);
                }
            }
    }
}

/* acc = bias [groups][16] in global memory. */
template <int G, int V>
__device__ __forceinline__ void gnt_chain_begin(float (&acc)[G][GNT_BLOCK][V], const float *bias, unsigned last)
{
#pragma unroll
    for (unsigned g = 0; g < G; g++)
#pragma unroll
        for (int j = 0; j < GNT_BLOCK; j++) {
            float b = __ldg(bias + (g < last ? g : last) * GNT_BLOCK + j);
#pragma unroll
            for (int v = 0; v < V; v++) acc[g][j][v] = b;
        }
}

#endif
