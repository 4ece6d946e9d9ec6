/* Backward pass: the gradient of every parameter, by backpropagation through time, onto the batch's sum.
 *
 * Layer by layer from the top. A step's gate gradients replace the gates and reach the step before through `pull`; when
 * a direction has all of them, `outer` makes each weight's gradient, one chain over (step, window) for each block of 16
 * windows, and adds the blocks to the sum in their order. Class reduction: the CPU's bits
 * (kernels/cpu/lstm_backward.c). */
#ifndef GNT_CUDA_TRAIN_BACKWARD_CUH
#define GNT_CUDA_TRAIN_BACKWARD_CUH

#include "kernels/cuda/train_attention.cuh"
#include "kernels/cuda/train_weights.cuh"

/* ---- pooling ------------------------------------------------------------------------------------------------ */

GNT_HOT void gnt_attention_back(const gnt_trainer &t, bool first)
{
    const gnt_layout &layout = t.task.layout;
    const gnt_train_places &at = t.task.at;
    unsigned quads = gnt_attention_quads(t), hidden = layout.net.hidden;
    gnt_softmax_back(t);
    gnt_energies_back(t);
    gnt_attention_inputs_back(t, 0);
    gnt_steps steps = {nullptr, gnt_quads_at(t, at.d_energy), (ptrdiff_t)gnt_quads(hidden) * t.stride,
                       (ptrdiff_t)quads * t.stride, layout.net.window};
    for (unsigned d = 0; d < layout.directions; d++) {
        gnt_weights_part part = {layout.attention_weight, layout.width, (size_t)d * hidden, hidden, quads};
        steps.x = gnt_quads_at(t, at.out[layout.net.layers - 1][d]);
        gnt_weights_back<false, 1, 1>(t, part, steps, first);
    }
    gnt_bias_back(t, steps, quads, layout.attention_bias, layout.attention_bias, first);
    GNT_EACH(j, 4 * quads) GNT_BLOCK_SUM(t, layout.attention_v + j, first, gnt_attention_v_of(t, b, j));
    __syncthreads();
}

/* Gradients of the last layer's outputs, into d_out[0]. */
GNT_PHASE void gnt_pool_back(const gnt_trainer &t, bool first)
{
    const gnt_layout &layout = t.task.layout;
    const gnt_net &net = layout.net;
    if (net.pool == GNT_POOL_ATTENTION) {
        gnt_attention_back(t, first);
        return;
    }
    unsigned row = gnt_quads(net.hidden) * t.stride;
    for (unsigned d = 0; d < layout.directions; d++) {
        unsigned s = d == 1 && net.pool == GNT_POOL_FINAL ? 0 : net.window - 1;
        const float4 *from = gnt_quads_at(t, t.task.at.d_pooled[d]);
        float4 *to = gnt_quads_at(t, t.task.at.d_out[0][d]);
        GNT_EACH(i, net.window * row) to[i] = i / row == s ? from[i % row] : make_float4(0, 0, 0, 0);
    }
    __syncthreads();
}

/* ---- layers --------------------------------------------------------------------------------------------------- */

