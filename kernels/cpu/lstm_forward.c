/* lstm_forward.c: logits of 16 windows through a stacked LSTM, pooling and the last linear unit.
 *
 * idea     weights stream once per step from L2 in groups of 4 units x 4 gates; a group's 16 sums for 16 windows
 *          live in registers through bias, input and recurrent part, and the cell step follows without a store.
 *          Over consecutive windows the first layer's input part comes from `project`, once per bar.
 * shapes   lstm.h; vectors run over windows
 * versions 1 each unit through its whole cell      2 x 64, consecutive windows, one Zen 4 core at 117 GFLOP/s of fma:
 *            AVX-512 98 k, AVX2 72 k windows/s
 *          2 gates of all units of a group, then their outputs: fewer dependent operations in a row; 101 k, 82 k
 * class    reduction: serial fma chain over k; the same bits on every instruction set */
#include <string.h>

#include "kernels/cpu/matrix.h"
#include "kernels/math/cell.h"

static void project(const gnt_layout *layout, const float *packed, const float *x, float *z, size_t stride)
{
    size_t n_k = layout->inputs[0], k_all = n_k + layout->net.hidden, outputs = layout->groups * GNT_BLOCK;
    for (size_t d = 0; d < layout->directions; d++, z += outputs * stride) {
        const float *bias = packed + layout->bias[0][d], *weight = packed + layout->weight[0][d];
        for (size_t j = 0; j < outputs; j += OUTS) {
            row16 acc[OUTS];
#pragma GCC unroll 16
            for (size_t i = 0; i < OUTS; i++) acc[i] = row_splat(bias[j + i]);
            chain(acc, weight + j / GNT_BLOCK * k_all * GNT_BLOCK + j % GNT_BLOCK, x, n_k);
#pragma GCC unroll 16
            for (size_t i = 0; i < OUTS; i++) row_store(z + (j + i) * stride, acc[i]);
        }
    }
}

/* One direction of one layer at one step. */
typedef struct step_view {
    const float *weight, *bias; /* of the direction */
    const float *x;             /* [inputs][16], or NULL: z */
    const float *z;             /* [groups x 16][z_stride] at this step's first window */
    const float *h_before;      /* [H][16], NULL at the first step */
    const float *c_before;      /* [units][16] */
    float *h, *c;               /* [H][16], [units][16] */
    float *gates, *tanh_c;      /* [units x 4][16], [units][16]; NULL: not kept */
} step_view;

/* What the backward step needs, of vector i of a unit. */
HOT void keep_gates(const step_view *v, size_t unit, size_t i, const gnt_cell *cell)
{
    float *gate = v->gates + unit * 4 * GNT_BLOCK + i * GNT_F32_LANES;
    gnt_f32_store(gate, cell->i);
    gnt_f32_store(gate + GNT_BLOCK, cell->f);
    gnt_f32_store(gate + 2 * GNT_BLOCK, cell->g);
    gnt_f32_store(gate + 3 * GNT_BLOCK, cell->o);
    gnt_f32_store(v->tanh_c + unit * GNT_BLOCK + i * GNT_F32_LANES, cell->tanh_c);
}

/* The gates' sums of OUTS / 4 units (acc) through the cell; `unit`, the first of them, counts within the direction.
 * All gates come before the first output: chains of dependent operations then lie side by side. */
HOT void finish_units(const gnt_layout *layout, const step_view *v, size_t unit, const row16 acc[OUTS])
{
    gnt_cell cell[OUTS / 4][VECS];
#pragma GCC unroll 4
    for (size_t u = 0; u < OUTS / 4; u++)
#pragma GCC unroll 4
        for (size_t i = 0; i < VECS; i++) {
            size_t at = (unit + u) * GNT_BLOCK + i * GNT_F32_LANES;
            gnt_f32 before = v->h_before ? gnt_f32_load(v->c_before + at) : gnt_f32_splat(0);
            gnt_cell_gates(&cell[u][i], acc[4 * u].v[i], acc[4 * u + 1].v[i], acc[4 * u + 2].v[i], acc[4 * u + 3].v[i],
                           before);
            gnt_f32_store(v->c + at, cell[u][i].c);
        }
#pragma GCC unroll 4
    for (size_t u = 0; u < OUTS / 4; u++)
#pragma GCC unroll 4
        for (size_t i = 0; i < VECS; i++) {
            size_t at = (unit + u) * GNT_BLOCK + i * GNT_F32_LANES;
            gnt_cell_output(&cell[u][i]);
            if (unit + u < layout->net.hidden) gnt_f32_store(v->h + at, cell[u][i].h);
            if (v->gates) keep_gates(v, unit + u, i, &cell[u][i]);
        }
}

