/* The three activations over arrays; compiled once for each instruction set. */
#include "tests/exhaustive/activation_lanes.h"
#include "kernels/math/activation.h"

void GNT_ACTIVATE(GNT_SIMD)(activation which, const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i += GNT_F32_LANES) {
        gnt_f32 v = gnt_f32_load(x + i);
        gnt_f32_store(y + i, which == EXP ? gnt_f32_exp(v) : which == SIGMOID ? gnt_f32_sigmoid(v) : gnt_f32_tanh(v));
    }
}