/* One step of one direction: gates become the gradients of their pre-activations; d_cell moves a step back. */
template <bool FAST>
GNT_HOT void gnt_cells_back(const gnt_trainer &t, unsigned l, unsigned d, unsigned s, unsigned before, bool last,
                            const float *d_out)
{
    constexpr int CELLS = 4; /* loads of so many are under way at once: what they read may come from far */
    const gnt_layout &layout = t.task.layout;
    const gnt_train_places &at = t.task.at;
    unsigned hidden = layout.net.hidden, units = (unsigned)layout.groups * GNT_GROUP_UNITS;
    float4 *gates = gnt_quads_at(t, at.gates[l][d]) + (size_t)s * units * t.stride;
    const float *tanhs = gnt_at(t, at.tanh_c[l][d]) + (size_t)s * hidden * t.stride;
    const float *cells = gnt_at(t, at.cell[l][d]) + (size_t)before * hidden * t.stride;
    float *d_cell = gnt_at(t, at.d_cell), *d_hidden = gnt_at(t, at.d_hidden);
    for (unsigned first = threadIdx.x; first < units * t.windows; first += CELLS * GNT_TRAIN_THREADS) {
        float4 g[CELLS];
        float tanh_c[CELLS], c_before[CELLS], dh[CELLS], dc[CELLS];
#pragma unroll
        for (int i = 0; i < CELLS; i++) {
            unsigned item = first + i * GNT_TRAIN_THREADS, w = item % t.windows, u = item / t.windows;
            if (u >= hidden) continue;
            unsigned here = u * t.stride + w;
            size_t quad = (size_t)(u / 4 * t.stride + w) * 4 + u % 4;
            g[i] = gates[here];
            tanh_c[i] = tanhs[here];
            c_before[i] = before == s ? 0 : cells[here];
            dh[i] = (last ? 0 : d_hidden[quad]) + d_out[quad];
            dc[i] = last ? 0 : d_cell[here];
        }
#pragma unroll
        for (int i = 0; i < CELLS; i++) {
            unsigned item = first + i * GNT_TRAIN_THREADS, w = item % t.windows, u = item / t.windows;
            if (u >= units) continue;
            unsigned here = u * t.stride + w;
            float4 slope = make_float4(0, 0, 0, 0);
            if (u < hidden) {
                gnt_cell cell;
                cell.i = g[i].x;
                cell.f = g[i].y;
                cell.g = g[i].z;
                cell.o = g[i].w;
                cell.tanh_c = tanh_c[i];
                gnt_cell_gradient back = gnt_cell_back(&cell, c_before[i], dh[i], dc[i]);
                slope = make_float4(back.zi, back.zf, back.zg, back.zo);
                d_cell[here] = back.c_before;
            }
            gates[here] = slope;
            if (FAST || t.stage) gnt_stage_of<FAST>(t)[here] = slope;
        }
    }
    __syncthreads();
}

/* d_hidden of the step before from the gates' gradients at step s. */
template <bool FAST, int N> GNT_HOT void gnt_recurrent_back(const gnt_trainer &t, unsigned l, unsigned d, unsigned s)
{
    const gnt_layout &layout = t.task.layout;
    unsigned hidden = layout.net.hidden, units = (unsigned)layout.groups * GNT_GROUP_UNITS, gap = t.windows / N;
    const float4 *gates =
        FAST || t.stage ? gnt_stage_of<FAST>(t) : gnt_quads_at(t, t.task.at.gates[l][d]) + (size_t)s * units * t.stride;
    const float *weight = gnt_weights_of<FAST>(t) + layout.weight[l][d] + layout.inputs[l] * GNT_BLOCK;
    float4 *out = gnt_quads_at(t, t.task.at.d_hidden);
    GNT_EACH(item, gnt_quads(hidden) * gap)
    {
        unsigned w = item % gap, q = item / gap;
        float4 acc[N];
#pragma unroll
        for (int n = 0; n < N; n++) acc[n] = make_float4(0, 0, 0, 0);
        gnt_pull<N, FAST ? GNT_GROUP_UNITS : 1>(acc, weight + 4 * q * GNT_BLOCK, layout.inputs[l] + hidden, gates + w,
                                                t.stride, gap, (unsigned)layout.groups);
#pragma unroll
        for (int n = 0; n < N; n++) out[q * t.stride + w + n * gap] = acc[n];
    }
    __syncthreads();
}

template <bool FAST> GNT_PHASE void gnt_time_back(const gnt_trainer &t, unsigned l, unsigned d, unsigned d_out)
{
    const gnt_net &net = t.task.layout.net;
    unsigned n = gnt_steps_of(net, l, d), row = gnt_quads(net.hidden) * t.stride * 4;
    for (unsigned i = n; i-- > 0;) {
        unsigned s = d == 0 ? i : net.window - 1 - i, before = i == 0 ? s : d == 0 ? s - 1 : s + 1;
        gnt_cells_back<FAST>(t, l, d, s, before, i + 1 == n, gnt_at(t, t.task.at.d_out[d_out][d]) + (size_t)s * row);
        if (i) gnt_recurrent_back<FAST, 4>(t, l, d, s);
    }
}

