/* A lane: one double in CUDA, an element of a vector of 2, 4 or 8 on the CPU. Hot steps are written once over it, with
 * selects instead of branches, so the vectorised simulator is the same text as the CUDA one.
 *
 * GNT_LANES is set by the includer; 1 (and CUDA): plain double and bool. Elementwise IEEE operations only, so every
 * width gives the same bits. A mask is a bool, 8 bits in an AVX-512 mask register, or a vector of all-ones and zeros;
 * masks combine by & and |, everything else about them is a function below. Compares with NaN are false but gnt_ne. */
#ifndef GNT_MATH_LANE_H
#define GNT_MATH_LANE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__) && !defined(__cplusplus)
#include <immintrin.h>
#endif

#include "fn.h"

#ifdef GNT_CUDA_TEXT
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
    return m ? a : b;
}
GNT_FN gnt_f64 gnt_keep(gnt_mask m, gnt_f64 a) /* 0 elsewhere */
{
    return m ? a : 0;
}
GNT_FN gnt_f64 gnt_add_if(gnt_mask m, gnt_f64 a, gnt_f64 b) /* a + b, or a */
{
    return m ? a + b : a;
}
GNT_FN gnt_f64 gnt_min(gnt_f64 a, gnt_f64 b) /* a < b ? a : b */
{
    return a < b ? a : b;
}
GNT_FN gnt_f64 gnt_max(gnt_f64 a, gnt_f64 b) /* a > b ? a : b */
{
    return a > b ? a : b;
}
GNT_FN gnt_mask gnt_not(gnt_mask m)
{
    return !m;
}
GNT_FN gnt_mask gnt_every(void)
{
    return true;
}
GNT_FN bool gnt_any(gnt_mask m)
{
    return m;
}
GNT_FN uint32_t gnt_bits(gnt_mask m) /* lane j in bit j */
{
    return m ? 1 : 0;
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
#elif defined(__AVX512DQ__) && GNT_LANES == 8
#include "kernels/cpu/lane8.h"
#else
#include "kernels/cpu/lanes.h"
#endif

GNT_FN gnt_f64 gnt_abs(gnt_f64 x)
{
    return gnt_select(gnt_lt(x, gnt_splat(0)), -x, x);
}
GNT_FN gnt_f64 gnt_positive(gnt_f64 x) /* max(x, 0) */
{
    return gnt_keep(gnt_gt(x, gnt_splat(0)), x);
}
GNT_FN gnt_mask gnt_none(void)
{
    return gnt_not(gnt_every());
}

#endif
