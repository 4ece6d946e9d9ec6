/* A lane: one double in CUDA, an element of a vector of 2, 4 or 8 on the CPU. Hot steps are written once over it, with
 * selects instead of branches, so the vectorised simulator is the same text as the CUDA one.
 *
 * GNT_LANES is set by the includer; 1 (and CUDA): plain double and bool. Elementwise IEEE operations only, so every
 * width gives the same bits. */
#ifndef GNT_MATH_LANE_H
#define GNT_MATH_LANE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__) && !defined(__cplusplus)
#include <immintrin.h> /* vector types of gnt_any */
#endif

#include "fn.h"

#ifdef __CUDACC__
#undef GNT_LANES
#define GNT_LANES 1
#endif

#if GNT_LANES == 1
typedef double gnt_f64;
typedef bool gnt_mask;
GNT_FN gnt_f64 gnt_splat(double x)
{
    return x;
}
GNT_FN gnt_f64 gnt_select(gnt_mask m, gnt_f64 a, gnt_f64 b)
{
    return m ? a : b;
}
GNT_FN gnt_mask gnt_not(gnt_mask m)
{
    return !m;
}
GNT_FN bool gnt_any(gnt_mask m)
{
    return m;
}
GNT_FN gnt_f64 gnt_root(gnt_f64 x)
{
    return sqrt(x);
}
GNT_FN double gnt_lane_get(gnt_f64 v, int lane)
{
    (void)lane;
    return v;
}
GNT_FN void gnt_lane_put(gnt_f64 *v, int lane, double x)
{
    (void)lane;
    *v = x;
}
GNT_FN void gnt_lane_flag(gnt_mask *m, int lane, bool x)
{
    (void)lane;
    *m = x;
}
GNT_FN bool gnt_lane_is(gnt_mask m, int lane)
{
    (void)lane;
    return m;
}
#else
typedef double gnt_f64 __attribute__((vector_size(8 * GNT_LANES)));
typedef int64_t gnt_mask __attribute__((vector_size(8 * GNT_LANES))); /* all bits set: true */
GNT_FN gnt_f64 gnt_splat(double x)
{
    return x - (gnt_f64){0}; /* x - 0 is x for every x, -0 too */
}
GNT_FN gnt_f64 gnt_select(gnt_mask m, gnt_f64 a, gnt_f64 b)
{
    return (gnt_f64)((m & (gnt_mask)a) | (~m & (gnt_mask)b));
}
GNT_FN gnt_mask gnt_not(gnt_mask m)
{
    return ~m;
}
GNT_FN bool gnt_any(gnt_mask m)
{
#if defined(__AVX512DQ__) && GNT_LANES == 8 /* gcc 12 takes the loop below lane by lane */
    return __builtin_ia32_cvtq2mask512((__v8di)m) != 0;
#elif defined(__AVX__) && GNT_LANES == 4
    return __builtin_ia32_movmskpd256((__v4df)m) != 0;
#elif defined(__SSE2__) && GNT_LANES == 2
    return __builtin_ia32_movmskpd((__v2df)m) != 0;
#else
    int64_t any = 0;
    for (int i = 0; i < GNT_LANES; i++) any |= m[i];
    return any != 0;
#endif
}
GNT_FN gnt_f64 gnt_root(gnt_f64 x)
{
    for (int i = 0; i < GNT_LANES; i++) x[i] = sqrt(x[i]);
    return x;
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
#endif

GNT_FN gnt_f64 gnt_abs(gnt_f64 x)
{
    return gnt_select(x < 0, -x, x);
}
GNT_FN gnt_f64 gnt_min(gnt_f64 a, gnt_f64 b)
{
    return gnt_select(a < b, a, b);
}
GNT_FN gnt_f64 gnt_positive(gnt_f64 x) /* max(x, 0) */
{
    return gnt_select(x > 0, x, gnt_splat(0));
}
GNT_FN gnt_f64 gnt_one_if(gnt_mask m)
{
    return gnt_select(m, gnt_splat(1), gnt_splat(0));
}

#endif