/* Weights of one direction; the step before in time feeds the recurrent part. */
template <bool FAST, int K, int J>
GNT_HOT void gnt_direction_back(const gnt_trainer &t, unsigned l, unsigned d, bool first)
{
    const gnt_layout &layout = t.task.layout;
    const gnt_train_places &at = t.task.at;
    const gnt_net &net = layout.net;
    unsigned n = gnt_steps_of(net, l, d), hidden = net.hidden, inputs = gnt_segment_inputs(t, l);
    ptrdiff_t sign = d == 0 ? 1 : -1, start = d == 0 ? 0 : net.window - 1,
              h_row = (ptrdiff_t)gnt_quads(hidden) * t.stride;
    ptrdiff_t d_row = (ptrdiff_t)layout.groups * GNT_GROUP_UNITS * t.stride,
              x_row = (ptrdiff_t)gnt_quads(inputs) * t.stride;
    gnt_steps steps = {nullptr, gnt_quads_at(t, at.gates[l][d]) + start * d_row, sign * x_row, sign * d_row, n};
    gnt_weights_part part = {layout.weight[l][d], layout.inputs[l] + hidden, 0, inputs, hidden};
    for (unsigned segment = 0; segment < gnt_segments(t, l); segment++, part.row += inputs) {
        steps.x = gnt_segment(t, l, segment) + start * x_row;
        gnt_weights_back<FAST, K, J>(t, part, steps, first);
    }
    gnt_bias_back(t, steps, hidden, layout.bias_ih[l][d], layout.bias_hh[l][d], first);
    part.n_k = hidden;
    steps = {gnt_quads_at(t, at.out[l][d]) + start * h_row, steps.d + sign * d_row, sign * h_row, sign * d_row, n - 1};
    gnt_weights_back<FAST, K, J>(t, part, steps, first);
}

/* Gradients of what the layer read, both directions in their order, then through the dropout below; into d_out[to]. */
template <int N> GNT_PHASE void gnt_inputs_back(const gnt_trainer &t, unsigned l, unsigned to)
{
    const gnt_layout &layout = t.task.layout;
    const gnt_train_places &at = t.task.at;
    unsigned hidden = layout.net.hidden, quads = gnt_quads(hidden), units = (unsigned)layout.groups * GNT_GROUP_UNITS;
    unsigned gap = t.windows / N, per_step = (unsigned)layout.directions * quads * gap, steps = layout.net.window;
    GNT_EACH(item, steps * per_step)
    {
        unsigned w = item % gap, q = item / gap % quads, segment = item / gap / quads % (unsigned)layout.directions;
        unsigned s = item / per_step;
        float4 acc[N];
#pragma unroll
        for (int n = 0; n < N; n++) acc[n] = make_float4(0, 0, 0, 0);
        for (unsigned d = 0; d < layout.directions; d++) {
            if (d == 1 && s + gnt_steps_of(layout.net, l, d) < steps) continue;
            gnt_pull<N, 1>(acc, t.weights + layout.weight[l][d] + (segment * hidden + 4 * q) * GNT_BLOCK,
                           layout.inputs[l] + hidden,
                           gnt_quads_at(t, at.gates[l][d]) + (size_t)s * units * t.stride + w, t.stride, gap,
                           (unsigned)layout.groups);
        }
        size_t here = ((size_t)s * quads + q) * t.stride + w;
#pragma unroll
        for (int n = 0; n < N; n++) {
            if (t.dropout) {
                float4 m = gnt_quads_at(t, at.mask[l - 1][segment])[here + n * gap];
                acc[n] = make_float4(acc[n].x * m.x, acc[n].y * m.y, acc[n].z * m.z, acc[n].w * m.w);
            }
            gnt_quads_at(t, at.d_out[to][segment])[here + n * gap] = acc[n];
        }
    }
    __syncthreads();
}

template <bool FAST> GNT_HOT void gnt_train_back(const gnt_trainer &t, bool first)
{
    const gnt_layout &layout = t.task.layout;
    unsigned from = 0;
    gnt_head_back(t, first);
    gnt_pool_back(t, first);
    for (unsigned l = layout.net.layers; l-- > 0; from = 1 - from) {
        for (unsigned d = 0; d < layout.directions; d++) {
            gnt_time_back<FAST>(t, l, d, from);
            gnt_direction_back<FAST, 2, 2>(t, l, d, first);
            __syncthreads();
        }
        if (l > 0) gnt_inputs_back<4>(t, l, 1 - from);
    }
}

#endif
