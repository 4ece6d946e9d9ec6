/* lstm_backward.c: gradient of every parameter for one block of 16 windows, by backpropagation through time.
 *
 * idea     layer by layer from the top; a step's gate gradients replace the gates, reach the step before through
 *          `pull` on the forward's own packed weights, and are turned to [window][output] so that a weight's
 *          gradient is one chain over (step, window), stored once. The block's gradient stands alone: blocks are
 *          summed in their order by the caller, so threads don't show in the bits.
 * shapes   lstm.h
 * versions whole training, windows a second of one Zen 4 core (118 GFLOP/s of fma), F = 35, L = 10, batch 64:
 *          1x24, 1x32, 2x64, 2x96, 3x128 with AVX-512; the same with AVX2
 *          1 inputs beyond a multiple of 16 (AVX2: 4) one by one, turning number by number
 *            280 k, 208 k, 30.6 k, 14.5 k, 4.96 k; 242 k, 169 k, 24.7 k, 11.8 k, 4.0 k
 *          2 the rest of the inputs as one tile, the bias as an input of 1, turning in registers
 *            340 k, 222 k, 31.5 k, 14.8 k, 5.10 k; 290 k, 193 k, 27.9 k, 12.9 k, 4.3 k
 *          2x96 takes 6.73 MFLOP a window in these products: 85 % of the peak, cells and optimiser are the rest
 * class    reduction */
#include <string.h>

#include "kernels/cpu/matrix.h"
#include "kernels/cpu/transpose.h"
#include "kernels/math/cell.h"

/* [groups x 16 outputs][16 windows] -> per group [16 windows][16 outputs]. */
static void turn(const float *d, size_t groups, float *turned)
{
    for (size_t g = 0; g < groups; g++, d += GNT_BLOCK * GNT_BLOCK, turned += GNT_BLOCK * GNT_BLOCK)
        for (size_t j = 0; j < GNT_BLOCK; j += GNT_F32_LANES)
            for (size_t w = 0; w < GNT_BLOCK; w += GNT_F32_LANES)
                tile_turn(d + j * GNT_BLOCK + w, GNT_BLOCK, turned + w * GNT_BLOCK + j, GNT_BLOCK);
}

/* Sum over the windows of one group's turned numbers. */
static void sum_turned(const float *turned, float *out)
{
    row16 sum = row_splat(0);
    for (size_t w = 0; w < GNT_BLOCK; w++) sum = row_fma(1, row_load(turned + w * GNT_BLOCK), sum);
    row_store(out, sum);
}

/* ---- head and pooling ---------------------------------------------------------------------------------- */

static void head_back(const gnt_layout *layout, const float *packed, gnt_block *b, const float *d_logit,
                      float *gradient)
{
    float bias = 0;
    memset(gradient + layout->fc_weight, 0, (layout->n_trained - layout->fc_weight) * sizeof(float)); /* padding */
    for (size_t w = 0; w < GNT_BLOCK; w++) bias += d_logit[w];
    gradient[layout->fc_bias] = bias;
    for (size_t k = 0; k < layout->width; k++) {
        float sum = 0;
        for (size_t w = 0; w < GNT_BLOCK; w++) sum += d_logit[w] * b->pooled[k * GNT_BLOCK + w];
        gradient[layout->fc_weight + k] = sum;
        for (size_t w = 0; w < GNT_BLOCK; w++)
            b->d_pooled[k * GNT_BLOCK + w] = packed[layout->fc_weight + k] * d_logit[w];
    }
}

