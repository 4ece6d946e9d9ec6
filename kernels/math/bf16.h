/* float32 to bfloat16: 8 exponent bits, 8 significant bits, the upper half of a float32. */
#ifndef GNT_MATH_BF16_H
#define GNT_MATH_BF16_H

#include <stdint.h>
#include <string.h>

#include "fn.h"

/* Nearest bfloat16, ties to even, as vcvtne2ps2bf16 and cvt.rn.bf16 round normal numbers; NaN stays NaN. */
GNT_FN uint32_t gnt_bf16_nearest(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return 0x7FFFu;
    return (bits + 0x7FFFu + (bits >> 16 & 1)) >> 16;
}

/* The same, a denormal as zero: how vdpbf16ps reads one. */
GNT_FN uint32_t gnt_bf16_flushed(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (bits & 0x7F800000u) ? gnt_bf16_nearest(x) : bits >> 16 & 0x8000u;
}

#endif
