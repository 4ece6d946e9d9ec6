/* Where a block's arrays lie in its work area (lstm.h). */
#include <string.h>

#include "kernels/cpu/lstm.h"

static size_t round_up(size_t n)
{
    return (n + 15) / 16 * 16;
}

static float *take(gnt_placer *p, size_t n_rows)
{
    return gnt_take(p, n_rows * GNT_BLOCK);
}

static void place_forward(gnt_block *b, const gnt_layout *layout, gnt_placer *p)
{
    size_t steps = layout->net.window, sequence = steps * layout->width;
    float *shared[2] = {NULL, NULL};
    b->x = take(p, steps * layout->net.n_features);
    for (size_t l = 0; l < layout->net.layers; l++) {
        if (b->training || l < 2) shared[l % 2] = take(p, sequence);
        b->sequence[l] = shared[l % 2];
    }
    float *cell = b->training ? NULL : take(p, layout->groups * GNT_GROUP_UNITS);
    for (size_t l = 0; l < layout->net.layers; l++)
        for (size_t d = 0; d < layout->directions; d++) b->cell[l][d] = cell;
    for (size_t i = 0; i < 2; i++)
        b->half[i] = (uint32_t *)(void *)take(p, steps * layout->directions * layout->unit_pairs);
    b->energy = take(p, steps * layout->attention_groups * GNT_BLOCK);
    b->alpha = take(p, steps);
    b->pooled = take(p, layout->width);
}

static void place_training(gnt_block *b, const gnt_layout *layout, bool dropout, gnt_placer *p)
{
    size_t steps = layout->net.window, units = layout->groups * GNT_GROUP_UNITS;
    size_t turned = layout->groups > layout->attention_groups ? layout->groups : layout->attention_groups;
    for (size_t l = 0; l < layout->net.layers; l++) {
        for (size_t d = 0; d < layout->directions; d++) {
            b->gates[l][d] = take(p, steps * units * 4);
            b->cell[l][d] = take(p, steps * units);
            b->tanh_c[l][d] = take(p, steps * units);
        }
        bool dropped = dropout && l + 1 < layout->net.layers;
        b->mask[l] = dropped ? take(p, steps * layout->width) : NULL;
        if (l == 0) b->input[l] = b->x;
        if (l + 1 < layout->net.layers) b->input[l + 1] = dropped ? take(p, steps * layout->width) : b->sequence[l];
    }
    b->d_sequence[0] = take(p, steps * layout->width);
    b->d_sequence[1] = take(p, steps * layout->width);
    b->d_hidden = take(p, units);
    b->d_cell = take(p, units);
    b->d_pooled = take(p, layout->width);
    b->d_energy = take(p, steps * layout->attention_groups * GNT_BLOCK);
    b->d_score = take(p, steps);
    b->d_v = take(p, layout->attention_groups * GNT_BLOCK);
    b->turned = take(p, steps * turned * GNT_BLOCK);
}

size_t gnt_block_place(gnt_block *block, const gnt_layout *layout, bool training, bool dropout, float *base)
{
    gnt_placer p = {base, 0};
    memset(block, 0, sizeof *block);
    block->training = training;
    place_forward(block, layout, &p);
    if (training) place_training(block, layout, dropout, &p);
    return p.used;
}

size_t gnt_one_place(gnt_one *work, const gnt_layout *layout, float *base)
{
    gnt_placer p = {base, 0};
    size_t steps = layout->net.window, stride = round_up(layout->groups * GNT_GROUP_UNITS);
    size_t energies = layout->attention_groups * GNT_BLOCK;
    memset(work, 0, sizeof *work);
    work->stride = stride;
    work->z = layout->net.layers > 1 ? take(&p, steps * layout->groups) : NULL;
    for (size_t l = 0; l < 2 && l < layout->net.layers; l++)
        for (size_t d = 0; d < layout->directions; d++) work->h[l][d] = gnt_take(&p, steps * stride);
    work->c = take(&p, layout->groups);
    work->energy = gnt_take(&p, steps * energies);
    work->alpha = gnt_take(&p, steps);
    for (size_t d = 0; d < layout->directions; d++) work->pooled[d] = gnt_take(&p, stride);
    return p.used;
}
