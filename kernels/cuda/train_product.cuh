/* The three products of training, as tiles in a thread's registers (kernels/cpu/matrix.h has them for the CPU):
 *
 *     chain   z[j][w]  += sum over k of     weight[k][j] x[k][w]       tile: U units x 4 gates x N windows
 *     pull    dx[k][w] += sum over j of     weight[k][j] d[j][w]       tile: 4 inputs x N windows
 *     outer   dw[k][j]  = sum over s, w of  x[s][k][w] d[s][j][w]      tile: 4 K inputs x 4 J gates, a block of 16
 *
 * Each sum is one serial fma chain in the order written, as on the CPU; only how many of them a thread holds is free.
 * Weights lie in groups of 16 gates [group][k][16]; x and d in quads, [quad][window] of float4. Class reduction. */
#ifndef GNT_CUDA_TRAIN_PRODUCT_CUH
#define GNT_CUDA_TRAIN_PRODUCT_CUH

#include "kernels/cuda/train.cuh"

#define GNT_HOT static __device__ __forceinline__

GNT_HOT float gnt_part(const float4 &v, int i)
{
    return i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w;
}

GNT_HOT float4 gnt_fma4(const float4 &a, float b, const float4 &c)
{
    return make_float4(fmaf(a.x, b, c.x), fmaf(a.y, b, c.y), fmaf(a.z, b, c.z), fmaf(a.w, b, c.w));
}

GNT_HOT float4 gnt_load4(const float *p)
{
    return *reinterpret_cast<const float4 *>(p);
}

/* Place of gate 0 of a unit at row k of a matrix with k_all rows a group. */
GNT_HOT size_t gnt_gate(unsigned unit, size_t k_all, size_t k)
{
    return unit / GNT_GROUP_UNITS * k_all * GNT_BLOCK + k * GNT_BLOCK + unit % GNT_GROUP_UNITS * 4;
}

/* n_k inputs; U neighbouring units of one group from `weight` on; window n of the tile is x[n gap]. */
template <int U, int N>
GNT_HOT void gnt_chain(float4 (&acc)[U][N], const float *weight, const float4 *x, unsigned stride, unsigned gap,
                       unsigned n_k)
{
    for (; n_k >= 4; n_k -= 4, x += stride, weight += 4 * GNT_BLOCK) {
        float4 v[N];
#pragma unroll
        for (int n = 0; n < N; n++) v[n] = x[n * gap];
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int u = 0; u < U; u++) {
                float4 w = gnt_load4(weight + i * GNT_BLOCK + 4 * u);
#pragma unroll
                for (int n = 0; n < N; n++) acc[u][n] = gnt_fma4(w, gnt_part(v[n], i), acc[u][n]);
            }
    }
    if (n_k == 0) return;
    float4 v[N];
#pragma unroll
    for (int n = 0; n < N; n++) v[n] = x[n * gap];
#pragma unroll
    for (int i = 0; i < 3; i++) {
        if ((unsigned)i == n_k) return;
#pragma unroll
        for (int u = 0; u < U; u++) {
            float4 w = gnt_load4(weight + i * GNT_BLOCK + 4 * u);
#pragma unroll
            for (int n = 0; n < N; n++) acc[u][n] = gnt_fma4(w, gnt_part(v[n], i), acc[u][n]);
        }
    }
}

/* acc[n]: four inputs of window n. weight: gate 0 of unit 0 at the first of them. Where a matrix ends before the
 * fourth, what lies behind it (the next parameters) is read, and its sums mean nothing. UNROLL: units in
 * flight at once. */
template <int N, int UNROLL>
GNT_HOT void gnt_pull(float4 (&acc)[N], const float *weight, size_t k_all, const float4 *d, unsigned stride,
                      unsigned gap, unsigned n_groups)
{
    for (; n_groups > 0; n_groups--, weight += k_all * GNT_BLOCK)
#pragma unroll UNROLL
        for (int unit = 0; unit < GNT_GROUP_UNITS; unit++, d += stride) {
            float4 w[4], v[N];
#pragma unroll
            for (int i = 0; i < 4; i++) w[i] = gnt_load4(weight + i * GNT_BLOCK + 4 * unit);
#pragma unroll
            for (int n = 0; n < N; n++) v[n] = d[n * gap];
#pragma unroll
            for (int j = 0; j < 4; j++)
#pragma unroll
                for (int n = 0; n < N; n++) {
                    float g = gnt_part(v[n], j);
                    acc[n].x = fmaf(gnt_part(w[0], j), g, acc[n].x);
                    acc[n].y = fmaf(gnt_part(w[1], j), g, acc[n].y);
                    acc[n].z = fmaf(gnt_part(w[2], j), g, acc[n].z);
                    acc[n].w = fmaf(gnt_part(w[3], j), g, acc[n].w);
                }
        }
}

/* acc[4 a + i][b]: input i of quad a (x_gap apart) with the gates of unit b (d_gap apart), over the 16 windows of a
 * block, step apart. */
template <int K, int J>
GNT_HOT void gnt_outer(float4 (&acc)[4 * K][J], const float4 *x, unsigned x_gap, const float4 *d, unsigned d_gap,
                       unsigned step)
{
#pragma unroll 2
    for (unsigned w = 0; w < GNT_BLOCK; w++, x += step, d += step) {
        float4 g[J];
#pragma unroll
        for (int b = 0; b < J; b++) g[b] = d[b * d_gap];
#pragma unroll
        for (int a = 0; a < K; a++) {
            float4 v = x[a * x_gap];
#pragma unroll
            for (int i = 0; i < 4; i++)
#pragma unroll
                for (int b = 0; b < J; b++) acc[4 * a + i][b] = gnt_fma4(g[b], gnt_part(v, i), acc[4 * a + i][b]);
        }
    }
}

#endif