static void layer_step(const gnt_layout *layout, size_t n_inputs, size_t z_stride, const step_view *v)
{
    size_t hidden = layout->net.hidden, k_all = n_inputs + hidden;
    for (size_t j = 0; j < layout->groups * GNT_BLOCK; j += OUTS) {
        const float *weight = v->weight + j / GNT_BLOCK * k_all * GNT_BLOCK + j % GNT_BLOCK;
        row16 acc[OUTS];
        if (v->x) {
#pragma GCC unroll 16
            for (size_t i = 0; i < OUTS; i++) acc[i] = row_splat(v->bias[j + i]);
            chain(acc, weight, v->x, n_inputs);
        } else {
#pragma GCC unroll 16
            for (size_t i = 0; i < OUTS; i++) acc[i] = row_load(v->z + (j + i) * z_stride);
        }
        if (v->h_before) chain(acc, weight + n_inputs * GNT_BLOCK, v->h_before, hidden);
        finish_units(layout, v, j / 4, acc);
    }
}

static void layer_pass(const gnt_layout *layout, const float *packed, gnt_block *b, size_t l, size_t d)
{
    size_t steps = layout->net.window, units = layout->groups * GNT_GROUP_UNITS, n = gnt_lstm_steps(&layout->net, l, d);
    size_t row = layout->width * GNT_BLOCK, cell_step = b->training ? units * GNT_BLOCK : 0;
    const float *x = b->training ? b->input[l] : l == 0 ? b->x : b->sequence[l - 1];
    bool projected = l == 0 && b->z;
    float *out = b->sequence[l] + d * layout->net.hidden * GNT_BLOCK;
    size_t before = 0;
    for (size_t i = 0; i < n; i++) {
        size_t s = d == 0 ? i : steps - 1 - i;
        step_view v = {
            .weight = packed + layout->weight[l][d],
            .bias = packed + layout->bias[l][d],
            .x = projected ? NULL : x + s * layout->inputs[l] * GNT_BLOCK,
            .z = projected ? b->z + d * units * 4 * b->z_stride + s : NULL,
            .h_before = i ? out + before * row : NULL,
            .c_before = b->cell[l][d] + before * cell_step,
            .h = out + s * row,
            .c = b->cell[l][d] + s * cell_step,
            .gates = b->training ? b->gates[l][d] + s * units * 4 * GNT_BLOCK : NULL,
            .tanh_c = b->training ? b->tanh_c[l][d] + s * cell_step : NULL,
        };
        layer_step(layout, layout->inputs[l], b->z_stride, &v);
        before = s;
    }
}

