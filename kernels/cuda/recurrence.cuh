/* recurrence.cuh: whole windows through all layers, pooling and the last linear unit in one kernel.
 *
 * formula  gates = z (first layer: project.cuh) or bias + W h_below[s], then + U h[s-1]; gnt_cell_step; pooling.cuh
 * mapping  a block owns 32 V windows at a time, a warp G groups of 4 units of them (chain.cuh), and goes through its
 *          share of (model, windows) pairs; a lane takes its 4 G V units through the cell without a store. There are as
 *          many blocks as fit on the GPU at once
 * forms    gnt_steps    all layers of a step before the next step; only h of the last step is kept, in layers + 1
 *                       buffers [H][32 V] of shared memory that take turns: layer l of step s writes buffer
 *                       (l - s) mod (layers + 1), the one that nobody reads any more, so one barrier a layer and step
 *                       is enough. c lies beside h where it fits, else in the slab (a lane only meets its own).
 *                       RESIDENT: the weights stay in shared memory while the model doesn't change; else they stream
 *                       from L2, 16 H^2 bytes a layer and step against 32 V windows' work on them
 *          gnt_layered  one direction of one layer after another, the sequence in the slab: what bidirectional layers
 *                       need, and nets whose h is too large for shared memory. One more load from L1 or L2 a row of h,
 *                       everything else is the same text
 *          With attention the last layer's sequence also goes to the slab.
 * shared   (layers + 1) H 128 V bytes, + 128 V bytes a unit and layer for c, + the weights; float32.cu chooses
 * class    reduction, the CPU's bits: no sum is split, so neither V nor the grid shows in them
 * versions docs/decisions/cuda-forward.md has the estimates; none is measured */
#ifndef GNT_CUDA_RECURRENCE_CUH
#define GNT_CUDA_RECURRENCE_CUH

#include "kernels/cuda/cell.cuh"
#include "kernels/cuda/pooling.cuh"
#include "kernels/cuda/project.cuh"

/* Most threads in a block: 168 registers each; with one window a lane the addresses want more. */
__host__ __device__ constexpr unsigned gnt_recurrence_threads(unsigned windows_a_lane)
{
    return windows_a_lane == 1 ? 256u : 384u;
}

/* A block's part of the slab, in floats. */
struct gnt_scratch {
    float *base;
    size_t cell, sequence[2], alpha, pooled; /* offsets; [units][32 V] a layer, [L][D][32 V], [L][32 V], [D][32 V] */
    size_t n;
};

struct gnt_recurrence {
    gnt_layout layout;
    gnt_positions at;
    const float *const *weights; /* [n_models] */
    const float *z;              /* [n_models][outputs][n_positions] */
    unsigned n_models, tiles;    /* tiles: 32 V windows each, of a model; below 2^32 together */
    float *logit;                /* [n_models][logit_stride] */
    size_t logit_stride;
    gnt_scratch scratch;
    bool cell_shared;
};

/* What a lane needs of its windows. */
template <int V> struct gnt_lane {
    unsigned first;    /* its first slot */
    uint32_t begin[V]; /* position of step 0 of its windows; past the end of the call the last window again */
    uint32_t step;     /* to the position of the next step */
};

template <int V> __device__ __forceinline__ gnt_lane<V> gnt_lane_of(const gnt_positions &at, unsigned tile)
{
    gnt_lane<V> lane;
    unsigned l = threadIdx.x % GNT_WARP;
    lane.first = l * V;
    lane.step = (uint32_t)gnt_position_step(at);
#pragma unroll
    for (int v = 0; v < V; v++) {
        size_t i = (size_t)tile * GNT_WARP * V + v * GNT_WARP + l;
        lane.begin[v] = (uint32_t)gnt_position_first(at, i < at.n ? i : at.n - 1);
    }
    return lane;
}

/* acc = projected bars; z: the groups' first output at step 0. */
template <int G, int V>
__device__ __forceinline__ void gnt_projected(float (&acc)[G][GNT_BLOCK][V], const float *z, size_t n_positions,
                                              unsigned last, const gnt_lane<V> &lane, unsigned s)
{
    uint32_t here = s * lane.step;
#pragma unroll
    for (unsigned g = 0; g < G; g++) {
        const float *row = z + (g < last ? g : last) * GNT_BLOCK * n_positions + here;
#pragma unroll
        for (int j = 0; j < GNT_BLOCK; j++, row += n_positions)
#pragma unroll
            for (int v = 0; v < V; v++) acc[g][j][v] = __ldg(row + lane.begin[v]);
    }
}

