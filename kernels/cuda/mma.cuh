/* Tensor cores and the approximate functions beside them: PTX in wrappers, each with the emulated device's answer.
 *
 *     D[16][8] += A[16][16] B[16][8]      mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
 *
 * Fragments (PTX ISA, "Matrix Fragments for mma.m16n8k16"), g = lane / 4, t = lane % 4, two bf16 a word, the lower k
 * in the low half:
 *     a[0] A[g][2t, 2t+1]   a[1] A[g+8][2t, 2t+1]   a[2] A[g][2t+8, 2t+9]   a[3] A[g+8][2t+8, 2t+9]
 *     b[0] B[2t, 2t+1][g]   b[1] B[2t+8, 2t+9][g]
 *     d[0] D[g][2t]  d[1] D[g][2t+1]  d[2] D[g+8][2t]  d[3] D[g+8][2t+1]
 * So a thread that holds columns of D holds the same columns as k of the next product's A.
 *
 * Class: products are exact; how the 16 of them and D are added is the hardware's own (docs/NUMERICS.md has the bound).
 * Needs sm_80; below that the wrappers do nothing, and nothing that uses them is packed. */
#ifndef GNT_CUDA_MMA_CUH
#define GNT_CUDA_MMA_CUH

#include "kernels/cuda/device.cuh"
#include "kernels/math/bf16.h"
#include "kernels/math/lane32.h"

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#define GNT_NO_MMA 1
#endif

__device__ __forceinline__ void gnt_mma_bf16(float d[4], const uint4 &a, uint32_t b0, uint32_t b1)
{
#if defined(GNT_EMU)
    const uint32_t a_words[4] = {a.x, a.y, a.z, a.w}, b_words[2] = {b0, b1};
    gnt_emu_mma_m16n8k16_bf16(d, a_words, b_words, d);
#elif !defined(GNT_NO_MMA)
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
                 "{%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b0), "r"(b1));
#endif
}

/* Two float32 to nearest bfloat16, ties to even; `low` in the low half. NaN stays NaN. */
__device__ __forceinline__ uint32_t gnt_bf16_pair(float low, float high)
{
#if defined(GNT_EMU)
    return gnt_bf16_nearest(low) | gnt_bf16_nearest(high) << 16;
#elif defined(GNT_NO_MMA)
    return 0;
#else
    uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
#endif
}

#ifdef GNT_EMU
/* As wrong as the instruction may be: the relative error, up or down by the argument's last bit. */
static inline float gnt_emu_worst(float x, float y, float error)
{
    return fmaf(y, gnt_f32_bits(x) & 1 ? error : -error, y);
}
#endif

/* 2^x; relative error below 2^-22 (PTX ISA); results below 2^-126 are 0. */
__device__ __forceinline__ float gnt_exp2_approx(float x)
{
#if defined(GNT_EMU)
    float y = gnt_emu_worst(x, exp2f(x), 0x1p-22f);
    return y < 0x1p-126f ? 0 : y;
#else
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#endif
}

/* 1/x; relative error below 2^-23 (PTX ISA). */
__device__ __forceinline__ float gnt_reciprocal_approx(float x)
{
#if defined(GNT_EMU)
    return gnt_emu_worst(x, 1 / x, 0x1p-23f);
#else
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
#endif
}

/* min(limit, x); a NaN stays NaN. */
__device__ __forceinline__ float gnt_min_nan(float limit, float x)
{
#if defined(GNT_EMU) || defined(GNT_NO_MMA)
    return x > limit ? limit : x;
#else
    float y;
    asm("min.NaN.f32 %0, %1, %2;" : "=f"(y) : "f"(limit), "f"(x));
    return y;
#endif
}

/* From here on the compiler knows nothing of *v, so what it computed from it before takes no register. */
__device__ __forceinline__ void gnt_compute_anew(uint32_t *v)
{
    asm volatile("" : "+r"(*v));
}

#endif
