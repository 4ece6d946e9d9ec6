/* Every float32 there is through exp, sigmoid and tanh of kernels/math/activation.h, in every instruction set:
 * the error in ulp against the C library in float64, the same bits in each set, NaN for NaN.
 * usage: test_activation exp|sigmoid|tanh [STRIDE]     one in STRIDE bit patterns, all of them unless said */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/exhaustive/activation_lanes.h"

#define CHUNK 4096
#define SHARE_WITHOUT_FMA 16 /* where fma is computed in float64 only one chunk in so many is visited */

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Outside [low, high] the value stays that at the limit (kernels/math/activation.h). */
static const struct {
    const char *name;
    double (*exact)(double x);
    float low, high;
    double limit; /* ulp, as stated */
} rows[N_ACTIVATIONS] = {
    [EXP] = {"exp", exp, -87.3f, 88.3f, 2},
    [SIGMOID] = {"sigmoid", sigmoid, -88.3f, INFINITY, 3},
    [TANH] = {"tanh", tanh, -INFINITY, INFINITY, 3},
};

/* 1 / size of the float32 unit in the last place at v. */
static double per_ulp(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    bits = (uint64_t)(1023 + 23 - (exponent > -126 ? exponent : -126)) << 52;
    memcpy(&v, &bits, sizeof v);
    return v;
}

typedef struct finding {
    double worst; /* ulp */
    float at;
    uint64_t visited, wrong;
} finding;

static void wrong(finding *f, const char *what, float x, float y)
{
    if (f->wrong++ < 10) printf("not ok - %s at %a: %a\n", what, x, y);
}

static void check(activation which, const float *x, const float *y, finding *f)
{
    for (size_t i = 0; i < CHUNK; i++) {
        if (isnan(x[i])) {
            if (!isnan(y[i])) wrong(f, "NaN became a number", x[i], y[i]);
            continue;
        }
        float at = x[i] < rows[which].low ? rows[which].low : x[i] > rows[which].high ? rows[which].high : x[i];
        double want = rows[which].exact(at), error = fabs((double)y[i] - want) * per_ulp(want);
        if (!(error <= f->worst)) {
            f->worst = error;
            f->at = x[i];
        }
        if (!(error <= rows[which].limit)) wrong(f, "beyond the stated ulp", x[i], y[i]);
        if (which == TANH && signbit(x[i]) != signbit(y[i])) wrong(f, "the sign", x[i], y[i]);
    }
}

static void same_bits(activate_fn *other, activation which, const float *x, const float *y, finding *f)
{
    static float z[CHUNK];
    other(which, x, CHUNK, z);
    for (size_t i = 0; i < CHUNK; i++)
        if (memcmp(&y[i], &z[i], sizeof z[i]) != 0 && !(isnan(y[i]) && isnan(z[i])))
            wrong(f, "another instruction set differs", x[i], z[i]);
}

int main(int argc, char **argv)
{
    static float x[CHUNK], y[CHUNK];
    int which = 0, n_sets = 1;
    while (which < N_ACTIVATIONS && !(argc > 1 && strcmp(argv[1], rows[which].name) == 0)) which++;
    uint64_t stride = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (which == N_ACTIVATIONS || argc > 3 || stride < 1) {
        fprintf(stderr, "usage: test_activation exp|sigmoid|tanh [STRIDE]\n");
        return 2;
    }
    activate_fn *sets[3] = {activate_generic};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets[n_sets++] = activate_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        sets[n_sets++] = activate_avx512;
#endif
    finding f = {0};
    for (uint64_t bits = 0, chunk = 0; bits < UINT64_C(1) << 32; chunk++) {
        for (size_t i = 0; i < CHUNK; i++, bits += stride) {
            uint32_t pattern = bits < UINT64_C(1) << 32 ? (uint32_t)bits : UINT32_MAX;
            memcpy(&x[i], &pattern, sizeof pattern);
        }
        sets[n_sets - 1]((activation)which, x, CHUNK, y);
        check((activation)which, x, y, &f);
        f.visited += CHUNK;
        for (int s = 0; s < n_sets - 1; s++)
            if (s > 0 || chunk % SHARE_WITHOUT_FMA == 0) same_bits(sets[s], (activation)which, x, y, &f);
    }
    printf("%s - %s: %.4f ulp at most, at %a, of %g stated; %llu inputs, %d instruction sets\n",
           f.wrong ? "not ok" : "ok", rows[which].name, f.worst, f.at, rows[which].limit, (unsigned long long)f.visited,
           n_sets);
    return f.wrong ? 1 : 0;
}