/* de[s] = alpha[s] (da[s] - sum over t of alpha[t] da[t]), da[s] = sum over k of d_pooled[k] h[s][k]; into `score`. */
static void softmax_back(const gnt_layout *layout, const gnt_block *b, const float *h, float *score)
{
    size_t steps = layout->net.window, n_k = layout->width;
    row16 mean = row_splat(0);
    for (size_t s = 0; s < steps; s++) {
        row16 da = row_splat(0), alpha = row_load(b->alpha + s * GNT_BLOCK);
        for (size_t k = 0; k < n_k; k++) {
            row16 d = row_load(b->d_pooled + k * GNT_BLOCK), hk = row_load(h + (s * n_k + k) * GNT_BLOCK);
            for (int v = 0; v < VECS; v++) da.v[v] = gnt_f32_fma(d.v[v], hk.v[v], da.v[v]);
        }
        for (int v = 0; v < VECS; v++) mean.v[v] = gnt_f32_fma(alpha.v[v], da.v[v], mean.v[v]);
        row_store(score + s * GNT_BLOCK, da);
    }
    for (size_t s = 0; s < steps; s++) {
        row16 da = row_load(score + s * GNT_BLOCK), alpha = row_load(b->alpha + s * GNT_BLOCK);
        for (int v = 0; v < VECS; v++) da.v[v] = alpha.v[v] * (da.v[v] - mean.v[v]);
        row_store(score + s * GNT_BLOCK, da);
    }
}

/* Gradients of one step's energies from that of its score; adds de tanh(..) to v's gradient per window. */
static void energy_back(const float *v_weight, const float *energy, const float *score, size_t outputs, float *d_energy,
                        float *d_v)
{
    row16 de = row_load(score);
    for (size_t j = 0; j < outputs; j++) {
        row16 u = row_load(energy + j * GNT_BLOCK), sum = row_load(d_v + j * GNT_BLOCK), d;
        for (int v = 0; v < VECS; v++) {
            gnt_f32 slope = gnt_f32_fma(-u.v[v], u.v[v], gnt_f32_splat(1));
            d.v[v] = de.v[v] * gnt_f32_splat(v_weight[j]) * slope;
            sum.v[v] = gnt_f32_fma(de.v[v], u.v[v], sum.v[v]);
        }
        row_store(d_energy + j * GNT_BLOCK, d);
        row_store(d_v + j * GNT_BLOCK, sum);
    }
}

/* d_out [L][D][16] from d_pooled through the context's sum and the energies. */
static void attention_back(const gnt_layout *layout, const float *packed, gnt_block *b, float *d_out, float *gradient)
{
    size_t steps = layout->net.window, groups = layout->attention_groups, n_k = layout->width;
    size_t outputs = groups * GNT_BLOCK, tile = GNT_BLOCK * GNT_BLOCK;
    const float *h = b->sequence[layout->net.layers - 1], *weight = packed + layout->attention_weight;
    softmax_back(layout, b, h, b->d_score);
    memset(b->d_v, 0, outputs * GNT_BLOCK * sizeof(float));
    for (size_t s = 0; s < steps; s++) {
        float *d = b->d_energy + s * outputs * GNT_BLOCK, *out = d_out + s * n_k * GNT_BLOCK;
        energy_back(packed + layout->attention_v, b->energy + s * outputs * GNT_BLOCK, b->d_score + s * GNT_BLOCK,
                    outputs, d, b->d_v);
        for (size_t k = 0; k < n_k; k++)
            for (size_t w = 0; w < GNT_BLOCK; w++)
                out[k * GNT_BLOCK + w] = b->alpha[s * GNT_BLOCK + w] * b->d_pooled[k * GNT_BLOCK + w];
        pull(weight, n_k * GNT_BLOCK, d, groups, n_k, out);
        turn(d, groups, b->turned + s * groups * tile);
    }
    for (size_t g = 0; g < groups; g++) {
        const float *turned = b->turned + g * tile;
        steps_view view = {h, turned, (ptrdiff_t)(n_k * GNT_BLOCK), (ptrdiff_t)(groups * tile), steps};
        outer(view, n_k, gradient + layout->attention_weight + g * n_k * GNT_BLOCK,
              gradient + layout->attention_bias + g * GNT_BLOCK);
    }
    turn(b->d_v, groups, b->turned);
    for (size_t g = 0; g < groups; g++)
        sum_turned(b->turned + g * tile, gradient + layout->attention_v + g * GNT_BLOCK);
}

