/* Forward pass of a pass's windows with everything kept that the backward pass needs; also the validation's.
 *
 *     z = b + W x + U h', i f g o = sigmoid, sigmoid, tanh, sigmoid of z, c = f c' + i g, h = o tanh(c)   (cell.h)
 *
 * A thread owns U units x N windows of a step and walks their chains (bias, inputs, recurrent), then their cells; one
 * barrier a step. Class reduction: the CPU's bits (kernels/cpu/lstm_forward.c). */
#ifndef GNT_CUDA_TRAIN_FORWARD_CUH
#define GNT_CUDA_TRAIN_FORWARD_CUH

#include "kernels/cuda/train_product.cuh"
#include "kernels/math/cell.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

/* What a layer reads: one array of F features, or one of H units a direction of the layer below. */
GNT_HOT unsigned gnt_segments(const gnt_trainer &t, unsigned l)
{
    return l == 0 ? 1 : (unsigned)t.task.layout.directions;
}

GNT_HOT unsigned gnt_segment_inputs(const gnt_trainer &t, unsigned l)
{
    return l == 0 ? t.task.layout.net.n_features : t.task.layout.net.hidden;
}

GNT_HOT const float4 *gnt_segment(const gnt_trainer &t, unsigned l, unsigned d)
{
    const gnt_train_places &at = t.task.at;
    return gnt_quads_at(t, l == 0 ? at.x : t.dropout ? at.in[l][d] : at.out[l - 1][d]);
}

/* Steps a direction runs (gnt_lstm_steps). */
GNT_HOT unsigned gnt_steps_of(const gnt_net &net, unsigned l, unsigned d)
{
    return d == 1 && net.pool == GNT_POOL_LAST && l + 1 == net.layers ? 1 : net.window;
}

/* Rows of a panel into x, windows beside each other. */
GNT_HOT void gnt_train_gather(const gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    unsigned n_k = task.layout.net.n_features, steps = task.layout.net.window, quads = gnt_quads(n_k);
    const uint32_t *row = reinterpret_cast<const uint32_t *>(gnt_at(t, task.at.row));
    GNT_EACH(i, steps * quads * t.windows)
    {
        unsigned q = i % quads, w = i / quads % t.windows, s = i / quads / t.windows;
        const float *from = task.x + ((size_t)row[w] + s + 1 - steps) * n_k + 4 * q;
        float4 v = make_float4(from[0], 0, 0, 0);
        if (4 * q + 1 < n_k) v.y = from[1];
        if (4 * q + 2 < n_k) v.z = from[2];
        if (4 * q + 3 < n_k) v.w = from[3];
        gnt_quads_at(t, task.at.x)[((size_t)s * quads + q) * t.stride + w] = v;
    }
}

/* What the chains of one step read: inputs (of the second direction too), and h of the step before (NULL at the first).
 */
struct gnt_step_reads {
    const float4 *in, *second, *h;
    float4 *h_stage; /* where the step's h goes for the next one to read; NULL: that reads the area */
};

/* The stage during a direction of a layer: h [2][q(H)][W], then inputs [2][segments][q][W]. */
template <bool FAST> GNT_HOT float4 *gnt_staged_h(const gnt_trainer &t, unsigned turn)
{
    return gnt_stage_of<FAST>(t) + turn % 2 * gnt_quads(t.task.layout.net.hidden) * t.stride;
}

template <bool FAST> GNT_HOT float4 *gnt_staged_input(const gnt_trainer &t, unsigned l, unsigned turn, unsigned segment)
{
    unsigned quads = gnt_quads(gnt_segment_inputs(t, l)), h = 2 * gnt_quads(t.task.layout.net.hidden);
    return gnt_stage_of<FAST>(t) + (h + (turn % 2 * gnt_segments(t, l) + segment) * quads) * t.stride;
}

