/* A float32 lane type for steps that run vectorised on the CPU and one window a thread on CUDA.
 *
 * gnt_f32 is one float in CUDA and 4, 8 or 16 floats on the CPU (generic, AVX2, AVX-512). + - x / act lane by
 * lane; gnt_f32_fma rounds once in every instruction set, so all widths give the same bits. */
#ifndef GNT_MATH_LANE32_H
#define GNT_MATH_LANE32_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "fn.h"

#ifdef GNT_CUDA_TEXT

#define GNT_F32_LANES 1
typedef float gnt_f32;
typedef int32_t gnt_i32;
typedef uint32_t gnt_u32;
GNT_FN gnt_i32 gnt_f32_bits(gnt_f32 x)
{
    gnt_i32 bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
GNT_FN gnt_f32 gnt_f32_from_bits(gnt_i32 bits)
{
    gnt_f32 x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
GNT_FN gnt_f32 gnt_f32_splat(float x)
{
    return x;
}
GNT_FN gnt_f32 gnt_f32_fma(gnt_f32 a, gnt_f32 b, gnt_f32 c)
{
    return fmaf(a, b, c);
}
GNT_FN gnt_f32 gnt_f32_min(gnt_f32 limit, gnt_f32 x)
{
    return x > limit ? limit : x;
}
GNT_FN gnt_f32 gnt_f32_max(gnt_f32 limit, gnt_f32 x)
{
    return x < limit ? limit : x;
}

#else

#if defined(__AVX512F__)
#include <immintrin.h>
#define GNT_F32_LANES 16
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define GNT_F32_LANES 8
#else
#define GNT_F32_LANES 4
#endif

typedef float gnt_f32 __attribute__((vector_size(4 * GNT_F32_LANES)));
typedef int32_t gnt_i32 __attribute__((vector_size(4 * GNT_F32_LANES)));
typedef uint32_t gnt_u32 __attribute__((vector_size(4 * GNT_F32_LANES)));
typedef float gnt_f32_memory __attribute__((vector_size(4 * GNT_F32_LANES), aligned(4), may_alias));

GNT_FN gnt_i32 gnt_f32_bits(gnt_f32 x)
{
    return (gnt_i32)x;
}
GNT_FN gnt_f32 gnt_f32_from_bits(gnt_i32 bits)
{
    return (gnt_f32)bits;
}
GNT_FN gnt_f32 gnt_f32_splat(float x)
{
    return x - (gnt_f32){0}; /* x - 0 is x for every x, -0 included */
}
GNT_FN gnt_f32 gnt_f32_load(const float *p)
{
    return *(const gnt_f32_memory *)p;
}
GNT_FN void gnt_f32_store(float *p, gnt_f32 x)
{
    *(gnt_f32_memory *)p = x;
}

/* min(limit, x) and max(limit, x) that keep NaN in x. */
#if GNT_F32_LANES == 16
GNT_FN gnt_f32 gnt_f32_fma(gnt_f32 a, gnt_f32 b, gnt_f32 c)
{
    return (gnt_f32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
GNT_FN gnt_f32 gnt_f32_min(gnt_f32 limit, gnt_f32 x)
{
    return (gnt_f32)_mm512_min_ps((__m512)limit, (__m512)x);
}
GNT_FN gnt_f32 gnt_f32_max(gnt_f32 limit, gnt_f32 x)
{
    return (gnt_f32)_mm512_max_ps((__m512)limit, (__m512)x);
}
#elif GNT_F32_LANES == 8
GNT_FN gnt_f32 gnt_f32_fma(gnt_f32 a, gnt_f32 b, gnt_f32 c)
{
    return (gnt_f32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
GNT_FN gnt_f32 gnt_f32_min(gnt_f32 limit, gnt_f32 x)
{
    return (gnt_f32)_mm256_min_ps((__m256)limit, (__m256)x);
}
GNT_FN gnt_f32 gnt_f32_max(gnt_f32 limit, gnt_f32 x)
{
    return (gnt_f32)_mm256_max_ps((__m256)limit, (__m256)x);
}
#else
GNT_FN gnt_f32 gnt_f32_select(gnt_i32 mask, gnt_f32 a, gnt_f32 b)
{
    return (gnt_f32)((mask & (gnt_i32)a) | (~mask & (gnt_i32)b));
}
GNT_FN gnt_f32 gnt_f32_min(gnt_f32 limit, gnt_f32 x)
{
    return gnt_f32_select(x > limit, limit, x);
}
GNT_FN gnt_f32 gnt_f32_max(gnt_f32 limit, gnt_f32 x)
{
    return gnt_f32_select(x < limit, limit, x);
}

#ifdef __FP_FAST_FMAF
GNT_FN gnt_f32 gnt_f32_fma(gnt_f32 a, gnt_f32 b, gnt_f32 c)
{
    gnt_f32 r;
    for (int i = 0; i < GNT_F32_LANES; i++) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return r;
}
#else
/* No fused instruction: the product is exact in float64; the sum is rounded to odd there (Boldo and Melquiond
 * 2008), so that the second rounding, to float32, is the only one that shows. The sum's error is TwoSum's
 * (Knuth); where it is not finite there is nothing to correct. */
typedef double gnt_f32_wide __attribute__((vector_size(8 * GNT_F32_LANES)));
typedef int64_t gnt_i64_wide __attribute__((vector_size(8 * GNT_F32_LANES)));
GNT_FN gnt_f32 gnt_f32_fma(gnt_f32 a, gnt_f32 b, gnt_f32 c)
{
    gnt_f32_wide addend = __builtin_convertvector(c, gnt_f32_wide);
    gnt_f32_wide product = __builtin_convertvector(a, gnt_f32_wide) * __builtin_convertvector(b, gnt_f32_wide);
    gnt_f32_wide sum = product + addend, part = sum - product, zero = sum - sum;
    gnt_f32_wide error = (product - (sum - part)) + (addend - part);
    gnt_i64_wide even = ~(gnt_i64_wide)sum & 1, above = error > zero, below = error < zero, negative = sum < zero;
    gnt_i64_wide away = (above & ~negative) | (below & negative), toward = (above & negative) | (below & ~negative);
    return __builtin_convertvector((gnt_f32_wide)((gnt_i64_wide)sum + (even & away) - (even & toward)), gnt_f32);
}
#endif
#endif

#endif

#endif