static void pool_back(const gnt_layout *layout, const float *packed, gnt_block *b, float *d_out, float *gradient)
{
    size_t last = layout->net.window - 1, half = layout->net.hidden * GNT_BLOCK, row = layout->width * GNT_BLOCK;
    if (layout->net.pool == GNT_POOL_ATTENTION) {
        attention_back(layout, packed, b, d_out, gradient);
        return;
    }
    memset(d_out, 0, layout->net.window * row * sizeof(float));
    memcpy(d_out + last * row, b->d_pooled, half * sizeof(float));
    size_t reverse = layout->net.pool == GNT_POOL_FINAL ? 0 : last;
    if (layout->directions == 2) memcpy(d_out + reverse * row + half, b->d_pooled + half, half * sizeof(float));
}

/* ---- layers -------------------------------------------------------------------------------------------- */

/* One step of one direction: its gates become the gradients of their pre-activations; d_cell moves a step back. */
static void cells_back(const gnt_layout *layout, gnt_block *b, size_t l, size_t d, size_t s, ptrdiff_t before,
                       const float *d_out)
{
    size_t units = layout->groups * GNT_GROUP_UNITS;
    for (size_t u = 0; u < layout->net.hidden; u++)
        for (int v = 0; v < VECS; v++) {
            size_t lane = (size_t)v * GNT_F32_LANES, at = u * GNT_BLOCK + lane, here = s * units * GNT_BLOCK + at;
            float *gate = b->gates[l][d] + here * 4 - 3 * lane;
            gnt_cell cell = {.i = gnt_f32_load(gate),
                             .f = gnt_f32_load(gate + GNT_BLOCK),
                             .g = gnt_f32_load(gate + 2 * GNT_BLOCK),
                             .o = gnt_f32_load(gate + 3 * GNT_BLOCK),
                             .tanh_c = gnt_f32_load(b->tanh_c[l][d] + here)};
            gnt_f32 c_before = gnt_f32_splat(0);
            if (before) c_before = gnt_f32_load(b->cell[l][d] + here + before * (ptrdiff_t)(units * GNT_BLOCK));
            gnt_f32 dh = gnt_f32_load(b->d_hidden + at) + gnt_f32_load(d_out + at);
            gnt_cell_gradient g = gnt_cell_back(&cell, c_before, dh, gnt_f32_load(b->d_cell + at));
            gnt_f32_store(gate, g.zi);
            gnt_f32_store(gate + GNT_BLOCK, g.zf);
            gnt_f32_store(gate + 2 * GNT_BLOCK, g.zg);
            gnt_f32_store(gate + 3 * GNT_BLOCK, g.zo);
            gnt_f32_store(b->d_cell + at, g.c_before);
        }
    memset(b->gates[l][d] + (s * units + layout->net.hidden) * 4 * GNT_BLOCK, 0,
           (units - layout->net.hidden) * 4 * GNT_BLOCK * sizeof(float));
}

/* Through time: gate gradients of every step, in place and turned. */
static void time_back(const gnt_layout *layout, const float *packed, gnt_block *b, size_t l, size_t d,
                      const float *d_out)
{
    size_t n = gnt_lstm_steps(&layout->net, l, d), units = layout->groups * GNT_GROUP_UNITS;
    size_t k_all = layout->inputs[l] + layout->net.hidden, n_hidden = units * GNT_BLOCK;
    const float *recurrent = packed + layout->weight[l][d] + layout->inputs[l] * GNT_BLOCK;
    memset(b->d_hidden, 0, n_hidden * sizeof(float));
    memset(b->d_cell, 0, n_hidden * sizeof(float));
    for (size_t i = n; i-- > 0;) {
        size_t s = d == 0 ? i : layout->net.window - 1 - i;
        float *gates = b->gates[l][d] + s * n_hidden * 4;
        cells_back(layout, b, l, d, s,
                   i == 0   ? 0
                   : d == 0 ? -1
                            : 1,
                   d_out + (s * layout->width + d * layout->net.hidden) * GNT_BLOCK);
        turn(gates, layout->groups, b->turned + s * n_hidden * 4);
        if (i == 0) break;
        memset(b->d_hidden, 0, n_hidden * sizeof(float));
        pull(recurrent, k_all * GNT_BLOCK, gates, layout->groups, layout->net.hidden, b->d_hidden);
    }
}

