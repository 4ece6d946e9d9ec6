/* Architectures, weights and windows that the tests of forward and training share. */
#ifndef GNT_TEST_LSTM_CASE_H
#define GNT_TEST_LSTM_CASE_H

#include <stdlib.h>
#include <string.h>

#include "kernels/kernels.h"

typedef struct lstm_case {
    const char *name;
    gnt_net net;
} lstm_case;

/* Every kind of layer stack and pooling; sizes that are no multiple of a vector. */
static const lstm_case lstm_kinds[] = {
    {"1 layer", {3, 4, 5, 1, false, GNT_POOL_LAST, 0}},
    {"2 layers", {3, 4, 5, 2, false, GNT_POOL_LAST, 0}},
    {"3 layers", {4, 3, 3, 3, false, GNT_POOL_LAST, 0}},
    {"bidirectional", {3, 4, 3, 2, true, GNT_POOL_LAST, 0}},
    {"final", {3, 4, 3, 2, true, GNT_POOL_FINAL, 0}},
    {"attention", {3, 4, 5, 1, false, GNT_POOL_ATTENTION, 3}},
    {"bidirectional attention", {3, 4, 3, 2, true, GNT_POOL_ATTENTION, 4}},
    {"one step", {2, 1, 4, 2, true, GNT_POOL_LAST, 0}},
};
#define N_KINDS (sizeof lstm_kinds / sizeof *lstm_kinds)

static inline double case_uniform(uint64_t *x)
{
    *x = *x * 6364136223846793005ULL + 1442695040888963407ULL;
    return ((double)(*x >> 11) + .5) * 0x1p-53;
}

/* Weights whose rows sum to about 1 in absolute value wherever they meet computed numbers, so that the worst-case
 * bound of the reference does not grow from step to step (docs/NUMERICS.md); larger where they meet exact inputs. */
static inline float *case_weights(const gnt_net *net, uint64_t seed)
{
    float *w = malloc(gnt_net_n_weights(net) * sizeof *w);
    if (!w) abort();
    for (size_t i = 0; i < gnt_net_n_tensors(net); i++) {
        gnt_tensor t;
        gnt_net_tensor(net, i, &t);
        bool head = strncmp(t.name, "fc.weight", 9) == 0 || strcmp(t.name, "attention.v") == 0;
        double scale = head ? 2.0 / (double)t.rows : t.cols == 1 ? 0.2 : 2.0 / (double)t.cols;
        if (strncmp(t.name, "lstm.weight_ih_l0", 17) == 0) scale = net->n_features < 8 ? 0.7 : 4.0 / net->n_features;
        for (size_t k = 0; k < t.rows * t.cols; k++) w[t.offset + k] = (float)((2 * case_uniform(&seed) - 1) * scale);
    }
    return w;
}

static inline double *case_doubles(const float *x, size_t n)
{
    double *d = malloc(n * sizeof *d);
    if (!d) abort();
    for (size_t i = 0; i < n; i++) d[i] = x[i];
    return d;
}

/* [n_rows][n_features] numbers in (-2, 2), and labels that follow from the last row's first feature. */
static inline float *case_panel(size_t n_rows, size_t n_features, uint64_t seed, uint8_t *up)
{
    float *x = malloc(n_rows * n_features * sizeof *x);
    if (!x) abort();
    for (size_t i = 0; i < n_rows * n_features; i++) x[i] = (float)(4 * case_uniform(&seed) - 2);
    for (size_t t = 0; up && t < n_rows; t++) up[t] = x[t * n_features] > 0;
    return x;
}

static const char *const case_simd[] = {"generic", "avx2", "avx512"};
#define N_SIMD (sizeof case_simd / sizeof *case_simd)

/* NULL when this processor lacks the instruction set. */
static inline gnt_device *case_device(unsigned threads, const char *simd)
{
    gnt_device *dev = NULL;
    gnt_status st = gnt_cpu_ops()->open(threads, simd, &dev);
    if (st && st != GNT_EDEVICE) abort();
    return dev;
}

/* Logits of rows by a model packed for the call. */
static inline void case_forward(gnt_device *dev, const gnt_net *net, const float *weights, gnt_precision precision,
                                gnt_panel panel, gnt_rows rows, float *logit)
{
    gnt_packed *packed = NULL;
    if (gnt_cpu_ops()->pack(dev, net, weights, precision, &packed)) abort();
    const gnt_packed *models[1] = {packed};
    if (gnt_cpu_ops()->forward(dev, models, 1, panel, rows, logit)) abort();
    gnt_cpu_ops()->unpack(dev, packed);
}

#endif
