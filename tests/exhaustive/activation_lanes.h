/* activate_generic, activate_avx2, activate_avx512: y[i] = f(x[i]) for n numbers, n a multiple of 16. */
#ifndef GNT_TEST_ACTIVATION_LANES_H
#define GNT_TEST_ACTIVATION_LANES_H

#include <stddef.h>

typedef enum activation { EXP, SIGMOID, TANH, N_ACTIVATIONS } activation;
typedef void activate_fn(activation which, const float *x, size_t n, float *y);

#define GNT_ACTIVATE_(simd) activate_##simd
#define GNT_ACTIVATE(simd) GNT_ACTIVATE_(simd)
activate_fn activate_generic, activate_avx2, activate_avx512;

#endif