/* Inputs of step s, for turn number `turn` of the direction. */
template <bool FAST> GNT_HOT void gnt_stage_input(const gnt_trainer &t, unsigned l, unsigned s, unsigned turn)
{
    unsigned row = gnt_quads(gnt_segment_inputs(t, l)) * t.stride;
    for (unsigned segment = 0; segment < gnt_segments(t, l); segment++) {
        const float4 *from = gnt_segment(t, l, segment) + (size_t)s * row;
        float4 *to = gnt_staged_input<FAST>(t, l, turn, segment);
        GNT_EACH(i, row) to[i] = from[i];
    }
}

template <bool FAST>
GNT_HOT gnt_step_reads gnt_reads_of(const gnt_trainer &t, unsigned l, unsigned d, unsigned s, unsigned before,
                                    unsigned turn)
{
    unsigned row = gnt_quads(gnt_segment_inputs(t, l)) * t.stride,
             h_row = gnt_quads(t.task.layout.net.hidden) * t.stride;
    gnt_step_reads reads = {};
    reads.in = FAST || t.stage ? gnt_staged_input<FAST>(t, l, turn, 0) : gnt_segment(t, l, 0) + (size_t)s * row;
    if (gnt_segments(t, l) == 2)
        reads.second = FAST || t.stage ? gnt_staged_input<FAST>(t, l, turn, 1) : gnt_segment(t, l, 1) + (size_t)s * row;
    reads.h_stage = FAST || t.stage ? gnt_staged_h<FAST>(t, turn) : nullptr;
    if (turn == 0) return reads;
    reads.h = FAST || t.stage ? gnt_staged_h<FAST>(t, turn + 1)
                              : gnt_quads_at(t, t.task.at.out[l][d]) + (size_t)before * h_row;
    return reads;
}

/* U units from `unit` on of one direction at step s, N windows from w on; before: the step before in the direction's
 * time. */
template <bool FAST, int U, int N>
GNT_HOT void gnt_forward_tile(const gnt_trainer &t, const gnt_step_reads &reads, unsigned l, unsigned d, unsigned s,
                              unsigned before, unsigned unit, unsigned w, unsigned gap)
{
    const gnt_layout &layout = t.task.layout;
    const gnt_train_places &at = t.task.at;
    unsigned hidden = layout.net.hidden, hidden_quads = gnt_quads(hidden), inputs = gnt_segment_inputs(t, l);
    size_t k_all = layout.inputs[l] + hidden, units = layout.groups * GNT_GROUP_UNITS;
    const float *weight = gnt_weights_of<FAST>(t) + layout.weight[l][d] + gnt_gate(unit, k_all, 0);
    float4 acc[U][N];
#pragma unroll
    for (int u = 0; u < U; u++)
#pragma unroll
        for (int n = 0; n < N; n++) acc[u][n] = gnt_load4(gnt_weights_of<FAST>(t) + layout.bias[l][d] + 4 * (unit + u));
    for (unsigned segment = 0; segment < gnt_segments(t, l); segment++, weight += inputs * GNT_BLOCK)
        gnt_chain<U, N>(acc, weight, (segment ? reads.second : reads.in) + w, t.stride, gap, inputs);
    if (reads.h) gnt_chain<U, N>(acc, weight, reads.h + w, t.stride, gap, hidden);
    float4 *gates = gnt_quads_at(t, at.gates[l][d]) + (size_t)s * units * t.stride;
    float *cells = gnt_at(t, at.cell[l][d]), *tanhs = gnt_at(t, at.tanh_c[l][d]), *out = gnt_at(t, at.out[l][d]);
#pragma unroll
    for (int u = 0; u < U; u++) {
        unsigned here = unit + u;
        if (here >= hidden) return;
#pragma unroll
        for (int n = 0; n < N; n++) {
            unsigned column = w + n * gap;
            float c_before = reads.h ? cells[((size_t)before * hidden + here) * t.stride + column] : 0;
            gnt_cell cell = gnt_cell_step(acc[u][n].x, acc[u][n].y, acc[u][n].z, acc[u][n].w, c_before);
            gates[here * t.stride + column] = make_float4(cell.i, cell.f, cell.g, cell.o);
            cells[((size_t)s * hidden + here) * t.stride + column] = cell.c;
            tanhs[((size_t)s * hidden + here) * t.stride + column] = cell.tanh_c;
            size_t quad = ((size_t)(here / 4) * t.stride + column) * 4 + here % 4;
            out[(size_t)s * hidden_quads * t.stride * 4 + quad] = cell.h;
            if (FAST || reads.h_stage) reinterpret_cast<float *>(reads.h_stage)[quad] = cell.h;
        }
    }
}

