/* What happens between passes: packing, an epoch's order, losses, the gradient's norm and the Adam step.
 *
 * Sums that the CPU takes one after the other are one after the other here too: a slice's 16 float64 columns are a
 * thread each, an epoch's loss is added by one thread from an array that all have filled. Class reduction: the CPU's
 * bits (kernels/cpu/train_state.c, optimiser.c). */
#ifndef GNT_CUDA_TRAIN_UPDATE_CUH
#define GNT_CUDA_TRAIN_UPDATE_CUH

#include "kernels/cuda/train_backward.cuh"
#include "kernels/math/curve.h"
#include "kernels/math/explog.h"

#define GNT_SLICE 4096u /* numbers of a slice of the norm, as on the CPU */
#define GNT_COLUMNS 16u

/* ---- flat and packed ------------------------------------------------------------------------------------ */

/* rows x cols floats between flat[r cols + c] and packed[place + c 16 + where r goes]; what r means says `per`: the
 * hidden size for gates (row = gate H + unit), 0 for groups of 16 rows as they are. */
GNT_HOT void gnt_move(float *flat, float *packed, bool pack, unsigned rows, unsigned cols, unsigned per, size_t k_all)
{
    GNT_EACH(i, rows * cols)
    {
        unsigned r = i / cols, c = i % cols;
        size_t to = per ? gnt_gate(r % per, k_all, c) + r / per
                        : r / GNT_BLOCK * k_all * GNT_BLOCK + r % GNT_BLOCK + c * GNT_BLOCK;
        if (pack)
            packed[to] = flat[i];
        else
            flat[i] = packed[to];
    }
}

/* All parameters between PyTorch's order and the packed one (kernels/layout.c). */
GNT_PHASE void gnt_move_all(const gnt_trainer &t, float *flat, float *packed, bool pack)
{
    const gnt_layout &layout = t.task.layout;
    unsigned hidden = layout.net.hidden, rows = 4 * hidden, a = layout.net.attention, width = (unsigned)layout.width;
    for (unsigned l = 0; l < layout.net.layers; l++)
        for (unsigned d = 0; d < layout.directions; d++) {
            unsigned inputs = (unsigned)layout.inputs[l];
            size_t k_all = inputs + hidden;
            float *weight = packed + layout.weight[l][d];
            gnt_move(flat, weight, pack, rows, inputs, hidden, k_all);
            gnt_move(flat += (size_t)rows * inputs, weight + inputs * GNT_BLOCK, pack, rows, hidden, hidden, k_all);
            gnt_move(flat += (size_t)rows * hidden, packed + layout.bias_ih[l][d], pack, rows, 1, hidden, 1);
            gnt_move(flat += rows, packed + layout.bias_hh[l][d], pack, rows, 1, hidden, 1);
            flat += rows;
        }
    if (layout.net.pool == GNT_POOL_ATTENTION) {
        gnt_move(flat, packed + layout.attention_weight, pack, a, width, 0, width);
        gnt_move(flat += (size_t)a * width, packed + layout.attention_bias, pack, a, 1, 0, 1);
        gnt_move(flat += a, packed + layout.attention_v, pack, a, 1, 0, 1);
        flat += a;
    }
    GNT_EACH(k, width + 1)
    {
        float *at = packed + (k < width ? layout.fc_weight + k : layout.fc_bias);
        if (pack)
            *at = flat[k];
        else
            flat[k] = *at;
    }
}

GNT_HOT void gnt_zero(float *p, size_t n)
{
    for (size_t i = threadIdx.x; i < n; i += GNT_TRAIN_THREADS) p[i] = 0;
}

/* bias = bias_ih + bias_hh */
GNT_HOT void gnt_train_derive(const gnt_trainer &t)
{
    const gnt_layout &layout = t.task.layout;
    for (unsigned l = 0; l < layout.net.layers; l++)
        for (unsigned d = 0; d < layout.directions; d++) GNT_EACH(j, (unsigned)layout.groups * GNT_BLOCK)
    t.weights[layout.bias[l][d] + j] = t.weights[layout.bias_ih[l][d] + j] + t.weights[layout.bias_hh[l][d] + j];
    __syncthreads();
}

/* ---- an epoch's order -------------------------------------------------------------------------------------- */

/* Fisher-Yates from the end: all threads draw, one swaps. */
GNT_HOT void gnt_train_order(const gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    uint32_t *order = reinterpret_cast<uint32_t *>(gnt_at(t, task.at.order));
    uint32_t *draw = reinterpret_cast<uint32_t *>(gnt_at(t, task.at.draw));
    gnt_random at = gnt_random_at(task.options.seed, GNT_STREAM_SHUFFLE, t.outcome.curve.epochs);
    GNT_EACH(i, task.n_train)
    {
        order[i] = task.train[i];
        draw[i] = i ? (uint32_t)gnt_bounded(at, i, (uint64_t)i + 1) : 0;
    }
    __syncthreads();
    if (threadIdx.x == 0)
        for (uint32_t i = task.n_train; i-- > 1;) {
            uint32_t j = draw[i], row = order[i];
            order[i] = order[j];
            order[j] = row;
        }
    __syncthreads();
}

