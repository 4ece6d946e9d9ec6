/* optimiser.c: sum of blocks' gradients, its norm, and the Adam step.
 *
 * idea     elementwise, so the compiler's vectors give the same bits for any width: no fma here, sums of squares in
 *          16 float64 columns that are added in order.
 * source   torch.optim.Adam, AdamW (single-tensor form), torch.nn.utils.clip_grad_norm_
 * class    reduction (the sums); the step itself rounds as PyTorch's float32 operations do */
#include <math.h>

#include "kernels/cpu/lstm.h"

#define COLUMNS 16

gnt_reduce_fn GNT_SIMD_NAME(gnt_reduce);
double GNT_SIMD_NAME(gnt_reduce)(const float *gradients, size_t stride, size_t n_gradients, size_t n, bool first,
                                 float *sum)
{
    double column[COLUMNS] = {0}, squares = 0;
    for (size_t i = 0; i < n; i += COLUMNS) {
        float total[COLUMNS];
        for (size_t j = 0; j < COLUMNS; j++) total[j] = first ? 0 : sum[i + j];
        for (size_t g = 0; g < n_gradients; g++)
            for (size_t j = 0; j < COLUMNS; j++) total[j] += gradients[g * stride + i + j];
        for (size_t j = 0; j < COLUMNS; j++) {
            sum[i + j] = total[j];
            column[j] += (double)total[j] * total[j];
        }
    }
    for (size_t j = 0; j < COLUMNS; j++) squares += column[j];
    return squares;
}

gnt_adam_fn GNT_SIMD_NAME(gnt_adam_step);
void GNT_SIMD_NAME(gnt_adam_step)(const gnt_adam *adam, size_t n, const float *restrict gradient,
                                  float *restrict weights, float *restrict moment1, float *restrict moment2)
{
    const gnt_adam a = *adam;
    for (size_t i = 0; i < n; i++) {
        float w = weights[i] * a.keep, g = gradient[i] * a.clip + weights[i] * a.decay;
        float m = moment1[i] + (g - moment1[i]) * a.rate1;
        float v = moment2[i] * a.keep2 + a.rate2 * g * g;
        moment1[i] = m;
        moment2[i] = v;
        weights[i] = w - a.step * m / (sqrtf(v) / a.root_correction + a.eps);
    }
}