/* alpha[s] = softmax over steps of v . tanh(W h[s] + b); pooled = sum of alpha[s] h[s]. */
static void attend(const gnt_layout *layout, const float *packed, gnt_block *b, const float *h)
{
    size_t steps = layout->net.window, outputs = layout->attention_groups * GNT_BLOCK, n_k = layout->width;
    row16 top = row_splat(0);
    for (size_t s = 0; s < steps; s++) {
        row16 score = row_splat(0);
        for (size_t j = 0; j < outputs; j += OUTS) {
            row16 acc[OUTS];
            for (size_t i = 0; i < OUTS; i++) acc[i] = row_splat(packed[layout->attention_bias + j + i]);
            chain(acc, packed + layout->attention_weight + j / GNT_BLOCK * n_k * GNT_BLOCK + j % GNT_BLOCK,
                  h + s * n_k * GNT_BLOCK, n_k);
            for (size_t i = 0; i < OUTS; i++) {
                for (int v = 0; v < VECS; v++) acc[i].v[v] = gnt_f32_tanh(acc[i].v[v]);
                score = row_fma(packed[layout->attention_v + j + i], acc[i], score);
                row_store(b->energy + (s * outputs + j + i) * GNT_BLOCK, acc[i]);
            }
        }
        row_store(b->alpha + s * GNT_BLOCK, score);
        for (int v = 0; v < VECS; v++) top.v[v] = s ? gnt_f32_max(top.v[v], score.v[v]) : score.v[v];
    }
    row16 sum = row_splat(0);
    for (size_t s = 0; s < steps; s++) {
        row16 e = row_load(b->alpha + s * GNT_BLOCK);
        for (int v = 0; v < VECS; v++) {
            e.v[v] = gnt_f32_exp(e.v[v] - top.v[v]);
            sum.v[v] += e.v[v];
        }
        row_store(b->alpha + s * GNT_BLOCK, e);
    }
    memset(b->pooled, 0, n_k * GNT_BLOCK * sizeof(float));
    for (size_t s = 0; s < steps; s++) {
        row16 a = row_load(b->alpha + s * GNT_BLOCK);
        for (int v = 0; v < VECS; v++) a.v[v] /= sum.v[v];
        row_store(b->alpha + s * GNT_BLOCK, a);
        for (size_t k = 0; k < n_k; k++) {
            row16 hk = row_load(h + (s * n_k + k) * GNT_BLOCK), pooled = row_load(b->pooled + k * GNT_BLOCK);
            for (int v = 0; v < VECS; v++) pooled.v[v] = gnt_f32_fma(a.v[v], hk.v[v], pooled.v[v]);
            row_store(b->pooled + k * GNT_BLOCK, pooled);
        }
    }
}

static void pool(const gnt_layout *layout, const float *packed, gnt_block *b)
{
    size_t last = layout->net.window - 1, half = layout->net.hidden * GNT_BLOCK, row = layout->width * GNT_BLOCK;
    const float *h = b->sequence[layout->net.layers - 1];
    if (layout->net.pool == GNT_POOL_ATTENTION) {
        attend(layout, packed, b, h);
        return;
    }
    memcpy(b->pooled, h + last * row, half * sizeof(float));
    size_t reverse = layout->net.pool == GNT_POOL_FINAL ? 0 : last;
    if (layout->directions == 2) memcpy(b->pooled + half, h + reverse * row + half, half * sizeof(float));
}

static void head(const gnt_layout *layout, const float *packed, gnt_block *b)
{
    pool(layout, packed, b);
    row16 logit = row_splat(packed[layout->fc_bias]);
    for (size_t k = 0; k < layout->width; k++)
        logit = row_fma(packed[layout->fc_weight + k], row_load(b->pooled + k * GNT_BLOCK), logit);
    row_store(b->logit, logit);
}

static void forward(const gnt_layout *layout, const float *packed, gnt_block *b)
{
    for (size_t l = 0; l < layout->net.layers; l++) {
        for (size_t d = 0; d < layout->directions; d++) layer_pass(layout, packed, b, l, d);
        if (!b->mask[l]) continue;
        for (size_t i = 0; i < layout->net.window * layout->width * GNT_BLOCK; i++)
            b->input[l + 1][i] = b->sequence[l][i] * b->mask[l][i];
    }
    head(layout, packed, b);
}

/* ---- the table ---------------------------------------------------------------------------------- */

gnt_gather_fn GNT_SIMD_NAME(gnt_gather);
gnt_lstm_backward_fn GNT_SIMD_NAME(gnt_lstm_backward);
gnt_dropout_fn GNT_SIMD_NAME(gnt_dropout);
gnt_reduce_fn GNT_SIMD_NAME(gnt_reduce);
gnt_adam_fn GNT_SIMD_NAME(gnt_adam_step);
extern const gnt_lstm_kernels GNT_SIMD_NAME(gnt_lstm_kernels);
const gnt_lstm_kernels GNT_SIMD_NAME(gnt_lstm_kernels) = {
    .gather = GNT_SIMD_NAME(gnt_gather),
    .project = project,
    .forward = forward,
    .head = head,
    .backward = GNT_SIMD_NAME(gnt_lstm_backward),
    .dropout = GNT_SIMD_NAME(gnt_dropout),
    .reduce = GNT_SIMD_NAME(gnt_reduce),
    .adam = GNT_SIMD_NAME(gnt_adam_step),
};
