/* gnt_log over lanes: the same operations in the same order as kernels/math/explog.h, with selects for its branches, so
 * every lane has its bits; tests/unit/test_math_lane_log.c compares them. */
#ifndef GNT_MATH_LANE_LOG_H
#define GNT_MATH_LANE_LOG_H

#include "explog.h"
#include "lane.h"

#if GNT_LANES == 1
GNT_FN gnt_f64 gnt_lane_log(gnt_f64 x)
{
    return gnt_log(x);
}
#else
typedef int64_t gnt_lane_ints __attribute__((vector_size(8 * GNT_LANES)));

/* Whole numbers below 2^51 in size: their bits under the exponent of 1.5 * 2^52, less that number. */
GNT_FN gnt_f64 gnt_lane_real(gnt_lane_ints n)
{
    return (gnt_f64)(n + 0x4338000000000000LL) - 0x1.8p52;
}
GNT_FN gnt_f64 gnt_lane_log(gnt_f64 x)
{
    gnt_lane_ints small = x < 0x1p-1022; /* -1 where so, as all compares of GNU C */
    gnt_f64 normal = gnt_select(gnt_lt(x, gnt_splat(0x1p-1022)), x * 0x1p54, x);
    gnt_lane_ints bits = (gnt_lane_ints)normal, fraction = bits & 0xfffffffffffffLL;
    gnt_lane_ints upper_half = fraction > 0x6a09e667f3bcdLL; /* 1.fraction > sqrt 2; -1 where so */
    gnt_lane_ints k = (bits >> 52) - 1023 - upper_half + (small & -54LL);
    gnt_f64 f = (gnt_f64)(fraction | (0x3ff0000000000000LL + (upper_half & -0x10000000000000LL))) - 1;
    gnt_f64 s = f / (2 + f), z = s * s, w = z * z, half = 0.5 * f * f, n = gnt_lane_real(k);
    gnt_f64 even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    gnt_f64 odd = z * (6.666666666666735130e-01 +
                       w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860510658591e-01)));
    gnt_f64 y = n * GNT_LN2_HI - ((half - (s * (half + (even + odd)) + n * GNT_LN2_LO)) - f);
    y = gnt_select(gnt_eq(x, gnt_splat(INFINITY)), x, y);
    gnt_f64 zero = gnt_splat(0);
    return gnt_select(gnt_gt(x, zero), y, gnt_select(gnt_eq(x, zero), gnt_splat(-INFINITY), gnt_splat(NAN)));
}
#endif

#endif
