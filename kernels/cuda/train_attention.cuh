/* Pooling, the last linear unit, and their gradients (kernels/cpu/lstm_forward.c and lstm_backward.c, ends of each).
 *
 *     attention: e[s] = tanh(W h[s] + b), a = softmax over s of v . e[s], pooled = sum of a[s] h[s]
 *
 * Small beside the LSTM: a thread owns a (step, window), a (unit, window) or a window. Class reduction. */
#ifndef GNT_CUDA_TRAIN_ATTENTION_CUH
#define GNT_CUDA_TRAIN_ATTENTION_CUH

#include "kernels/cuda/train_forward.cuh"

#define GNT_ATTENTION_TILE 4 /* windows of a thread's tile */

GNT_HOT unsigned gnt_attention_quads(const gnt_trainer &t)
{
    return (unsigned)t.task.layout.attention_groups * GNT_GROUP_UNITS;
}

/* Float of (k of direction d, window) in [q(H)][W] at `place`, or at step s of [L][q(H)][W]. */
GNT_HOT float *gnt_unit(const gnt_trainer &t, size_t place, unsigned s, unsigned k, unsigned w)
{
    size_t quads = gnt_quads(t.task.layout.net.hidden);
    return gnt_at(t, place) + ((s * quads + k / 4) * t.stride + w) * 4 + k % 4;
}

/* ---- forward -------------------------------------------------------------------------------------------- */

GNT_HOT void gnt_attention_energies(const gnt_trainer &t)
{
    constexpr int N = GNT_ATTENTION_TILE;
    const gnt_layout &layout = t.task.layout;
    unsigned quads = gnt_attention_quads(t), gap = t.windows / N, hidden = layout.net.hidden,
             last = layout.net.layers - 1;
    GNT_EACH(item, layout.net.window * quads * gap)
    {
        unsigned w = item % gap, q = item / gap % quads, s = item / gap / quads;
        const float *weight = t.weights + layout.attention_weight + gnt_gate(q, layout.width, 0);
        float4 acc[1][N];
        for (int n = 0; n < N; n++) acc[0][n] = gnt_load4(t.weights + layout.attention_bias + 4 * q);
        for (unsigned d = 0; d < layout.directions; d++, weight += hidden * GNT_BLOCK)
            gnt_chain<1, N>(acc, weight,
                            gnt_quads_at(t, t.task.at.out[last][d]) + (size_t)s * gnt_quads(hidden) * t.stride + w,
                            t.stride, gap, hidden);
        float4 *energy = gnt_quads_at(t, t.task.at.energy) + ((size_t)s * quads + q) * t.stride + w;
#pragma unroll
        for (int n = 0; n < N; n++)
            energy[n * gap] = make_float4(gnt_f32_tanh(acc[0][n].x), gnt_f32_tanh(acc[0][n].y),
                                          gnt_f32_tanh(acc[0][n].z), gnt_f32_tanh(acc[0][n].w));
    }
    __syncthreads();
}

GNT_HOT void gnt_attention_softmax(const gnt_trainer &t)
{
    const gnt_layout &layout = t.task.layout;
    unsigned quads = gnt_attention_quads(t), steps = layout.net.window;
    float *alpha = gnt_at(t, t.task.at.alpha);
    const float *v = t.weights + layout.attention_v;
    GNT_EACH(item, steps * t.windows)
    {
        unsigned w = item % t.windows, s = item / t.windows;
        const float4 *energy = gnt_quads_at(t, t.task.at.energy) + (size_t)s * quads * t.stride + w;
        float score = 0;
        for (unsigned q = 0; q < quads; q++)
            for (int i = 0; i < 4; i++) score = fmaf(v[4 * q + i], gnt_part(energy[q * t.stride], i), score);
        alpha[s * t.stride + w] = score;
    }
    __syncthreads();
    GNT_EACH(w, t.windows)
    {
        float top = alpha[w], sum = 0;
        for (unsigned s = 1; s < steps; s++) top = gnt_f32_max(top, alpha[s * t.stride + w]);
        for (unsigned s = 0; s < steps; s++) {
            float e = gnt_f32_exp(alpha[s * t.stride + w] - top);
            alpha[s * t.stride + w] = e;
            sum += e;
        }
        for (unsigned s = 0; s < steps; s++) alpha[s * t.stride + w] /= sum;
    }
    __syncthreads();
}

