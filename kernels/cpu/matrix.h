/* The three products an LSTM needs, over one packed matrix [group][k][16 outputs] and blocks of 16 windows.
 *
 *     chain      out[o][w] += sum over k of  weight[k][o] x[k][w]           vectors of windows, forward
 *     pull       dx[k][w]  += sum over j of  weight[k][j] d[j][w]           vectors of windows, backward to inputs
 *     outer      dW[k][o]   = sum over s, w of  x[s][k][w] d[s][w][o]       vectors of outputs, backward to weights
 *
 * Each sum is one serial fma chain in the order written, so instruction sets differ only in how many chains
 * they hold in registers. OUTS x VECS accumulators: 16 with AVX-512 (the weight is a broadcast operand of the
 * fma), 8 with AVX2, 16 short ones elsewhere. Class reduction. */
#ifndef GNT_MATRIX_H
#define GNT_MATRIX_H

#include "kernels/cpu/lstm.h"
#include "kernels/math/lane32.h"

#define VECS (GNT_BLOCK / GNT_F32_LANES)
#if GNT_F32_LANES == 16
#define OUTS 16
#else
#define OUTS 4
#endif
#define HOT static inline __attribute__((always_inline))

/* One row of 16 floats as vectors. */
typedef struct row16 {
    gnt_f32 v[VECS];
} row16;

HOT row16 row_load(const float *p)
{
    row16 r;
    for (int i = 0; i < VECS; i++) r.v[i] = gnt_f32_load(p + i * GNT_F32_LANES);
    return r;
}
HOT void row_store(float *p, row16 r)
{
    for (int i = 0; i < VECS; i++) gnt_f32_store(p + i * GNT_F32_LANES, r.v[i]);
}
HOT row16 row_splat(float x)
{
    row16 r;
    for (int i = 0; i < VECS; i++) r.v[i] = gnt_f32_splat(x);
    return r;
}
HOT row16 row_fma(float a, row16 b, row16 c)
{
    for (int i = 0; i < VECS; i++) c.v[i] = gnt_f32_fma(gnt_f32_splat(a), b.v[i], c.v[i]);
    return c;
}

/* acc[o] += sum over k < n of weight[k][o] x[k]; OUTS outputs from `weight` on. */
HOT void chain(row16 acc[OUTS], const float *weight, const float *x, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        row16 v = row_load(x + k * GNT_BLOCK);
#pragma GCC unroll 16
        for (int o = 0; o < OUTS; o++) acc[o] = row_fma(weight[k * GNT_BLOCK + o], v, acc[o]);
    }
}

/* n of the inputs k: dx[k] += sum over groups g and outputs j of weight[g][k][j] d[g][j]. group_stride in floats. */
HOT void pull_tile(const int n, const float *weight, size_t group_stride, const float *d, size_t n_groups, float *dx)
{
    row16 acc[OUTS];
#pragma GCC unroll 16
    for (int i = 0; i < n; i++) acc[i] = row_load(dx + i * GNT_BLOCK);
    for (size_t g = 0; g < n_groups; g++)
        for (size_t j = 0; j < GNT_BLOCK; j++) {
            row16 v = row_load(d + (g * GNT_BLOCK + j) * GNT_BLOCK);
#pragma GCC unroll 16
            for (int i = 0; i < n; i++) acc[i] = row_fma(weight[g * group_stride + i * GNT_BLOCK + j], v, acc[i]);
        }
#pragma GCC unroll 16
    for (int i = 0; i < n; i++) row_store(dx + i * GNT_BLOCK, acc[i]);
}

/* Runs tile(n) for the n inputs that are left, 1..OUTS, as a constant: its accumulators stay in registers, and as many
 * chains run side by side as there are inputs. */
#if OUTS == 16
#define REST_CASES(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)
#else
#define REST_CASES(X) X(1) X(2) X(3) X(4)
#endif
#define PRODUCT static __attribute__((noinline, unused))

PRODUCT void pull(const float *weight, size_t group_stride, const float *d, size_t n_groups, size_t n_k, float *dx)
{
    for (; n_k > OUTS; n_k -= OUTS, weight += OUTS * GNT_BLOCK, dx += OUTS * GNT_BLOCK)
        pull_tile(OUTS, weight, group_stride, d, n_groups, dx);
    switch (n_k) {
#define X(n)                                                 \
    case n:                                                  \
        pull_tile(n, weight, group_stride, d, n_groups, dx); \
        break;
        REST_CASES(X)
#undef X
    }
}

/* Input of step i is x + i x_step, gradients of its outputs d + i d_step: [16 windows][16 outputs]. */
typedef struct steps_view {
    const float *x, *d;
    ptrdiff_t x_step, d_step;
    size_t n;
} steps_view;

/* n of the inputs; with a bias also the sum of d: the weight of an input that is always 1. */
HOT void outer_tile(const int n, const bool with_bias, steps_view s, float *dw, float *bias)
{
    row16 acc[OUTS], sum = row_splat(0);
#pragma GCC unroll 16
    for (int i = 0; i < n; i++) acc[i] = row_splat(0);
    for (size_t step = 0; step < s.n; step++, s.x += s.x_step, s.d += s.d_step)
        for (size_t w = 0; w < GNT_BLOCK; w++) {
            row16 v = row_load(s.d + w * GNT_BLOCK);
#pragma GCC unroll 16
            for (int i = 0; i < n; i++) acc[i] = row_fma(s.x[i * GNT_BLOCK + w], v, acc[i]);
            if (with_bias)
                for (int i = 0; i < VECS; i++) sum.v[i] += v.v[i];
        }
#pragma GCC unroll 16
    for (int i = 0; i < n; i++) row_store(dw + i * GNT_BLOCK, acc[i]);
    if (with_bias) row_store(bias, sum);
}

/* dw [n_k][16] of one group, and where bias is given [16] the sum over steps and windows of d. */
PRODUCT void outer(steps_view s, size_t n_k, float *dw, float *bias)
{
    for (; n_k > OUTS; n_k -= OUTS, s.x += OUTS * GNT_BLOCK, dw += OUTS * GNT_BLOCK)
        outer_tile(OUTS, false, s, dw, NULL);
    switch (n_k) {
#define X(n)                                   \
    case n:                                    \
        if (bias)                              \
            outer_tile(n, true, s, dw, bias);  \
        else                                   \
            outer_tile(n, false, s, dw, NULL); \
        break;
        REST_CASES(X)
#undef X
    }
}

#endif
