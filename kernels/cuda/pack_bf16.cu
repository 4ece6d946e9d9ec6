/* pack_bf16.cu: the LSTM's weights of a bf16 model in the order in which the lanes of a warp read them.
 *
 * Vector [task][tile][pair p][lane] of a direction holds b[0], b[1] of columns 16 p .. 16 p + 7 and of the next 8
 * (mma.cuh: k = 2t, 2t+1 and 2t+8, 2t+9 of column g), so that a lane's weights of two products are one 16-byte read.
 * Rounded to nearest even, a denormal as zero, as on the CPU; missing units, inputs and hidden states are zero. */
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/bf16.cuh"
#include "kernels/math/bf16.h"

static uint32_t tiles(size_t n)
{
    return (uint32_t)((n + GNT_BF16_TILE - 1) / GNT_BF16_TILE);
}

void gnt_bf16_plan_init(gnt_bf16_plan *plan, const gnt_layout *layout)
{
    memset(plan, 0, sizeof *plan);
    plan->net = layout->net;
    plan->directions = (uint32_t)layout->directions;
    plan->tasks = tiles(layout->net.hidden);
    for (size_t l = 0; l < layout->net.layers; l++) {
        plan->x_tiles[l] = l ? plan->directions * plan->tasks : tiles(layout->net.n_features);
        uint32_t n = plan->tasks * (plan->x_tiles[l] + plan->tasks) * GNT_BF16_TILE_VECTORS;
        for (size_t d = 0; d < layout->directions; d++) {
            plan->weight[l][d] = plan->n_weights;
            plan->n_weights += n;
        }
        if (n > plan->n_most) plan->n_most = n;
        if (plan->x_tiles[l] > plan->x_most) plan->x_most = plan->x_tiles[l];
    }
}

size_t gnt_bf16_block_bytes(const gnt_bf16_plan *plan)
{
    return plan->tasks * GNT_BF16_COLUMNS * sizeof(float);
}

size_t gnt_bf16_slice_bytes(const gnt_bf16_plan *plan)
{
    size_t fragments = (plan->x_most + plan->tasks) * GNT_BF16_X_VECTORS * sizeof(uint4);
    return fragments + (plan->directions * plan->tasks + 1) * GNT_BF16_SLICE * sizeof(float);
}

/* A direction's row of k in the packed weights, -1 where there is none: tile `tile`, number k of it. */
static long source_row(const gnt_bf16_plan *plan, size_t l, size_t tile, size_t k)
{
    size_t hidden = plan->net.hidden, at = tile * GNT_BF16_TILE + k;
    if (l == 0 && tile < plan->x_tiles[0]) return at < plan->net.n_features ? (long)at : -1;
    size_t run = tile / plan->tasks, unit = tile % plan->tasks * GNT_BF16_TILE + k; /* a direction below, or this one */
    if (l == 0) {
        unit = (tile - plan->x_tiles[0]) * GNT_BF16_TILE + k;
        return unit < hidden ? (long)(plan->net.n_features + unit) : -1;
    }
    return unit < hidden ? (long)(run * hidden + unit) : -1;
}

/* Weight of a column of a task for row r of k; matrix [groups][k_all][16] as in layout.h. */
static uint32_t weight(const gnt_bf16_plan *plan, const float *matrix, size_t k_all, size_t task, size_t column, long r)
{
    size_t unit = task * GNT_BF16_TILE + column / 32 * 8 + column % 8, gate = column / 8 % 4;
    if (r < 0 || unit >= plan->net.hidden) return 0;
    size_t out = unit % GNT_GROUP_UNITS * 4 + gate;
    return gnt_bf16_flushed(matrix[(unit / GNT_GROUP_UNITS * k_all + (size_t)r) * GNT_BLOCK + out]);
}

static void fill_tile(const gnt_bf16_plan *plan, const float *matrix, size_t k_all, size_t l, size_t task, size_t tile,
                      uint32_t *word)
{
    for (size_t i = 0; i < GNT_BF16_TILE_VECTORS * 4; i++) {
        size_t lane = i / 4 % 32, column = i / 128 * 16 + i / 2 % 2 * 8 + lane / 4, k = i % 2 * 8 + lane % 4 * 2;
        uint32_t even = weight(plan, matrix, k_all, task, column, source_row(plan, l, tile, k));
        word[i] = even | weight(plan, matrix, k_all, task, column, source_row(plan, l, tile, k + 1)) << 16;
    }
}

static void fill(const gnt_bf16_plan *plan, const gnt_layout *layout, const float *weights, uint32_t *word)
{
    for (size_t l = 0; l < plan->net.layers; l++)
        for (size_t d = 0; d < plan->directions; d++)
            for (size_t task = 0; task < plan->tasks; task++)
                for (size_t tile = 0; tile < plan->x_tiles[l] + plan->tasks; tile++) {
                    fill_tile(plan, weights + layout->weight[l][d], layout->inputs[l] + plan->net.hidden, l, task, tile,
                              word);
                    word += GNT_BF16_TILE_VECTORS * 4;
                }
}

gnt_status gnt_bf16_pack(gnt_gpu *gpu, const gnt_packed *model, const float *weights, void **own)
{
    gnt_bf16_plan plan;
    gnt_bf16_plan_init(&plan, &model->layout);
    size_t needed = gnt_bf16_block_bytes(&plan) + gnt_bf16_slice_bytes(&plan);
    if (plan.tasks > GNT_BF16_WARPS || needed > gpu->shared_bytes)
        return gnt_gpu_refuse(gpu, GNT_EUNSUPPORTED,
                              "bf16 takes up to %d units, and inputs that fit into a block: %u units, %u features need "
                              "%zu bytes of %zu; use precision float32",
                              GNT_BF16_WARPS * GNT_BF16_TILE, plan.net.hidden, plan.net.n_features, needed,
                              gpu->shared_bytes);
    size_t bytes = plan.n_weights * sizeof(uint4);
    uint32_t *word = static_cast<uint32_t *>(malloc(bytes));
    if (!word) return GNT_ENOMEM;
    fill(&plan, &model->layout, weights, word);
    void *fragments = nullptr;
    gnt_status st = gnt_gpu_malloc(gpu, &fragments, bytes);
    if (!st) st = gnt_upload(gpu, fragments, word, bytes);
    free(word);
    *own = fragments; /* the caller's also after an error */
    return st;
}

void gnt_bf16_unpack(gnt_gpu *gpu, void *own)
{
    (void)gpu;
    (void)cudaFree(own);
}
