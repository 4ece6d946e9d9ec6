/* Where packed weights lie (layout.h). */
#include <string.h>

#include "kernels/layout.h"

enum { WEIGHT_IH, WEIGHT_HH, BIAS_IH, BIAS_HH, PER_DIRECTION };

static size_t round_up(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* Reserves n floats at the running offset. */
static size_t reserve(size_t *offset, size_t n)
{
    size_t at = *offset;
    *offset += round_up(n);
    return at;
}

void gnt_layout_init(gnt_layout *layout, const gnt_net *net)
{
    memset(layout, 0, sizeof *layout);
    layout->net = *net;
    layout->directions = net->bidirectional ? 2 : 1;
    layout->width = net->hidden * layout->directions;
    layout->groups = (net->hidden + GNT_GROUP_UNITS - 1) / GNT_GROUP_UNITS;
    layout->attention_groups = net->pool == GNT_POOL_ATTENTION ? round_up(net->attention) / GNT_BLOCK : 0;
    size_t at = 0, outputs = layout->groups * GNT_BLOCK;
    for (size_t l = 0; l < net->layers; l++) {
        layout->inputs[l] = l == 0 ? net->n_features : layout->width;
        for (size_t d = 0; d < layout->directions; d++) {
            layout->weight[l][d] = reserve(&at, outputs * (layout->inputs[l] + net->hidden));
            layout->bias_ih[l][d] = reserve(&at, outputs);
            layout->bias_hh[l][d] = reserve(&at, outputs);
        }
    }
    layout->attention_weight = reserve(&at, layout->attention_groups * layout->width * GNT_BLOCK);
    layout->attention_bias = reserve(&at, layout->attention_groups * GNT_BLOCK);
    layout->attention_v = reserve(&at, layout->attention_groups * GNT_BLOCK);
    layout->fc_weight = reserve(&at, layout->width);
    layout->fc_bias = reserve(&at, 1);
    layout->n_trained = at;
    for (size_t l = 0; l < net->layers; l++)
        for (size_t d = 0; d < layout->directions; d++) layout->bias[l][d] = reserve(&at, outputs);
    layout->n = at;
}

/* Packed place of row r, column 0 of the flat tensor i; the next column is *stride further. */
static size_t place(const gnt_layout *layout, size_t i, size_t r, size_t *stride)
{
    const gnt_net *net = &layout->net;
    size_t n_lstm = net->layers * layout->directions * PER_DIRECTION;
    *stride = GNT_BLOCK;
    if (i < n_lstm) {
        size_t l = i / (layout->directions * PER_DIRECTION), d = i / PER_DIRECTION % layout->directions;
        size_t gate = r / net->hidden, unit = r % net->hidden, k_all = layout->inputs[l] + net->hidden;
        size_t group = unit / GNT_GROUP_UNITS, out = unit % GNT_GROUP_UNITS * 4 + gate;
        switch (i % PER_DIRECTION) {
        case WEIGHT_IH:
            return layout->weight[l][d] + group * k_all * GNT_BLOCK + out;
        case WEIGHT_HH:
            return layout->weight[l][d] + (group * k_all + layout->inputs[l]) * GNT_BLOCK + out;
        case BIAS_IH:
            return layout->bias_ih[l][d] + group * GNT_BLOCK + out;
        default:
            return layout->bias_hh[l][d] + group * GNT_BLOCK + out;
        }
    }
    i -= n_lstm;
    if (net->pool == GNT_POOL_ATTENTION) {
        if (i == 0) return layout->attention_weight + r / GNT_BLOCK * layout->width * GNT_BLOCK + r % GNT_BLOCK;
        if (i <= 2) return (i == 1 ? layout->attention_bias : layout->attention_v) + r;
        i -= 3;
    }
    return i == 0 ? layout->fc_weight + r : layout->fc_bias;
}

/* Copies every parameter between its two places: into `packed` when `flat_in` is there, else into `flat`. */
static void transfer(const gnt_layout *layout, float *flat, const float *flat_in, float *packed, const float *packed_in)
{
    size_t n_tensors = gnt_net_n_tensors(&layout->net);
    for (size_t i = 0; i < n_tensors; i++) {
        gnt_tensor t;
        gnt_net_tensor(&layout->net, i, &t);
        for (size_t r = 0; r < t.rows; r++) {
            size_t stride, at = place(layout, i, r, &stride), from = t.offset + r * t.cols;
            for (size_t c = 0; c < t.cols; c++, at += stride) {
                if (flat_in)
                    packed[at] = flat_in[from + c];
                else
                    flat[from + c] = packed_in[at];
            }
        }
    }
}

void gnt_layout_pack(const gnt_layout *layout, const float *flat, float *packed)
{
    transfer(layout, NULL, flat, packed, NULL);
    gnt_layout_derive(layout, packed);
}

void gnt_layout_unpack(const gnt_layout *layout, const float *packed, float *flat)
{
    transfer(layout, flat, NULL, NULL, packed);
}

void gnt_layout_derive(const gnt_layout *layout, float *packed)
{
    size_t outputs = layout->groups * GNT_BLOCK;
    for (size_t l = 0; l < layout->net.layers; l++)
        for (size_t d = 0; d < layout->directions; d++)
            for (size_t j = 0; j < outputs; j++)
                packed[layout->bias[l][d] + j] = packed[layout->bias_ih[l][d] + j] + packed[layout->bias_hh[l][d] + j];
}

size_t gnt_lstm_steps(const gnt_net *net, size_t layer, size_t direction)
{
    bool first_only = direction == 1 && net->pool == GNT_POOL_LAST && layer + 1 == net->layers;
    return first_only ? 1 : net->window;
}
