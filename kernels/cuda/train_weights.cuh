/* Gradients of a matrix from what it read and the gradients of its gates, onto the batch's sum.
 *
 *     sum[k][j] += for each block of 16 windows in turn: one chain over (step, window) of x[s][k][w] d[s][j][w]
 *
 * A thread owns 4 K inputs x 4 J gates. Where there is room, a step's windows of a block are staged in shared memory,
 * turned to [window][unit or quad], so that neighbouring threads read neighbouring 16 bytes; the next step's are on
 * their way into registers meanwhile. Class reduction. */
#ifndef GNT_CUDA_TRAIN_WEIGHTS_CUH
#define GNT_CUDA_TRAIN_WEIGHTS_CUH

#include "kernels/cuda/train_product.cuh"

/* A walk over steps: quads of the inputs and of the gates' gradients at the first step, and from each to the next. */
struct gnt_steps {
    const float4 *x, *d;
    ptrdiff_t x_step, d_step; /* in quads */
    unsigned n;
};

/* A matrix's part: inputs n_k from row `row` on of groups of k_all rows at `place`. */
struct gnt_weights_part {
    size_t place, k_all, row;
    unsigned n_k, n_units;
};

/* A thread's tile: quads q + a k_gap and units u + b u_gap, a < K, b < J. */
struct gnt_weights_tile {
    unsigned q, u, k_gap, u_gap;
};

template <int K, int J> GNT_HOT void gnt_clear(float4 (&acc)[4 * K][J])
{
#pragma unroll
    for (int i = 0; i < 4 * K; i++)
#pragma unroll
        for (int j = 0; j < J; j++) acc[i][j] = make_float4(0, 0, 0, 0);
}

/* One block's gradient onto the sum, which begins with it when `first`. */
template <int K, int J>
GNT_HOT void gnt_add_to_sum(float *sum, const gnt_weights_part &part, const gnt_weights_tile &tile, bool first,
                            const float4 (&acc)[4 * K][J])
{
#pragma unroll
    for (int i = 0; i < 4 * K; i++)
#pragma unroll
        for (int j = 0; j < J; j++) {
            unsigned k = 4 * (tile.q + i / 4 * tile.k_gap) + i % 4, u = tile.u + j * tile.u_gap;
            if (k >= part.n_k || u >= part.n_units) continue;
            float4 *at = reinterpret_cast<float4 *>(sum + gnt_gate(u, part.k_all, part.row + k));
            float4 total = first ? make_float4(0, 0, 0, 0) : *at;
            total.x += acc[i][j].x;
            total.y += acc[i][j].y;
            total.z += acc[i][j].z;
            total.w += acc[i][j].w;
            *at = total;
        }
}

/* A step's windows of a block on their way: item r 16 + w is window w of row r, units first, then quads of inputs. */
GNT_HOT void gnt_stage_load(const gnt_trainer &t, float4 (&held)[GNT_STAGE_HELD], const float4 *d, const float4 *x,
                            unsigned n_units, unsigned quads)
{
#pragma unroll
    for (int i = 0; i < GNT_STAGE_HELD; i++) {
        unsigned item = threadIdx.x + i * GNT_TRAIN_THREADS, row = item / GNT_BLOCK, w = item % GNT_BLOCK;
        if (row < n_units)
            held[i] = d[row * t.stride + w];
        else if (row < n_units + quads)
            held[i] = x[(row - n_units) * t.stride + w];
    }
}

template <bool FAST>
GNT_HOT void gnt_stage_store(const gnt_trainer &t, const float4 (&held)[GNT_STAGE_HELD], unsigned rows, unsigned pad)
{
#pragma unroll
    for (int i = 0; i < GNT_STAGE_HELD; i++) {
        unsigned item = threadIdx.x + i * GNT_TRAIN_THREADS;
        if (item / GNT_BLOCK < rows) gnt_stage_of<FAST>(t)[item % GNT_BLOCK * pad + item / GNT_BLOCK] = held[i];
    }
}