GNT_PHASE void gnt_train_pool(const gnt_trainer &t)
{
    const gnt_layout &layout = t.task.layout;
    const gnt_net &net = layout.net;
    bool attention = net.pool == GNT_POOL_ATTENTION;
    if (attention) {
        gnt_attention_energies(t);
        gnt_attention_softmax(t);
    }
    GNT_EACH(item, (unsigned)layout.width * t.windows)
    {
        unsigned w = item % t.windows, k = item / t.windows % net.hidden, d = item / t.windows / net.hidden;
        size_t out = t.task.at.out[net.layers - 1][d];
        unsigned s = d == 1 && net.pool == GNT_POOL_FINAL ? 0 : net.window - 1;
        float pooled = 0;
        if (attention)
            for (unsigned i = 0; i < net.window; i++)
                pooled = fmaf(gnt_at(t, t.task.at.alpha)[i * t.stride + w], *gnt_unit(t, out, i, k, w), pooled);
        else
            pooled = *gnt_unit(t, out, s, k, w);
        *gnt_unit(t, t.task.at.pooled[d], 0, k, w) = pooled;
    }
    __syncthreads();
}

/* Logit of window w. */
GNT_HOT float gnt_train_logit(const gnt_trainer &t, unsigned w)
{
    const gnt_layout &layout = t.task.layout;
    float logit = t.weights[layout.fc_bias];
    for (unsigned d = 0; d < layout.directions; d++)
        for (unsigned k = 0; k < layout.net.hidden; k++)
            logit = fmaf(t.weights[layout.fc_weight + d * layout.net.hidden + k],
                         *gnt_unit(t, t.task.at.pooled[d], 0, k, w), logit);
    return logit;
}

/* ---- backward ------------------------------------------------------------------------------------------- */

/* Adds each block's gradient to a parameter's sum, in their order; `first`: the sum begins with them. */
#define GNT_BLOCK_SUM(t, place, first, block_gradient)                                     \
    do {                                                                                   \
        float *sum_ = gnt_at(t, (t).task.at.sum) + (place);                                \
        float total_ = (first) ? 0 : *sum_;                                                \
        for (unsigned b = 0; b < (t).windows / GNT_BLOCK; b++) total_ += (block_gradient); \
        *sum_ = total_;                                                                    \
    } while (0)

GNT_HOT float gnt_head_bias_of(const gnt_trainer &t, unsigned b)
{
    float sum = 0;
    for (unsigned w = 0; w < GNT_BLOCK; w++) sum += gnt_at(t, t.task.at.d_logit)[b * GNT_BLOCK + w];
    return sum;
}

GNT_HOT float gnt_head_weight_of(const gnt_trainer &t, unsigned b, unsigned d, unsigned k)
{
    float sum = 0;
    for (unsigned w = b * GNT_BLOCK; w < (b + 1) * GNT_BLOCK; w++)
        sum += gnt_at(t, t.task.at.d_logit)[w] * *gnt_unit(t, t.task.at.pooled[d], 0, k, w);
    return sum;
}

GNT_HOT void gnt_head_back(const gnt_trainer &t, bool first)
{
    const gnt_layout &layout = t.task.layout;
    unsigned hidden = layout.net.hidden, width = (unsigned)layout.width;
    GNT_EACH(item, width * t.windows)
    {
        unsigned w = item % t.windows, k = item / t.windows % hidden, d = item / t.windows / hidden;
        *gnt_unit(t, t.task.at.d_pooled[d], 0, k, w) =
            t.weights[layout.fc_weight + d * hidden + k] * gnt_at(t, t.task.at.d_logit)[w];
    }
    GNT_EACH(k, width)
    GNT_BLOCK_SUM(t, layout.fc_weight + k, first, gnt_head_weight_of(t, b, k / hidden, k % hidden));
    if (threadIdx.x == GNT_TRAIN_THREADS - 1) GNT_BLOCK_SUM(t, layout.fc_bias, first, gnt_head_bias_of(t, b));
    __syncthreads();
}

