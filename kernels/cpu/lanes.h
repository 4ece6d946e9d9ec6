/* Vectors of GNT_LANES doubles in GNU C, masks as vectors of all-ones and zeros; SSE2 and AVX2 instructions where the
 * compiler's own text for them is lane by lane (gcc 12). Included by kernels/math/lane.h alone. */
#ifndef GNT_CPU_LANES_H
#define GNT_CPU_LANES_H

#include "kernels/math/fn.h"

typedef double gnt_f64 __attribute__((vector_size(8 * GNT_LANES)));
typedef int64_t gnt_mask __attribute__((vector_size(8 * GNT_LANES))); /* all bits set: true */

GNT_FN gnt_f64 gnt_splat(double x)
{
    return x - (gnt_f64){0}; /* x - 0 is x for every x, -0 too */
}
GNT_FN gnt_mask gnt_lt(gnt_f64 a, gnt_f64 b)
{
    return a < b;
}
GNT_FN gnt_mask gnt_le(gnt_f64 a, gnt_f64 b)
{
    return a <= b;
}
GNT_FN gnt_mask gnt_gt(gnt_f64 a, gnt_f64 b)
{
    return a > b;
}
GNT_FN gnt_mask gnt_eq(gnt_f64 a, gnt_f64 b)
{
    return a == b;
}
GNT_FN gnt_mask gnt_ne(gnt_f64 a, gnt_f64 b)
{
    return a != b;
}
GNT_FN gnt_f64 gnt_select(gnt_mask m, gnt_f64 a, gnt_f64 b)
{
#if defined(__AVX__) && GNT_LANES == 4
    return _mm256_blendv_pd(b, a, (gnt_f64)m);
#else
    return (gnt_f64)((m & (gnt_mask)a) | (~m & (gnt_mask)b));
#endif
}
GNT_FN gnt_f64 gnt_keep(gnt_mask m, gnt_f64 a) /* 0 elsewhere */
{
    return (gnt_f64)(m & (gnt_mask)a);
}
GNT_FN gnt_f64 gnt_add_if(gnt_mask m, gnt_f64 a, gnt_f64 b) /* a + b, or a */
{
    return gnt_select(m, a + b, a);
}
GNT_FN gnt_f64 gnt_min(gnt_f64 a, gnt_f64 b) /* a < b ? a : b */
{
#if defined(__AVX__) && GNT_LANES == 4
    return _mm256_min_pd(a, b);
#elif defined(__SSE2__) && GNT_LANES == 2
    return _mm_min_pd(a, b);
#else
    return gnt_select(a < b, a, b);
#endif
}
GNT_FN gnt_f64 gnt_max(gnt_f64 a, gnt_f64 b) /* a > b ? a : b */
{
#if defined(__AVX__) && GNT_LANES == 4
    return _mm256_max_pd(a, b);
#elif defined(__SSE2__) && GNT_LANES == 2
    return _mm_max_pd(a, b);
#else
    return gnt_select(a > b, a, b);
#endif
}
GNT_FN gnt_mask gnt_not(gnt_mask m)
{
    return ~m;
}
GNT_FN gnt_mask gnt_every(void)
{
    return ~(gnt_mask){0};
}
GNT_FN uint32_t gnt_bits(gnt_mask m) /* lane j in bit j */
{
#if defined(__AVX__) && GNT_LANES == 4
    return (uint32_t)_mm256_movemask_pd((gnt_f64)m);
#elif defined(__SSE2__) && GNT_LANES == 2
    return (uint32_t)_mm_movemask_pd((gnt_f64)m);
#else
    uint32_t bits = 0;
    for (int i = 0; i < GNT_LANES; i++) bits |= (uint32_t)(m[i] & 1) << i;
    return bits;
#endif
}
GNT_FN bool gnt_any(gnt_mask m)
{
    return gnt_bits(m) != 0;
}
GNT_FN gnt_f64 gnt_root(gnt_f64 x)
{
#if defined(__AVX__) && GNT_LANES == 4
    return _mm256_sqrt_pd(x);
#elif defined(__SSE2__) && GNT_LANES == 2
    return _mm_sqrt_pd(x);
#else
    for (int i = 0; i < GNT_LANES; i++) x[i] = sqrt(x[i]);
    return x;
#endif
}
GNT_FN double gnt_lane_get(gnt_f64 v, int lane)
{
    return v[lane];
}
GNT_FN void gnt_lane_put(gnt_f64 *v, int lane, double x)
{
    (*v)[lane] = x;
}
GNT_FN void gnt_lane_flag(gnt_mask *m, int lane, bool x)
{
    (*m)[lane] = x ? -1 : 0;
}
GNT_FN bool gnt_lane_is(gnt_mask m, int lane)
{
    return m[lane] != 0;
}

/* A word of 64 rows a lane. */
typedef uint64_t gnt_words __attribute__((vector_size(8 * GNT_LANES)));
GNT_FN gnt_words gnt_words_keep(gnt_mask m, gnt_words w) /* 0 elsewhere */
{
    return (gnt_words)m & w;
}
GNT_FN uint64_t gnt_words_any(gnt_words w) /* the lanes' words or-ed */
{
    uint64_t any = 0;
    for (int i = 0; i < GNT_LANES; i++) any |= w[i];
    return any;
}

#endif
