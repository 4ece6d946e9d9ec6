/* Where the numbers of a packed model lie, in every backend.
 *
 * Matrices are cut into groups of 16 outputs, [group][k][16]; for the gates a group is 4 units times their gates
 * i f g o, input rows first, then recurrent. Missing units and outputs have zero weights. Windows are taken in blocks
 * of 16 as well: a block's gradient stands alone, so its size shows in the bits of training (docs/NUMERICS.md). */
#ifndef GNT_LAYOUT_H
#define GNT_LAYOUT_H

#include "kernels/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GNT_BLOCK 16      /* windows in a block, outputs in a group */
#define GNT_GROUP_UNITS 4 /* units in a group of gates */
#define GNT_MAX_DIRECTIONS 2

/* Offsets into a model's packed weights, in floats; every part begins on a cache line. */
typedef struct gnt_layout {
    gnt_net net;
    size_t directions, width;                          /* 1 or 2; D = hidden x directions */
    size_t groups, attention_groups;                   /* of one direction's gates; of the attention's rows */
    size_t inputs[GNT_MAX_LAYERS];                     /* of each layer */
    size_t weight[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS]; /* [groups][inputs + hidden][16] */
    size_t bias_ih[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS], bias_hh[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS]; /* [groups][16] */
    size_t attention_weight, attention_bias, attention_v; /* [attention_groups][D][16], [..][16], [..][16] */
    size_t fc_weight, fc_bias;                            /* [D], [1] */
    size_t n_trained;                                     /* floats up to here are parameters */
    size_t bias[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS];      /* derived: bias_ih + bias_hh */
    /* bf16 only (bf16.h), else 0: pairs of a layer's inputs, of one direction's units; their weights, derived */
    size_t input_pairs[GNT_MAX_LAYERS], unit_pairs;
    size_t pairs[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS]; /* [groups][input_pairs + unit_pairs][16] */
    size_t n;                                         /* all floats, a multiple of 16 */
} gnt_layout;

void gnt_layout_init(gnt_layout *layout, const gnt_net *net);
/* Flat PyTorch order (kernels.h) to packed and back; packing leaves padding as it is (zeroed by the owner) and
 * also fills what is derived. */
void gnt_layout_pack(const gnt_layout *layout, const float *flat, float *packed);
void gnt_layout_unpack(const gnt_layout *layout, const float *packed, float *flat);
void gnt_layout_derive(const gnt_layout *layout, float *packed);

/* Steps a direction of a layer runs: all, but one where only the first of them is looked at. */
size_t gnt_lstm_steps(const gnt_net *net, size_t layer, size_t direction);

/* Cuts one allocation into arrays, each on its own cache line; base NULL: only adds up what is needed. */
typedef struct gnt_placer {
    float *base;
    size_t used; /* floats */
} gnt_placer;
static inline float *gnt_take(gnt_placer *p, size_t n_floats)
{
    float *at = p->base ? p->base + p->used : NULL;
    p->used += (n_floats + 15) / 16 * 16;
    return at;
}

#ifdef __cplusplus
}
#endif

#endif
