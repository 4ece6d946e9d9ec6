/* exp, sigmoid and tanh of kernels/math/activation.h against float64, over floats of every exponent. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "kernels/math/activation.h"
#include "tests/test.h"

/* One in so many floats is visited; a prime, so that the low bits vary. */
#define STRIDE 1021u

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Size of the float32 unit in the last place at v. */
static double ulp(double v)
{
    int exponent;
    frexp(fabs(v), &exponent);
    return ldexp(1, exponent - 24 > -149 ? exponent - 24 : -149);
}

typedef gnt_f32 vector_fn(gnt_f32 x);
typedef double scalar_fn(double x);

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Largest error in ulp over |x| in [from, to], both signs. */
static double largest(vector_fn *f, scalar_fn *exact, float from, float to)
{
    uint32_t a, b;
    double worst = 0;
    memcpy(&a, &from, sizeof a);
    memcpy(&b, &to, sizeof b);
    for (uint32_t bits = a; bits <= b; bits += STRIDE)
        for (int sign = 0; sign < 2; sign++) {
            float x = float_of(bits | (uint32_t)sign << 31);
            double want = exact(x), error = fabs((double)f(gnt_f32_splat(x))[0] - want) / ulp(want);
            if (!(error <= worst)) worst = error;
        }
    return worst;
}

static void activations_are_within_their_ulp(void **state)
{
    (void)state;
    const struct {
        const char *name;
        vector_fn *f;
        scalar_fn *exact;
        float to;
        double limit;
    } rows[] = {
        {"exp", gnt_f32_exp, exp, 87, 2},
        {"sigmoid", gnt_f32_sigmoid, sigmoid, 87, 3},
        {"tanh", gnt_f32_tanh, tanh, 1e6f, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double worst = largest(rows[i].f, rows[i].exact, 1e-30f, rows[i].to);
        print_message("%s: %.3f ulp of %g\n", rows[i].name, worst, rows[i].limit);
        if (!(worst <= rows[i].limit)) fail_msg("%s: %.3f ulp, stated %g", rows[i].name, worst, rows[i].limit);
    }
}

static void special_arguments(void **state)
{
    (void)state;
    assert_true(isnan(gnt_f32_exp(gnt_f32_splat(NAN))[0]));
    assert_true(isnan(gnt_f32_sigmoid(gnt_f32_splat(NAN))[0]));
    assert_true(isnan(gnt_f32_tanh(gnt_f32_splat(NAN))[0]));
    assert_true(gnt_f32_sigmoid(gnt_f32_splat(INFINITY))[0] == 1);
    assert_true(gnt_f32_sigmoid(gnt_f32_splat(-INFINITY))[0] < 1e-38f);
    assert_true(gnt_f32_tanh(gnt_f32_splat(INFINITY))[0] == 1);
    assert_true(gnt_f32_tanh(gnt_f32_splat(-INFINITY))[0] == -1);
    assert_true(gnt_f32_tanh(gnt_f32_splat(0))[0] == 0);
    assert_true(signbit(gnt_f32_tanh(gnt_f32_splat(-0.0f))[0]));
}

/* The fused multiply-add made of float64 arithmetic equals the C library's, cancellation and ties included. */
static void fused_multiply_add_rounds_once(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 400000; i++) {
        float v[3];
        for (int k = 0; k < 3; k++) {
            seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
            v[k] = float_of((uint32_t)(seed >> 32 & 0x807fffff) | (uint32_t)(100 + (seed >> 20) % 55) << 23);
        }
        if (i % 3 == 0) v[2] = -v[0] * v[1];
        if (i % 3 == 1) v[2] = float_of((uint32_t)(seed & 0x80000000) | (uint32_t)(127 + i % 40) << 23);
        float got = gnt_f32_fma(gnt_f32_splat(v[0]), gnt_f32_splat(v[1]), gnt_f32_splat(v[2]))[0];
        float want = fmaf(v[0], v[1], v[2]);
        if (memcmp(&got, &want, sizeof got) != 0)
            fail_msg("fma(%a, %a, %a) = %a, want %a", v[0], v[1], v[2], got, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_are_within_their_ulp),
        cmocka_unit_test(special_arguments),
        cmocka_unit_test(fused_multiply_add_rounds_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
