/* Float64 oracle of the LSTM models of SPEC 4: forward, loss and all gradients, plain loops, one window at a time.
 *
 * Every number carries a bound of how far a float32 evaluation may lie from it (running error analysis, derived
 * in docs/NUMERICS.md): u = 2^-24 a rounding, n u sum |a b| a sum of n products in any order, 3 ulp an activation. */
#ifndef REF_LSTM_H
#define REF_LSTM_H

#include "kernels/kernels.h"

typedef struct ref_num {
    double v, e; /* value; bound of a float32 evaluation's distance from it */
} ref_num;

/* A sum in the making: any order of additions, each product fused or not. */
typedef struct ref_sum {
    double v, e, magnitude; /* sum of terms, of their bounds, of their absolute values */
    double n;               /* terms */
} ref_sum;
ref_num ref_sum_value(const ref_sum *sum);

typedef struct ref_lstm ref_lstm; /* work arrays of one architecture */
ref_lstm *ref_lstm_open(const gnt_net *net);
void ref_lstm_close(ref_lstm *ref);

/* From now on bounds are those of a bf16 evaluation: every weight and input of a layer's products is rounded to 8 bits.
 */
void ref_lstm_bf16(ref_lstm *ref);

/* From now on numbers are those of products in bfloat16: weights and inputs of a layer's products are themselves
 * rounded, and bounds are those of a tensor core and of approximate activations. Forward only. */
void ref_lstm_tensor(ref_lstm *ref);

/* weights: flat, kernels.h order. x [L][F]. mask [layers - 1][L][D]: dropout factors behind each layer; NULL: none. */
ref_num ref_lstm_logit(ref_lstm *ref, const double *weights, const double *x, const double *mask);

/* Adds the gradient of d_logit x logit of the window last given to ref_lstm_logit to gradient [n_weights]. */
void ref_lstm_gradient(ref_lstm *ref, const double *weights, ref_num d_logit, ref_sum *gradient);

/* BCE with logits and its derivative. */
double ref_bce(double logit, bool up, double pos_weight);
ref_num ref_bce_slope(ref_num logit, bool up, double pos_weight);

/* Dropout factor of element k of D at step s behind layer l for the window that ends at `row` (docs/NUMERICS.md). */
double ref_dropout(const gnt_net *net, double p, uint64_t seed, uint32_t epoch, uint32_t row, size_t l, size_t s,
                   size_t k);

/* One optimiser step in float64 on n weights: gradients already clipped; t is 1 for the first step. */
void ref_adam(const gnt_train_options *options, uint64_t t, size_t n, const double *gradient, double *weights,
              double *moment1, double *moment2);

#endif
