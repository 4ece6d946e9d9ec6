/* Eight lanes with AVX-512: masks live in mask registers. Included by kernels/math/lane.h alone.
 *
 * gcc 12 keeps masks made by vector compares in full vectors (compare, expand, and, or: twice the instructions), so
 * everything with a mask is an intrinsic. vminpd and vmaxpd are exactly a < b ? a : b and a > b ? a : b. */
#ifndef GNT_CPU_LANE8_H
#define GNT_CPU_LANE8_H

#include "kernels/math/fn.h"

typedef double gnt_f64 __attribute__((vector_size(64)));
typedef __mmask8 gnt_mask;

GNT_FN gnt_f64 gnt_splat(double x)
{
    return _mm512_set1_pd(x);
}
GNT_FN gnt_mask gnt_lt(gnt_f64 a, gnt_f64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
}
GNT_FN gnt_mask gnt_le(gnt_f64 a, gnt_f64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ);
}
GNT_FN gnt_mask gnt_gt(gnt_f64 a, gnt_f64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
}
GNT_FN gnt_mask gnt_eq(gnt_f64 a, gnt_f64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ);
}
GNT_FN gnt_mask gnt_ne(gnt_f64 a, gnt_f64 b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ);
}
GNT_FN gnt_f64 gnt_select(gnt_mask m, gnt_f64 a, gnt_f64 b)
{
    return _mm512_mask_blend_pd(m, b, a);
}
GNT_FN gnt_f64 gnt_keep(gnt_mask m, gnt_f64 a) /* 0 elsewhere */
{
    return _mm512_maskz_mov_pd(m, a);
}
GNT_FN gnt_f64 gnt_add_if(gnt_mask m, gnt_f64 a, gnt_f64 b) /* a + b, or a */
{
    return _mm512_mask_add_pd(a, m, a, b);
}
GNT_FN gnt_f64 gnt_min(gnt_f64 a, gnt_f64 b) /* a < b ? a : b */
{
    return _mm512_min_pd(a, b);
}
GNT_FN gnt_f64 gnt_max(gnt_f64 a, gnt_f64 b) /* a > b ? a : b */
{
    return _mm512_max_pd(a, b);
}
GNT_FN gnt_mask gnt_not(gnt_mask m)
{
    return (gnt_mask)~m;
}
GNT_FN gnt_mask gnt_every(void)
{
    return 0xff;
}
GNT_FN bool gnt_any(gnt_mask m)
{
    return m != 0;
}
GNT_FN uint32_t gnt_bits(gnt_mask m) /* lane j in bit j */
{
    return m;
}
GNT_FN gnt_f64 gnt_root(gnt_f64 x)
{
    return _mm512_sqrt_pd(x);
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
    *m = (gnt_mask)((*m & ~(1 << lane)) | (x ? 1 << lane : 0));
}
GNT_FN bool gnt_lane_is(gnt_mask m, int lane)
{
    return m >> lane & 1;
}

/* A word of 64 rows a lane. */
typedef uint64_t gnt_words __attribute__((vector_size(64)));
GNT_FN gnt_words gnt_words_keep(gnt_mask m, gnt_words w) /* 0 elsewhere */
{
    return (gnt_words)_mm512_maskz_mov_epi64(m, (__m512i)w);
}
GNT_FN uint64_t gnt_words_any(gnt_words w) /* the lanes' words or-ed */
{
    return (uint64_t)_mm512_reduce_or_epi64((__m512i)w);
}

#endif
