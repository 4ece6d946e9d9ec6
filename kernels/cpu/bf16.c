/* bf16.c: where a bf16 model's pairs lie, and their making from the float32 weights when a model is packed (bf16.h). */
#include "kernels/cpu/bf16.h"
#include "kernels/math/bf16.h"

static size_t n_pairs(size_t n)
{
    return (n + 1) / 2;
}

void gnt_bf16_extend(gnt_layout *layout)
{
    const gnt_net *net = &layout->net;
    layout->unit_pairs = n_pairs(net->hidden);
    for (size_t l = 0; l < net->layers; l++) {
        layout->input_pairs[l] = l == 0 ? n_pairs(net->n_features) : layout->directions * layout->unit_pairs;
        for (size_t d = 0; d < layout->directions; d++) {
            layout->pairs[l][d] = layout->n;
            layout->n += layout->groups * (layout->input_pairs[l] + layout->unit_pairs) * GNT_BLOCK;
        }
    }
}

/* n rows [16] of float32 -> n_pairs(n) rows [16] of pairs; returns the end of the pairs. */
static uint32_t *round_rows(const float *row, size_t n, uint32_t *pair)
{
    for (size_t k = 0; k < n; k += 2, pair += GNT_BLOCK)
        for (size_t o = 0; o < GNT_BLOCK; o++) {
            uint32_t odd = k + 1 < n ? gnt_bf16_flushed(row[(k + 1) * GNT_BLOCK + o]) : 0;
            pair[o] = gnt_bf16_flushed(row[k * GNT_BLOCK + o]) | odd << 16;
        }
    return pair;
}

void gnt_bf16_round(const gnt_layout *layout, float *packed)
{
    size_t hidden = layout->net.hidden;
    for (size_t l = 0; l < layout->net.layers; l++)
        for (size_t d = 0; d < layout->directions; d++) {
            const float *row = packed + layout->weight[l][d];
            uint32_t *pair = (uint32_t *)(void *)(packed + layout->pairs[l][d]);
            size_t runs = l == 0 ? 1 : layout->directions, run = l == 0 ? layout->net.n_features : hidden;
            for (size_t g = 0; g < layout->groups; g++) {
                for (size_t e = 0; e < runs; e++, row += run * GNT_BLOCK) pair = round_rows(row, run, pair);
                pair = round_rows(row, hidden, pair);
                row += hidden * GNT_BLOCK;
            }
        }
}
