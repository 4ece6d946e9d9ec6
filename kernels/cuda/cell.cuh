/* cell.cuh: kernels/math/cell.h for several windows of a lane side by side, without a branch a division.
 *
 * The compiler's correctly rounded 1 / x and a / b are a short sequence behind a test of their arguments' range; five
 * tests a cell keep it from mixing the chains of different cells, which are what hides their latency. Here stand the
 * very same sequences (as ptxas writes them for sm_80 to sm_100), and what their tests would say is known beforehand:
 *   sigmoid  1 / y, y >= 1, is in range up to 2^126; beyond, where the result is no normal number, one test for all
 *            sigmoids of the call leads to the plain division
 *   tanh     a / b, 0 <= a <= 1 <= b <= 2, is in range down to a = 2^-25; below that b is 2, so that the seed's
 *            correction, the quotient and its remainder are all exact
 * Hence the CPU's bits, on the same ground as any division in CUDA: that the instruction's seeds suit the sequence.
 * tests/unit/test_math_divide.c goes through all divisors. Instructions a cell (sm_90): 150 as cell.h, 119 here. */
#ifndef GNT_CUDA_CELL_CUH
#define GNT_CUDA_CELL_CUH

#include "kernels/cuda/device.cuh"
#include "kernels/math/cell.h"

/* The seed with its error taken out: for 1 <= x < 2^126 the nearest float to 1 / x. */
__device__ __forceinline__ float gnt_reciprocal(float x)
{
    float seed = gnt_reciprocal_seed(x);
    return fmaf(seed, fmaf(-x, seed, 1.0f), seed);
}

/* The nearest float to a / b for the parts of a tanh. */
__device__ __forceinline__ float gnt_quotient(float a, float b)
{
    float r = gnt_reciprocal(b), q = a * r;
    return fmaf(r, fmaf(-b, q, a), q);
}

__device__ __forceinline__ float gnt_quick_tanh(float x)
{
    gnt_tanh_parts parts = gnt_f32_tanh_parts(x);
    return gnt_f32_tanh_of(gnt_quotient(parts.over, parts.below), parts.sign);
}

/* gate = 1 / below by the compiler's division, one after the other: rare, so small rather than quick. */
template <int N> __device__ __forceinline__ void gnt_divide_again(const float (&below)[N], float (&gate)[N])
{
#pragma unroll 1
    for (int i = 0; i < N; i++) {
        float y = below[0];
#pragma unroll
        for (int k = 1; k < N; k++) y = i == k ? below[k] : y;
        float r = 1.0f / y;
#pragma unroll
        for (int k = 0; k < N; k++) gate[k] = i == k ? r : gate[k];
    }
}

/* One unit of V windows: gates' sums zi zf zg zo; c before and after; h after. */
template <int V>
__device__ __forceinline__ void gnt_cells(const float (&zi)[V], const float (&zf)[V], const float (&zg)[V],
                                          const float (&zo)[V], float (&c)[V], float (&h)[V])
{
    float below[3 * V], gate[3 * V], most = 0;
#pragma unroll
    for (int k = 0; k < 3 * V; k++) {
        below[k] = gnt_f32_sigmoid_below(k < V ? zi[k % V] : k < 2 * V ? zf[k % V] : zo[k % V]);
        gate[k] = gnt_reciprocal(below[k]);
        most = fmaxf(most, below[k]);
    }
    if (most >= 0x1p126f) gnt_divide_again(below, gate);
#pragma unroll
    for (int v = 0; v < V; v++) {
        c[v] = fmaf(gate[V + v], c[v], gate[v] * gnt_quick_tanh(zg[v]));
        h[v] = gate[2 * V + v] * gnt_quick_tanh(c[v]);
    }
}

#endif
