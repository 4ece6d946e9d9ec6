/* The divisions of kernels/cuda/cell.cuh, step by step in plain C: the nearest float for every divisor, whatever seed
 * an instruction of at most 1 ulp error gives. */
#include <math.h>
#include <stdio.h>

#include "kernels/math/activation.h"
#include "tests/test.h"

static float reciprocal(float x, float seed)
{
    return fmaf(seed, fmaf(-x, seed, 1), seed);
}

static float quotient(float a, float b, float seed)
{
    float r = reciprocal(b, seed), q = a * r;
    return fmaf(r, fmaf(-b, q, a), q);
}

/* 1 / x, one ulp below and above for side -1 and 1. */
static float seed_of(float x, int side)
{
    float r = 1 / x;
    return side == 0 ? r : nextafterf(r, side < 0 ? 0 : 2);
}

/* Every mantissa; powers of two only scale all of it while nothing leaves the range of normal numbers. */
static void a_corrected_seed_is_the_nearest_reciprocal(void **state)
{
    static const float scales[] = {1, 0x1p125f};
    (void)state;
    for (size_t s = 0; s < 2; s++)
        for (float x = 1; x < 2; x = nextafterf(x, 3)) {
            float y = x * scales[s], got = reciprocal(y, 1 / y);
            if (got != 1 / y) fail_msg("1 / %a: %a, nearest %a", y, got, 1 / y);
        }
}

/* The parts of tanh for every 61st argument up to where it is 1, small ones of every size, 0 and NaN. */
static void a_corrected_quotient_is_the_nearest_tanh(void **state)
{
    uint32_t first = 0x00000000, last = 0x41A00000; /* 0, 20 */
    (void)state;
    for (uint32_t bits = first; bits < last; bits += bits < 0x32000000 ? 100003 : 61) {
        gnt_tanh_parts parts = gnt_f32_tanh_parts(gnt_f32_from_bits((gnt_i32)gnt_f32_splat(0) + (int32_t)bits));
        float a = parts.over[0], b = parts.below[0];
        for (int side = -1; side <= 1; side++) {
            float got = quotient(a, b, seed_of(b, side));
            if (got != a / b) fail_msg("%a / %a with seed %+d: %a, nearest %a", a, b, side, got, a / b);
        }
        if (!(a >= 0 && a <= 1 && b >= 1 && b <= 2 && (b == 2 || a >= 0x1p-25f))) fail_msg("parts %a, %a", a, b);
    }
    gnt_tanh_parts parts = gnt_f32_tanh_parts(gnt_f32_splat(NAN));
    assert_true(isnan(quotient(parts.over[0], parts.below[0], 1 / parts.below[0])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_corrected_seed_is_the_nearest_reciprocal),
        cmocka_unit_test(a_corrected_quotient_is_the_nearest_tanh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
