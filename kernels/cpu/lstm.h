/* The LSTM on the CPU, from inside: the work area of one block, the kernels' table.
 *
 * A block is 16 windows; every array of a block has the window as its last index, so a vector holds one number
 * of several windows. A dot product is one serial fma chain over k (bias, input, recurrent), hence the same bits
 * for any instruction set and any split of windows into blocks.
 */
#ifndef GNT_LSTM_H
#define GNT_LSTM_H

#include "kernels/cpu/cpu.h"
#include "kernels/layout.h"

struct gnt_packed {
    gnt_layout layout;
    float *weights;                         /* [layout.n], owned */
    const struct gnt_lstm_kernels *kernels; /* of its device and precision */
};

/* Work area of one block. Pointers marked T are there in training only, one per layer or direction. */
typedef struct gnt_block {
    float *x;       /* [L][F][16] inputs, by gnt_lstm_kernels.gather; or z below */
    const float *z; /* projected bars [directions][groups x 16][z_stride], window w at element w;
                       NULL: from x */
    size_t z_stride;
    float *sequence[GNT_MAX_LAYERS]; /* [L][D][16] outputs of each layer (two shared areas when not training) */
    float *input[GNT_MAX_LAYERS];    /* T [L][inputs][16] what the layer read: x, or the layer below after dropout */
    float *mask[GNT_MAX_LAYERS];     /* T [L][D][16] dropout factors behind layer l; NULL: no dropout */
    float *gates[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS];  /* T [L][groups x 16][16] after activation */
    float *cell[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS];   /* T [L][groups x 4][16]; else one [groups x 4][16] */
    float *tanh_c[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS]; /* T as cell */
    uint32_t *half[2];                                 /* bf16: [L][directions x unit_pairs][16] outputs of layers */
    float *energy;                                     /* [L][attention_groups x 16][16] tanh(W h + b) */
    float *alpha;                                      /* [L][16] attention weights */
    float *pooled;                                     /* [D][16] */
    float *d_sequence[2];     /* T [L][D][16] gradients of a layer's outputs and of its inputs */
    float *d_hidden, *d_cell; /* T [groups x 4][16] */
    float *d_pooled;          /* T [D][16] */
    float *d_energy;          /* T [L][attention_groups x 16][16] */
    float *d_score, *d_v;     /* T [L][16]; [attention_groups x 16][16], of each window */
    float *turned;            /* T [L][groups or attention_groups][16 windows][16 outputs] */
    float logit[GNT_BLOCK];
    bool training;
} gnt_block;

/* Lays a block's arrays out from `base` on (64-byte aligned); returns the floats it takes. base NULL: size only. */
size_t gnt_block_place(gnt_block *block, const gnt_layout *layout, bool training, bool dropout, float *base);

/* Work area of one window alone (lstm_one.c); here a vector holds several outputs of one window. */
typedef struct gnt_one {
    size_t stride;                     /* units of a direction, whole vectors */
    float *z;                          /* [L][groups x 16] input part of the gates, one direction */
    float *h[2][GNT_MAX_DIRECTIONS];   /* [L][stride] outputs of the even and of the odd layers */
    float *c;                          /* [tiles of groups][16], in the kernel's own order of units */
    float *energy;                     /* [L][attention_groups x 16] */
    float *alpha;                      /* [L] */
    float *pooled[GNT_MAX_DIRECTIONS]; /* [stride] */
} gnt_one;

/* As gnt_block_place. */
size_t gnt_one_place(gnt_one *work, const gnt_layout *layout, float *base);

/* ---- what is compiled for each instruction set; windows of a block: row[w] is the last bar of window w ------- */

/* x [n_steps][F][16]: bar row[w] - (n_steps - 1) + s of the panel, feature k, window w; bars clamped to the panel. */
typedef void gnt_gather_fn(gnt_panel panel, const uint32_t row[GNT_BLOCK], size_t n_steps, float *x);

/* block->logit from block->x or z (and masks). */
typedef void gnt_lstm_forward_fn(const gnt_layout *layout, const float *packed, gnt_block *block);

/* Gradient [layout.n_trained] of the sum over windows of d_logit[w] logit[w], after a training forward. */
typedef void gnt_lstm_backward_fn(const gnt_layout *layout, const float *packed, gnt_block *block,
                                  const float d_logit[GNT_BLOCK], float *gradient);

/* Dropout factors behind layer `layer`: 0 or 1/(1-p) from one Philox word an element, word e mod 4 of block e/4,
 * e = (layer L + s) D + k, stream 104, replicate = epoch 2^32 + row. mask [L][D][16]. */
typedef void gnt_dropout_fn(const gnt_layout *layout, double p, uint64_t seed, uint32_t epoch,
                            const uint32_t row[GNT_BLOCK], size_t layer, float *mask);

/* sum[i] = (first ? 0 : sum[i]) + gradients 0, 1, .. of n_gradients [stride] each, in this order, for n numbers;
 * returns the sum of squares of the result, in float64 and a fixed order. */
typedef double gnt_reduce_fn(const float *gradients, size_t stride, size_t n_gradients, size_t n, bool first,
                             float *sum);

/* One step of PyTorch's Adam or AdamW on n numbers; every factor already rounded to float32. */
typedef struct gnt_adam {
    float clip;                       /* factor on the gradient */
    float decay, keep;                /* Adam: weight_decay; AdamW: 1 - lr weight_decay */
    float rate1, keep2, rate2;        /* 1 - beta1, beta2, 1 - beta2 */
    float step, root_correction, eps; /* lr / (1 - beta1^t), sqrt(1 - beta2^t) */
} gnt_adam;
typedef void gnt_adam_fn(const gnt_adam *adam, size_t n, const float *gradient, float *weights, float *moment1,
                         float *moment2);

typedef struct gnt_lstm_kernels {
    gnt_gather_fn *gather;
    /* Bias and input part of the first layer's gates for 16 bars x [F][16] -> z[d][j][w]. */
    void (*project)(const gnt_layout *layout, const float *packed, const float *x, float *z, size_t stride);
    gnt_lstm_forward_fn *forward;
    gnt_lstm_forward_fn *head; /* forward's end: block->logit from the last layer's sequence */
    gnt_lstm_backward_fn *backward;
    gnt_dropout_fn *dropout;
    gnt_reduce_fn *reduce;
    gnt_adam_fn *adam;
} gnt_lstm_kernels;

const gnt_lstm_kernels *gnt_lstm_kernels_of(gnt_simd simd);

typedef struct gnt_one_kernels {
    /* Bias and input part of the first layer's gates for bars x [n_rows][F] -> z [directions][n_rows][groups x 16]. */
    void (*project)(const gnt_layout *layout, const float *packed, const float *x, size_t n_rows, float *z);
    /* The logit of the window whose first bar is at z; directions of z are z_stride floats apart. */
    float (*forward)(const gnt_layout *layout, const float *packed, const float *z, size_t z_stride, gnt_one *work);
} gnt_one_kernels;

const gnt_one_kernels *gnt_one_kernels_of(gnt_simd simd);

#endif
