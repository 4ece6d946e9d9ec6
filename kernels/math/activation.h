/* exp, sigmoid and tanh in float32, branch-free, from fma, division and integer operations.
 *
 * Method: v = n ln 2 + r, |r| <= ln2/2 (Cody and Waite, two constants, fused); expm1(r) = r + r^2 q(r), q of
 * degree 4, minimax in relative error (0.24 of 2^-24); 2^n by its exponent field.
 *     exp(v) = 2^n + 2^n expm1(r)      sigmoid(x) = 1/(1 + exp(-x))
 *     tanh(x) = sign(x) (-m)/(m + 2), m = expm1(-2|x|)
 * Class ulp: exp 2, sigmoid 3, tanh 3 ulp of the exact value; over all 2^32 arguments 1.035, 2.481 and 2.499 at most
 * (docs/NUMERICS.md; tests/exhaustive/test_activation.c). NaN stays NaN; exp saturates at its argument's clamp,
 * [-87.3, 88.3], and with it sigmoid below -88.3. */
#ifndef GNT_MATH_ACTIVATION_H
#define GNT_MATH_ACTIVATION_H

#include "lane32.h"

/* 2^n and expm1(r) of v = n ln 2 + r, -87.4 <= v <= 88.4. */
typedef struct gnt_exp_parts {
    gnt_f32 power, rest;
} gnt_exp_parts;

GNT_FN gnt_exp_parts gnt_f32_exp_parts(gnt_f32 v)
{
    gnt_f32 shifter = gnt_f32_splat(12582912.0f); /* 1.5 2^23: adding it rounds to an integer in the low bits */
    gnt_f32 shifted = gnt_f32_fma(v, gnt_f32_splat(0x1.715476p+0f), shifter);
    gnt_f32 n = shifted - shifter;
    gnt_f32 r = gnt_f32_fma(n, gnt_f32_splat(-0x1.62e4p-1f), v);
    r = gnt_f32_fma(n, gnt_f32_splat(-0x1.7f7d1cp-20f), r);
    gnt_f32 q = gnt_f32_fma(gnt_f32_splat(0x1.6c62eap-10f), r, gnt_f32_splat(0x1.122414p-7f));
    q = gnt_f32_fma(q, r, gnt_f32_splat(0x1.5555aep-5f));
    q = gnt_f32_fma(q, r, gnt_f32_splat(0x1.5554b6p-3f));
    q = gnt_f32_fma(q, r, gnt_f32_splat(0.5f));
    gnt_exp_parts parts;
    /* unsigned: a NaN's payload may carry beyond the top bit */
    parts.power = gnt_f32_from_bits((gnt_i32)(((gnt_u32)gnt_f32_bits(shifted) << 23) + 0x3F800000u));
    parts.rest = gnt_f32_fma(r * r, q, r);
    return parts;
}

GNT_FN gnt_f32 gnt_f32_exp(gnt_f32 v)
{
    v = gnt_f32_min(gnt_f32_splat(88.3f), gnt_f32_max(gnt_f32_splat(-87.3f), v));
    gnt_exp_parts e = gnt_f32_exp_parts(v);
    return gnt_f32_fma(e.power, e.rest, e.power);
}

/* What 1 is divided by. */
GNT_FN gnt_f32 gnt_f32_sigmoid_below(gnt_f32 x)
{
    return gnt_f32_splat(1) + gnt_f32_exp(-x);
}

GNT_FN gnt_f32 gnt_f32_sigmoid(gnt_f32 x)
{
    return gnt_f32_splat(1) / gnt_f32_sigmoid_below(x);
}

/* |tanh| = over / below, 0 <= over <= 1 <= below <= 2; below is 2 wherever over < 2^-25. */
typedef struct gnt_tanh_parts {
    gnt_f32 over, below;
    gnt_i32 sign;
} gnt_tanh_parts;

GNT_FN gnt_tanh_parts gnt_f32_tanh_parts(gnt_f32 x)
{
    gnt_f32 v = gnt_f32_from_bits(gnt_f32_bits(x) | (int32_t)0x80000000) * gnt_f32_splat(2);
    gnt_exp_parts e = gnt_f32_exp_parts(gnt_f32_max(gnt_f32_splat(-40), v));
    gnt_f32 m = gnt_f32_fma(e.power, e.rest, e.power - gnt_f32_splat(1));
    gnt_tanh_parts parts;
    parts.over = -m;
    parts.below = m + gnt_f32_splat(2);
    parts.sign = gnt_f32_bits(x) & (int32_t)0x80000000;
    return parts;
}

GNT_FN gnt_f32 gnt_f32_tanh_of(gnt_f32 quotient, gnt_i32 sign)
{
    return gnt_f32_from_bits((gnt_f32_bits(quotient) & 0x7FFFFFFF) | sign);
}

GNT_FN gnt_f32 gnt_f32_tanh(gnt_f32 x)
{
    gnt_tanh_parts parts = gnt_f32_tanh_parts(x);
    return gnt_f32_tanh_of(parts.over / parts.below, parts.sign);
}

#endif