template <bool FAST, int U, int N> GNT_PHASE void gnt_forward_steps(const gnt_trainer &t, unsigned l, unsigned d)
{
    const gnt_net &net = t.task.layout.net;
    unsigned n = gnt_steps_of(net, l, d), gap = t.windows / N, tiles = (net.hidden + U - 1) / U * gap;
    unsigned before = 0;
    if (FAST || t.stage) {
        gnt_stage_input<FAST>(t, l, d == 0 ? 0 : net.window - 1, 0);
        __syncthreads();
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned s = d == 0 ? i : net.window - 1 - i;
        gnt_step_reads reads = gnt_reads_of<FAST>(t, l, d, s, before, i);
        GNT_EACH(tile, tiles) gnt_forward_tile<FAST, U, N>(t, reads, l, d, s, before, tile / gap * U, tile % gap, gap);
        if ((FAST || t.stage) && i + 1 < n) gnt_stage_input<FAST>(t, l, d == 0 ? s + 1 : s - 1, i + 1);
        before = s;
        __syncthreads();
    }
}

/* Factors behind layer l, and the outputs times them. Element e = (l L + s) D + k of a window is word e mod 4 of block
 * e / 4 of (seed, stream 104, replicate epoch 2^32 + row), as kernels/cpu/dropout.c has it. */
GNT_HOT void gnt_train_dropout(const gnt_trainer &t, unsigned l, uint32_t epoch)
{
    const gnt_train_task &task = t.task;
    const uint32_t *row = reinterpret_cast<const uint32_t *>(gnt_at(t, task.at.row));
    unsigned hidden = task.layout.net.hidden, quads = gnt_quads(hidden), width = (unsigned)task.layout.width;
    uint64_t n = (uint64_t)task.layout.net.window * width, first = l * n;
    uint32_t below = (uint32_t)ceil(task.options.dropout * 0x1p32), first_draw = (uint32_t)(first / 4);
    float kept = (float)(1 / (1 - task.options.dropout));
    unsigned draws = (unsigned)((first + n + 3) / 4 - first_draw);
    GNT_EACH(item, draws * t.windows)
    {
        unsigned w = item % t.windows;
        uint32_t block = first_draw + item / t.windows;
        gnt_random at = gnt_random_at(task.options.seed, GNT_STREAM_DROPOUT, (uint64_t)epoch << 32 | row[w]);
        gnt_philox draw = gnt_philox_block(at, block);
        for (unsigned i = 0; i < 4; i++) {
            uint64_t element = (uint64_t)block * 4 + i;
            if (element < first || element >= first + n) continue;
            unsigned s = (unsigned)((element - first) / width), k = (unsigned)((element - first) % width);
            unsigned d = k / hidden, u = k % hidden;
            size_t to = (((size_t)s * quads + u / 4) * t.stride + w) * 4 + u % 4;
            float factor = draw.w[i] < below ? 0 : kept;
            gnt_at(t, task.at.mask[l][d])[to] = factor;
            gnt_at(t, task.at.in[l + 1][d])[to] = gnt_at(t, task.at.out[l][d])[to] * factor;
        }
    }
    __syncthreads();
}

#endif