/* Sums of 4 G units through the cell. c [units][slots], h and copy [H][slots] from the first unit's row on; copy may be
 * NULL. n_units: that exist. begin: c was 0. */
template <int G, int V>
__device__ __forceinline__ void gnt_finish(const float (&acc)[G][GNT_BLOCK][V], unsigned n_units, bool begin, float *c,
                                           float *h, float *copy)
{
    const unsigned slots = GNT_WARP * V;
#pragma unroll
    for (unsigned unit = 0; unit < G * GNT_GROUP_UNITS; unit++) {
        const unsigned g = unit / GNT_GROUP_UNITS, j = unit % GNT_GROUP_UNITS * 4;
        if (unit >= n_units) break;
        float cell[V] = {}, out[V];
        if (!begin) gnt_load_slots<V>(cell, c + unit * slots);
        gnt_cells<V>(acc[g][j], acc[g][j + 1], acc[g][j + 2], acc[g][j + 3], cell, out);
        gnt_store_slots<V>(c + unit * slots, cell);
        gnt_store_slots<V>(h + unit * slots, out);
        if (copy) gnt_store_slots<V>(copy + unit * slots, out);
    }
}

/* Where the share of (model, tile) pairs of a block begins. */
__device__ __forceinline__ unsigned gnt_share_begin(unsigned items, unsigned block)
{
    unsigned more = items % gridDim.x;
    return items / gridDim.x * block + (block < more ? block : more);
}

/* Logits of the block's windows; forward and reverse: h or context [H][32 V]. */
template <int V>
__device__ __forceinline__ void gnt_logits(const gnt_recurrence &r, const float *packed, unsigned model, unsigned tile,
                                           const float *forward, const float *reverse)
{
    unsigned slots = GNT_WARP * V;
    for (unsigned slot = threadIdx.x; slot < slots; slot += blockDim.x) {
        size_t i = (size_t)tile * slots + gnt_slot_window<V>(slot);
        float logit = gnt_head(r.layout, packed, forward + slot, reverse + slot, slots);
        if (i < r.at.n) r.logit[model * r.logit_stride + i] = logit;
    }
}

/* ---- step by step ------------------------------------------------------------------------------------------------ */

/* A model's weights as gnt_steps reads them: of the first layer the recurrent rows only. */
template <bool RESIDENT> struct gnt_weights_view {
    const float *packed, *resident;
    size_t at, stride; /* of the current layer, and between its groups */

    __device__ __forceinline__ void layer(const gnt_layout &layout, unsigned l)
    {
        unsigned hidden = layout.net.hidden;
        if (RESIDENT) {
            stride = (size_t)(l ? 2 * hidden : hidden) * GNT_BLOCK;
            at = layout.groups * GNT_BLOCK * hidden * (l ? 2 * l - 1 : 0);
        } else {
            stride = (layout.inputs[l] + hidden) * GNT_BLOCK;
            at = layout.weight[l][0] + (l ? 0 : layout.inputs[0] * GNT_BLOCK);
        }
    }
    __device__ __forceinline__ const float *group(unsigned g) const
    {
        return (RESIDENT ? resident : packed) + at + g * stride;
    }
};

/* Copies a model's matrices into shared memory, in the order that gnt_weights_view expects. */
__device__ __forceinline__ void gnt_weights_load(const gnt_layout &layout, const float *packed, float *to)
{
    unsigned hidden = layout.net.hidden;
    for (unsigned l = 0; l < layout.net.layers; l++) {
        unsigned rows = l ? 2 * hidden : hidden, a_group = rows * (GNT_BLOCK / 4);
        const float *from = packed + layout.weight[l][0] + (l ? 0 : layout.inputs[0] * GNT_BLOCK);
        size_t stride = (layout.inputs[l] + hidden) * GNT_BLOCK;
        for (unsigned i = threadIdx.x; i < layout.groups * a_group; i += blockDim.x)
            reinterpret_cast<float4 *>(to)[i] =
                __ldg(reinterpret_cast<const float4 *>(from + i / a_group * stride) + i % a_group);
        to += layout.groups * rows * GNT_BLOCK;
    }
}