/* score[s] = a[s] (da[s] - sum over t of a[t] da[t]), da[s] = sum over k of d_pooled[k] h[s][k]. */
GNT_HOT void gnt_softmax_back(const gnt_trainer &t)
{
    const gnt_layout &layout = t.task.layout;
    const gnt_train_places &at = t.task.at;
    float *score = gnt_at(t, at.score);
    const float *alpha = gnt_at(t, at.alpha);
    GNT_EACH(item, layout.net.window * t.windows)
    {
        unsigned w = item % t.windows, s = item / t.windows;
        float da = 0;
        for (unsigned d = 0; d < layout.directions; d++)
            for (unsigned k = 0; k < layout.net.hidden; k++)
                da = fmaf(*gnt_unit(t, at.d_pooled[d], 0, k, w),
                          *gnt_unit(t, at.out[layout.net.layers - 1][d], s, k, w), da);
        score[s * t.stride + w] = da;
    }
    __syncthreads();
    GNT_EACH(w, t.windows)
    {
        float mean = 0;
        for (unsigned s = 0; s < layout.net.window; s++)
            mean = fmaf(alpha[s * t.stride + w], score[s * t.stride + w], mean);
        for (unsigned s = 0; s < layout.net.window; s++)
            score[s * t.stride + w] = alpha[s * t.stride + w] * (score[s * t.stride + w] - mean);
    }
    __syncthreads();
}

/* Gradients of the energies from those of the scores, and per window of v. */
GNT_HOT void gnt_energies_back(const gnt_trainer &t)
{
    const gnt_train_places &at = t.task.at;
    unsigned quads = gnt_attention_quads(t);
    GNT_EACH(item, quads * t.windows)
    {
        unsigned w = item % t.windows, q = item / t.windows;
        float4 v = gnt_load4(t.weights + t.task.layout.attention_v + 4 * q), d_v = make_float4(0, 0, 0, 0);
        for (unsigned s = 0; s < t.task.layout.net.window; s++) {
            size_t here = ((size_t)s * quads + q) * t.stride + w;
            float de = gnt_at(t, at.score)[s * t.stride + w];
            float4 u = gnt_quads_at(t, at.energy)[here];
            gnt_quads_at(t, at.d_energy)[here] =
                make_float4(de * v.x * fmaf(-u.x, u.x, 1), de * v.y * fmaf(-u.y, u.y, 1), de * v.z * fmaf(-u.z, u.z, 1),
                            de * v.w * fmaf(-u.w, u.w, 1));
            d_v = gnt_fma4(u, de, d_v);
        }
        gnt_quads_at(t, at.d_v)[q * t.stride + w] = d_v;
    }
    __syncthreads();
}

GNT_HOT float gnt_attention_v_of(const gnt_trainer &t, unsigned b, unsigned j)
{
    float sum = 0;
    for (unsigned w = b * GNT_BLOCK; w < (b + 1) * GNT_BLOCK; w++)
        sum += gnt_at(t, t.task.at.d_v)[((size_t)(j / 4) * t.stride + w) * 4 + j % 4];
    return sum;
}

/* Into d_out: a[s] d_pooled, then through the energies. */
GNT_HOT void gnt_attention_inputs_back(const gnt_trainer &t, unsigned d_out)
{
    constexpr int N = GNT_ATTENTION_TILE;
    const gnt_layout &layout = t.task.layout;
    const gnt_train_places &at = t.task.at;
    unsigned hidden = layout.net.hidden, quads = gnt_quads(hidden), gap = t.windows / N;
    unsigned per_step = (unsigned)layout.directions * quads * gap;
    GNT_EACH(item, layout.net.window * per_step)
    {
        unsigned w = item % gap, q = item / gap % quads, d = item / gap / quads % (unsigned)layout.directions;
        unsigned s = item / per_step;
        float4 acc[N];
#pragma unroll
        for (int n = 0; n < N; n++) {
            float a = gnt_at(t, at.alpha)[s * t.stride + w + n * gap];
            float4 p = gnt_quads_at(t, at.d_pooled[d])[q * t.stride + w + n * gap];
            acc[n] = make_float4(a * p.x, a * p.y, a * p.z, a * p.w);
        }
        gnt_pull<N, 1>(acc, t.weights + layout.attention_weight + (d * hidden + 4 * q) * GNT_BLOCK, layout.width,
                       gnt_quads_at(t, at.d_energy) + (size_t)s * gnt_attention_quads(t) * t.stride + w, t.stride, gap,
                       (unsigned)layout.attention_groups);
#pragma unroll
        for (int n = 0; n < N; n++)
            gnt_quads_at(t, at.d_out[d_out][d])[((size_t)s * quads + q) * t.stride + w + n * gap] = acc[n];
    }
    __syncthreads();
}

#endif