/* ---- losses ------------------------------------------------------------------------------------------------- */

/* d loss / d logit of one window in a batch of n. */
GNT_HOT float gnt_loss_slope(const gnt_train_options &o, float logit, bool up, unsigned n)
{
    double p = 1 / (1 + gnt_exp(-(double)logit));
    return (float)((up ? o.pos_weight * (p - 1) : p) / (double)n);
}

/* -(pos_weight y log p + (1 - y) log(1 - p)) */
GNT_HOT double gnt_loss(const gnt_train_options &o, float logit, bool up)
{
    double z = logit, log_up = gnt_log(1 + gnt_exp(-fabs(z))) + (z < 0 ? -z : 0);
    return up ? o.pos_weight * log_up : log_up + z;
}

/* Mean loss of n rows, added in their order, and how many are right; in thread 0. NaN when there are none. */
GNT_PHASE double gnt_mean_loss(gnt_trainer &t, const uint32_t *row, const float *logit, unsigned n, uint32_t *right)
{
    const gnt_train_task &task = t.task;
    double *loss = reinterpret_cast<double *>(gnt_at(t, task.at.loss)), sum = 0;
    if (threadIdx.x == 0) t.correct = 0;
    __syncthreads();
    unsigned correct = 0;
    GNT_EACH(i, n)
    {
        bool up = task.up[row[i]];
        loss[i] = gnt_loss(task.options, logit[i], up);
        correct += (logit[i] >= 0) == up;
    }
    atomicAdd(&t.correct, correct);
    __syncthreads();
    if (threadIdx.x == 0)
        for (unsigned i = 0; i < n; i++) sum += loss[i];
    *right = t.correct;
    __syncthreads();
    return n ? sum / (double)n : (double)NAN;
}

/* ---- the optimiser --------------------------------------------------------------------------------------------- */

/* Clipping's factor into shared->clip: sums of squares by (slice, column), columns and slices added in their order. */
GNT_HOT void gnt_train_clip(gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    unsigned n = (unsigned)task.layout.n_trained, slices = (n + GNT_SLICE - 1) / GNT_SLICE;
    const float *sum = gnt_at(t, task.at.sum);
    double *squares = reinterpret_cast<double *>(gnt_at(t, task.at.squares));
    GNT_EACH(item, slices * GNT_COLUMNS)
    {
        unsigned from = item / GNT_COLUMNS * GNT_SLICE, to = n - from < GNT_SLICE ? n : from + GNT_SLICE;
        double column = 0;
        for (unsigned i = from + item % GNT_COLUMNS; i < to; i += GNT_COLUMNS) column += (double)sum[i] * sum[i];
        squares[item] = column;
    }
    __syncthreads();
    GNT_EACH(slice, slices)
    {
        double total = 0;
        for (unsigned j = 0; j < GNT_COLUMNS; j++) total += squares[slice * GNT_COLUMNS + j];
        squares[slices * GNT_COLUMNS + slice] = total;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        double total = 0;
        for (unsigned i = 0; i < slices; i++) total += squares[slices * GNT_COLUMNS + i];
        double clip = task.options.clip_norm > 0 ? task.options.clip_norm / (sqrt(total) + 1e-6) : 1;
        t.clip = (float)(clip > 1 ? 1 : clip);
    }
    __syncthreads();
}

/* Step number outcome.steps of the call, at the epoch's rate; torch.optim's Adam or AdamW, each operation rounded. */
GNT_HOT void gnt_train_step(gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    const gnt_train_options &o = task.options;
    uint64_t at = t.outcome.steps;
    double rate = t.rate;
    bool decoupled = o.optimiser == GNT_ADAMW;
    float decay = decoupled ? 0 : (float)o.weight_decay, keep = decoupled ? (float)(1 - rate * o.weight_decay) : 1;
    float rate1 = (float)(1 - o.beta1), keep2 = (float)o.beta2, rate2 = (float)(1 - o.beta2), eps = (float)o.epsilon;
    float step = (float)(rate / task.correction1[at]), root = task.root_correction[at], clip = t.clip;
    const float *sum = gnt_at(t, task.at.sum);
    float *moment1 = gnt_at(t, task.at.moment1), *moment2 = gnt_at(t, task.at.moment2);
    GNT_EACH(i, (unsigned)task.layout.n_trained)
    {
        float w = t.weights[i] * keep, g = sum[i] * clip + t.weights[i] * decay;
        float m = moment1[i] + (g - moment1[i]) * rate1;
        float v = moment2[i] * keep2 + rate2 * g * g;
        moment1[i] = m;
        moment2[i] = v;
        t.weights[i] = w - step * m / (sqrtf(v) / root + eps);
    }
    __syncthreads();
    if (threadIdx.x == 0) t.outcome.steps++;
    gnt_train_derive(t);
}

#endif