/* One layer at one step, all of the block's units. below: h of the layer below at this step. */
template <int G, int V, bool RESIDENT>
__device__ __forceinline__ void gnt_layer_step(const gnt_recurrence &r, const gnt_weights_view<RESIDENT> &weights,
                                               const float *z, const gnt_lane<V> &lane, unsigned l, unsigned s,
                                               const float *below, const float *before, float *c, float *h, float *copy)
{
    const gnt_layout &layout = r.layout;
    const unsigned slots = GNT_WARP * V, hidden = layout.net.hidden, groups = (unsigned)layout.groups;
    for (unsigned group = threadIdx.x / GNT_WARP * G; group < groups; group += blockDim.x / GNT_WARP * G) {
        float acc[G][GNT_BLOCK][V];
        const float *weight = weights.group(group);
        unsigned last = groups - 1 - group, unit = group * GNT_GROUP_UNITS;
        if (l == 0) {
            gnt_projected<G, V>(acc, z + (size_t)group * GNT_BLOCK * r.at.n_positions, r.at.n_positions, last, lane, s);
        } else {
            gnt_chain_begin<G, V>(acc, weights.packed + layout.bias[l][0] + group * GNT_BLOCK, last);
            gnt_chain<G, V, RESIDENT>(acc, weight, weights.stride, last, below + lane.first, slots, hidden);
            weight += hidden * GNT_BLOCK;
        }
        if (s) gnt_chain<G, V, RESIDENT>(acc, weight, weights.stride, last, before + lane.first, slots, hidden);
        size_t at = unit * slots + lane.first;
        gnt_finish<G, V>(acc, hidden - unit, s == 0, c + at, h + at, copy ? copy + at : nullptr);
    }
}

template <int G, int V, bool RESIDENT>
__global__ void __launch_bounds__(gnt_recurrence_threads(V), 1) gnt_steps(gnt_recurrence r)
{
    const gnt_layout &layout = r.layout;
    const unsigned hidden = layout.net.hidden, layers = layout.net.layers, steps = layout.net.window;
    const unsigned buffer = hidden * GNT_WARP * V, a_cell = (unsigned)layout.groups * GNT_GROUP_UNITS * GNT_WARP * V;
    const bool attends = layout.net.pool == GNT_POOL_ATTENTION;
    float *shared = gnt_shared_memory<float>(), *after = shared + (layers + 1) * buffer;
    float *scratch = r.scratch.base + blockIdx.x * r.scratch.n;
    float *cell = r.cell_shared ? after : scratch + r.scratch.cell, *sequence = scratch + r.scratch.sequence[0];
    float *resident = after + (r.cell_shared ? layers * a_cell : 0);
    unsigned items = r.n_models * r.tiles, loaded = r.n_models;
    for (unsigned item = gnt_share_begin(items, blockIdx.x); item < gnt_share_begin(items, blockIdx.x + 1); item++) {
        unsigned model = item / r.tiles, tile = item - model * r.tiles;
        gnt_weights_view<RESIDENT> weights = {r.weights[model], resident, 0, 0};
        if (RESIDENT && model != loaded) {
            gnt_weights_load(layout, weights.packed, resident);
            __syncthreads();
            loaded = model;
        }
        gnt_lane<V> lane = gnt_lane_of<V>(r.at, tile);
        const float *z = r.z + model * layout.groups * GNT_BLOCK * r.at.n_positions;
        unsigned now = 0; /* (0 - s) mod (layers + 1): the first layer's buffer */
        const float *h = nullptr;
        for (unsigned s = 0; s < steps; s++) {
            unsigned to = now;
            for (unsigned l = 0; l < layers; l++) {
                unsigned next = to == layers ? 0 : to + 1;
                float *copy = attends && l + 1 == layers ? sequence + (size_t)s * buffer : nullptr;
                weights.layer(layout, l);
                gnt_layer_step<G, V, RESIDENT>(r, weights, z, lane, l, s, shared + (to ? to - 1 : layers) * buffer,
                                               shared + next * buffer, cell + l * a_cell, shared + to * buffer, copy);
                __syncthreads();
                h = shared + to * buffer;
                to = next;
            }
            now = now ? now - 1 : layers;
        }
        if (attends) {
            gnt_attend<V>(layout, weights.packed, sequence, scratch + r.scratch.alpha, scratch + r.scratch.pooled);
            h = scratch + r.scratch.pooled;
        }
        gnt_logits<V>(r, weights.packed, model, tile, h, h);
        __syncthreads();
    }
}

