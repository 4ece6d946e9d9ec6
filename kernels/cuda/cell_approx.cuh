/* One LSTM unit for one step with the GPU's approximate functions: 5 powers and 2 reciprocals in place of 5
 * exponentials and 5 quotients of full precision (kernels/math/cell.h).
 *
 * With p = 2^(-z log2 e) = exp(-z), clamped at 2^40, of each gate (of 2 z for g, of 2 c for tanh(c)):
 *
 *     c = f c' + i g = (c' (1 + p_i)(1 + p_g) + (1 - p_g)(1 + p_f)) / ((1 + p_f)(1 + p_i)(1 + p_g))
 *     h = o tanh(c)  = (1 - p_c) / ((1 + p_o)(1 + p_c))
 *
 * Clamped, no product passes 2^120 and a gate is off by 2^-40 at most. NaN stays NaN. Error: docs/NUMERICS.md. */
#ifndef GNT_CUDA_CELL_APPROX_CUH
#define GNT_CUDA_CELL_APPROX_CUH

#include "kernels/cuda/mma.cuh"

/* exp(-z) or exp(-2 z): scale is -log2 e or twice that. */
__device__ __forceinline__ float gnt_power_approx(float z, float scale)
{
    return gnt_exp2_approx(gnt_min_nan(40.0f, z * scale));
}

/* *c from the step before's to this one's; returns h. */
__device__ __forceinline__ float gnt_cell_approx(float zi, float zf, float zg, float zo, float *c)
{
    const float once = -0x1.715476p+0f, twice = -0x1.715476p+1f; /* log2 e */
    float pi = gnt_power_approx(zi, once), pf = 1.0f + gnt_power_approx(zf, once), pg = gnt_power_approx(zg, twice);
    float po = gnt_power_approx(zo, once);
    float ig = fmaf(1.0f + pi, pg, 1.0f + pi); /* (1 + p_i)(1 + p_g) */
    float above = fmaf(*c, ig, (1.0f - pg) * pf);
    *c = above * gnt_reciprocal_approx(ig * pf);
    float pc = gnt_power_approx(*c, twice);
    float below = fmaf(1.0f + po, pc, 1.0f + po);
    return (1.0f - pc) * gnt_reciprocal_approx(below);
}

#endif