/* One block through the stage; `active` threads have a tile, all take part in the staging. */
template <bool FAST, int K, int J>
GNT_HOT void gnt_staged_block(const gnt_trainer &t, float4 (&acc)[4 * K][J], const gnt_weights_part &part,
                              const gnt_weights_tile &tile, gnt_steps s, bool active)
{
    unsigned quads = gnt_quads(part.n_k), pad = gnt_stage_pad(part.n_units, quads);
    const float4 *stage = gnt_stage_of<FAST>(t);
    float4 held[GNT_STAGE_HELD] = {};
    if (s.n == 0) return;
    gnt_stage_load(t, held, s.d, s.x, part.n_units, quads);
    for (unsigned i = 0; i < s.n; i++) {
        gnt_stage_store<FAST>(t, held, part.n_units + quads, pad);
        __syncthreads();
        s.x += s.x_step;
        s.d += s.d_step;
        if (i + 1 < s.n) gnt_stage_load(t, held, s.d, s.x, part.n_units, quads);
        if (active) gnt_outer<K, J>(acc, stage + part.n_units + tile.q, tile.k_gap, stage + tile.u, tile.u_gap, pad);
        __syncthreads();
    }
}

template <bool FAST, int K, int J>
GNT_PHASE void gnt_weights_back(const gnt_trainer &t, gnt_weights_part part, gnt_steps steps, bool first)
{
    unsigned quads = gnt_quads(part.n_k), k_gap = (quads + K - 1) / K, u_gap = (part.n_units + J - 1) / J;
    bool staged = (FAST || t.stage) && gnt_stage_holds(part.n_units, quads);
    float *sum = gnt_at(t, t.task.at.sum) + part.place;
    for (unsigned base = 0; base < k_gap * u_gap; base += GNT_TRAIN_THREADS) {
        bool active = base + threadIdx.x < k_gap * u_gap;
        gnt_weights_tile tile = {(base + threadIdx.x) % k_gap, (base + threadIdx.x) / k_gap, k_gap, u_gap};
        for (unsigned b = 0; b < t.windows / GNT_BLOCK; b++) {
            float4 acc[4 * K][J];
            gnt_steps s = {steps.x + b * GNT_BLOCK, steps.d + b * GNT_BLOCK, steps.x_step, steps.d_step, steps.n};
            gnt_clear<K, J>(acc);
            if (staged)
                gnt_staged_block<FAST, K, J>(t, acc, part, tile, s, active);
            else if (active)
                for (unsigned i = 0; i < s.n; i++, s.x += s.x_step, s.d += s.d_step)
                    gnt_outer<K, J>(acc, s.x + tile.q * t.stride, k_gap * t.stride, s.d + tile.u * t.stride,
                                    u_gap * t.stride, 1);
            if (active) gnt_add_to_sum<K, J>(sum, part, tile, first && b == 0, acc);
        }
    }
}

/* Sums over steps and windows of the gates' gradients, to one place or to two. */
GNT_HOT void gnt_bias_back(const gnt_trainer &t, gnt_steps steps, unsigned n_units, size_t place, size_t second,
                           bool first)
{
    GNT_EACH(unit, n_units)
    {
        float4 *sum = reinterpret_cast<float4 *>(gnt_at(t, t.task.at.sum) + place + 4 * unit);
        float4 total = first ? make_float4(0, 0, 0, 0) : *sum;
        for (unsigned b = 0; b < t.windows / GNT_BLOCK; b++) {
            float4 acc = make_float4(0, 0, 0, 0);
            const float4 *d = steps.d + (size_t)unit * t.stride + b * GNT_BLOCK;
            for (unsigned i = 0; i < steps.n; i++, d += steps.d_step)
                for (unsigned w = 0; w < GNT_BLOCK; w++)
                    acc = make_float4(acc.x + d[w].x, acc.y + d[w].y, acc.z + d[w].z, acc.w + d[w].w);
            total = make_float4(total.x + acc.x, total.y + acc.y, total.z + acc.z, total.w + acc.w);
        }
        *sum = total;
        *reinterpret_cast<float4 *>(gnt_at(t, t.task.at.sum) + second + 4 * unit) = total;
    }
}

#endif