/* ---- layer by layer ---------------------------------------------------------------------------------------------- */

/* One direction of one layer over all its steps. below, out [L][D][32 V]. */
template <int G, int V>
__device__ __forceinline__ void gnt_direction(const gnt_recurrence &r, const float *packed, const float *z,
                                              const gnt_lane<V> &lane, unsigned l, unsigned d, const float *below,
                                              float *cell, float *out)
{
    const gnt_layout &layout = r.layout;
    const unsigned slots = GNT_WARP * V, hidden = layout.net.hidden, groups = (unsigned)layout.groups;
    const unsigned steps = layout.net.window, inputs = (unsigned)layout.inputs[l];
    const unsigned n = d == 1 && layout.net.pool == GNT_POOL_LAST && l + 1 == layout.net.layers ? 1 : steps;
    const size_t row = layout.width * slots, stride = (size_t)(inputs + hidden) * GNT_BLOCK;
    float *mine = out + (size_t)d * hidden * slots;
    for (unsigned i = 0; i < n; i++) {
        unsigned s = d ? steps - 1 - i : i, before = d ? s + 1 : s - 1;
        for (unsigned group = threadIdx.x / GNT_WARP * G; group < groups; group += blockDim.x / GNT_WARP * G) {
            float acc[G][GNT_BLOCK][V];
            const float *weight = packed + layout.weight[l][d] + group * stride;
            unsigned last = groups - 1 - group, unit = group * GNT_GROUP_UNITS;
            if (l == 0) {
                size_t output = ((size_t)d * groups + group) * GNT_BLOCK;
                gnt_projected<G, V>(acc, z + output * r.at.n_positions, r.at.n_positions, last, lane, s);
            } else {
                gnt_chain_begin<G, V>(acc, packed + layout.bias[l][d] + group * GNT_BLOCK, last);
                gnt_chain<G, V, false>(acc, weight, stride, last, below + s * row + lane.first, slots, inputs);
            }
            if (i)
                gnt_chain<G, V, false>(acc, weight + inputs * GNT_BLOCK, stride, last, mine + before * row + lane.first,
                                       slots, hidden);
            size_t at = (size_t)unit * slots + lane.first;
            gnt_finish<G, V>(acc, hidden - unit, i == 0, cell + at, mine + s * row + at, nullptr);
        }
        __syncthreads();
    }
}

template <int G, int V> __global__ void __launch_bounds__(gnt_recurrence_threads(V), 1) gnt_layered(gnt_recurrence r)
{
    const gnt_layout &layout = r.layout;
    const size_t slots = GNT_WARP * V, row = layout.width * slots, half = layout.net.hidden * slots;
    const unsigned layers = layout.net.layers, last = layout.net.window - 1;
    float *scratch = r.scratch.base + blockIdx.x * r.scratch.n, *cell = scratch + r.scratch.cell;
    unsigned items = r.n_models * r.tiles;
    for (unsigned item = gnt_share_begin(items, blockIdx.x); item < gnt_share_begin(items, blockIdx.x + 1); item++) {
        unsigned model = item / r.tiles, tile = item - model * r.tiles;
        const float *packed = r.weights[model];
        const float *z = r.z + model * layout.directions * layout.groups * GNT_BLOCK * r.at.n_positions;
        gnt_lane<V> lane = gnt_lane_of<V>(r.at, tile);
        float *out = nullptr;
        for (unsigned l = 0; l < layers; l++) {
            const float *below = out;
            out = scratch + r.scratch.sequence[l % 2];
            for (unsigned d = 0; d < layout.directions; d++)
                gnt_direction<G, V>(r, packed, z, lane, l, d, below, cell, out);
        }
        const float *forward = out + last * row, *reverse = forward + half;
        if (layout.net.pool == GNT_POOL_FINAL) reverse = out + half;
        if (layout.net.pool == GNT_POOL_ATTENTION) {
            gnt_attend<V>(layout, packed, out, scratch + r.scratch.alpha, scratch + r.scratch.pooled);
            forward = scratch + r.scratch.pooled;
            reverse = forward + half;
        }
        gnt_logits<V>(r, packed, model, tile, forward, reverse);
        __syncthreads();
    }
}

#endif