/* Weights of one direction from its turned gate gradients; the step before in time feeds the recurrent part. */
static void weights_back(const gnt_layout *layout, gnt_block *b, size_t l, size_t d, float *gradient)
{
    size_t n = gnt_lstm_steps(&layout->net, l, d), n_k = layout->inputs[l], hidden = layout->net.hidden;
    size_t all = layout->groups * GNT_BLOCK * GNT_BLOCK, first = d == 0 ? 0 : layout->net.window - 1;
    ptrdiff_t sign = d == 0 ? 1 : -1, row = (ptrdiff_t)(layout->width * GNT_BLOCK);
    const float *h = b->sequence[l] + first * (size_t)row + d * hidden * GNT_BLOCK;
    for (size_t g = 0; g < layout->groups; g++) {
        const float *turned = b->turned + first * all + g * GNT_BLOCK * GNT_BLOCK;
        float *dw = gradient + layout->weight[l][d] + g * (n_k + hidden) * GNT_BLOCK;
        steps_view input = {b->input[l] + first * n_k * GNT_BLOCK, turned, sign * (ptrdiff_t)(n_k * GNT_BLOCK),
                            sign * (ptrdiff_t)all, n};
        steps_view recurrent = {h, turned + sign * (ptrdiff_t)all, sign * row, sign * (ptrdiff_t)all, n - 1};
        float *bias = gradient + layout->bias_ih[l][d] + g * GNT_BLOCK;
        outer(input, n_k, dw, bias);
        outer(recurrent, hidden, dw + n_k * GNT_BLOCK, NULL);
        memcpy(gradient + layout->bias_hh[l][d] + g * GNT_BLOCK, bias, GNT_BLOCK * sizeof(float));
    }
}

/* Gradients of what the layer read, both directions in their order, then through the dropout below. */
static void inputs_back(const gnt_layout *layout, const float *packed, gnt_block *b, size_t l, float *d_in)
{
    size_t n_k = layout->inputs[l], steps = layout->net.window, row = layout->groups * GNT_BLOCK * GNT_BLOCK;
    memset(d_in, 0, steps * n_k * GNT_BLOCK * sizeof(float));
    for (size_t d = 0; d < layout->directions; d++)
        for (size_t i = 0; i < gnt_lstm_steps(&layout->net, l, d); i++) {
            size_t s = d == 0 ? i : steps - 1 - i;
            pull(packed + layout->weight[l][d], (n_k + layout->net.hidden) * GNT_BLOCK, b->gates[l][d] + s * row,
                 layout->groups, n_k, d_in + s * n_k * GNT_BLOCK);
        }
    if (!b->mask[l - 1]) return;
    for (size_t i = 0; i < steps * n_k * GNT_BLOCK; i++) d_in[i] *= b->mask[l - 1][i];
}

gnt_lstm_backward_fn GNT_SIMD_NAME(gnt_lstm_backward);
void GNT_SIMD_NAME(gnt_lstm_backward)(const gnt_layout *layout, const float *packed, gnt_block *b,
                                      const float d_logit[GNT_BLOCK], float *gradient)
{
    head_back(layout, packed, b, d_logit, gradient);
    float *d_out = b->d_sequence[0], *d_in = b->d_sequence[1];
    pool_back(layout, packed, b, d_out, gradient);
    for (size_t l = layout->net.layers; l-- > 0;) {
        for (size_t d = 0; d < layout->directions; d++) {
            time_back(layout, packed, b, l, d, d_out);
            weights_back(layout, b, l, d, gradient);
        }
        if (l == 0) break;
        inputs_back(layout, packed, b, l, d_in);
        float *swap = d_out;
        d_out = d_in;
        d_in = swap;
    }
}
