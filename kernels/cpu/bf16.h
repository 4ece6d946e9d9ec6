/* The bf16 form of a packed model: LSTM matrices and what they meet in bfloat16, two to a word.
 *
 * A pair holds two neighbouring numbers of k in one 32-bit word, the even one in the low half; an odd last one stands
 * beside a zero. Each direction's units are paired on their own. Pairs of weights are derived when a model is packed
 * and lie behind its float32 weights; biases, attention and the last linear unit stay float32. */
#ifndef GNT_BF16_H
#define GNT_BF16_H

#include "kernels/cpu/lstm.h"

/* Adds the pairs' places to a layout; then fills them from the float32 weights. */
void gnt_bf16_extend(gnt_layout *layout);
void gnt_bf16_round(const gnt_layout *layout, float *packed);

#if defined(__x86_64__)
/* gather, project and forward only: nothing trains in bf16. x is [L][input_pairs][16]. Needs AVX512-BF16. */
extern const gnt_lstm_kernels gnt_lstm_kernels_bf16;
#endif

#endif
