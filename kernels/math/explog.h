/* Natural logarithm and exponential from + - x / and integer operations: the same bits in C and CUDA.
 *
 * Method and coefficients: fdlibm's e_log.c and e_exp.c (Sun Microsystems 1993, freely usable), both with a stated
 * error below 1 ulp; tests/unit/test_math_explog.c holds them to that against long double. Class exact. */
#ifndef GNT_MATH_EXPLOG_H
#define GNT_MATH_EXPLOG_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "fn.h"

#define GNT_LN2_HI 6.93147180369123816490e-01 /* ln 2 with 20 trailing zero bits: k * hi is exact */
#define GNT_LN2_LO 1.90821492927058770002e-10 /* the rest */

GNT_FN uint64_t gnt_bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
GNT_FN double gnt_of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x = 2^k (1 + f), sqrt(1/2) < 1 + f < sqrt(2); s = f/(2 + f); log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)).
 * 0: -inf; negative or NaN: NaN; inf: inf. */
GNT_FN double gnt_log(double x)
{
    if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
    if (x == INFINITY) return x;
    int k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    uint64_t bits = gnt_bits_of(x), fraction = bits & 0xfffffffffffffULL;
    k += (int)(bits >> 52) - 1023;
    int upper_half = fraction > 0x6a09e667f3bcdULL; /* 1.fraction > sqrt 2 */
    k += upper_half;
    double f = gnt_of_bits(fraction | (upper_half ? 0x3feULL : 0x3ffULL) << 52) - 1;
    double s = f / (2 + f), z = s * s, w = z * z, half = 0.5 * f * f, n = (double)k;
    double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    double odd = z * (6.666666666666735130e-01 +
                      w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    return n * GNT_LN2_HI - ((half - (s * (half + (even + odd)) + n * GNT_LN2_LO)) - f);
}

/* x = k ln 2 + r, |r| <= ln2/2; exp(r) = 1 + r + r c/(2 - c) with c = r - r^2 P(r^2). */
GNT_FN double gnt_exp(double x)
{
    if (!(x <= 7.09782712893383973096e+02)) return x != x ? x : INFINITY;
    if (x < -745.1332191019412) return 0;
    int k = (int)(x * 1.44269504088896338700 + (x < 0 ? -0.5 : 0.5));
    double high = x - k * GNT_LN2_HI, low = k * GNT_LN2_LO, r = high - low, t = r * r;
    double c = r - t * (1.66666666666666019037e-01 +
                        t * (-2.77777777770155933842e-03 +
                             t * (6.61375632143793436117e-05 +
                                  t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
    double y = 1 - ((low - (r * c) / (2 - c)) - high);
    /* 2^k in two factors, so that the first product neither overflows nor loses bits of a subnormal result */
    int first = k < -1021 ? k + 1000 : k > 1023 ? 1023 : k;
    y *= gnt_of_bits((uint64_t)(first + 1023) << 52);
    return k == first ? y : y * gnt_of_bits((uint64_t)(k - first + 1023) << 52);
}

#endif
