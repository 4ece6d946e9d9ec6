/* project.cuh: the first layer's input part, once per bar.
 *
 * formula  z[m][o][p] = bias[o] + sum over k of weight[o][k] x[bar(p)][k]; o runs over the outputs of all directions in
 *          their packed order, p over positions: the bars of a stretch, or all steps of scattered windows
 * mapping  a block owns 128 positions and up to 16 groups of 16 outputs, a warp one group (chain.cuh, G = 1, V = 4);
 *          grid (positions, groups, models). Inputs come in tiles of 32 features, turned on their way
 *          into shared memory
 * shared   32 x 132 floats, 16.5 KB
 * class    reduction: one serial fma chain over k from the bias on; the sums stay in registers between tiles, so these
 *          are the CPU's bits
 * why      a bar's projection serves all L windows that hold it; positions are the last index, so both the store here
 *          and the load in the recurrence are whole lines */
#ifndef GNT_CUDA_PROJECT_CUH
#define GNT_CUDA_PROJECT_CUH

#include "kernels/cuda/chain.cuh"

#define GNT_PROJECT_WINDOWS 128u
#define GNT_PROJECT_FEATURES 32u
#define GNT_PROJECT_STRIDE 132u /* 128 and a vector: rows of the turned tile begin in different banks */
#define GNT_PROJECT_THREADS 512u
#define GNT_PROJECT_BYTES (GNT_PROJECT_FEATURES * GNT_PROJECT_STRIDE * sizeof(float))

/* Which bar of x stands at a position: dense, position p is bar p. Else p = s n + i is step s of window i. */
struct gnt_positions {
    const uint32_t *row; /* [n] last bars of windows, as the panel counts them */
    size_t n, first_bar; /* x begins at the panel's bar first_bar */
    size_t n_positions;
    uint32_t window; /* L */
    bool dense;
};

__device__ __forceinline__ size_t gnt_position_bar(const gnt_positions &at, size_t p)
{
    if (at.dense) return p;
    size_t s = p / at.n, i = p - s * at.n;
    return (size_t)at.row[i] + 1 + s - at.window - at.first_bar;
}

/* Position of window i at step 0, and from one step to the next. */
__device__ __forceinline__ size_t gnt_position_first(const gnt_positions &at, size_t i)
{
    return at.dense ? (size_t)at.row[i] + 1 - at.window - at.first_bar : i;
}
__host__ __device__ __forceinline__ size_t gnt_position_step(const gnt_positions &at)
{
    return at.dense ? 1 : at.n;
}

/* 128 positions from p0 on, n_k features from x on: tile[k][slot]. */
__device__ __forceinline__ void gnt_project_fill(const gnt_positions &at, const float *x, size_t n_features, size_t p0,
                                                 unsigned n_k, float *tile)
{
    for (unsigned i = threadIdx.x; i < n_k * GNT_PROJECT_WINDOWS; i += blockDim.x) {
        unsigned q = i / n_k, k = i - q * n_k;
        size_t p = p0 + q < at.n_positions ? p0 + q : at.n_positions - 1;
        tile[k * GNT_PROJECT_STRIDE + q % GNT_WARP * 4 + q / GNT_WARP] = x[gnt_position_bar(at, p) * n_features + k];
    }
}

__global__ void __launch_bounds__(GNT_PROJECT_THREADS, 1)
    gnt_project(gnt_layout layout, gnt_positions at, const float *const *weights, const float *x, float *z)
{
    float *tile = gnt_shared_memory<float>();
    const float *packed = weights[blockIdx.z];
    unsigned lane = threadIdx.x % GNT_WARP, n_k = (unsigned)layout.inputs[0];
    size_t group = (size_t)blockIdx.y * (blockDim.x / GNT_WARP) + threadIdx.x / GNT_WARP;
    size_t n_groups = layout.groups * layout.directions, p0 = (size_t)blockIdx.x * GNT_PROJECT_WINDOWS;
    bool mine = group < n_groups;
    size_t d = mine ? group / layout.groups : 0, in_direction = mine ? group % layout.groups : 0;
    const float *weight = packed + layout.weight[0][d] + in_direction * (n_k + layout.net.hidden) * GNT_BLOCK;
    float acc[1][GNT_BLOCK][4];
    gnt_chain_begin<1, 4>(acc, packed + layout.bias[0][d] + in_direction * GNT_BLOCK, 0);
    for (unsigned k = 0; k < n_k; k += GNT_PROJECT_FEATURES) {
        unsigned n = n_k - k < GNT_PROJECT_FEATURES ? n_k - k : GNT_PROJECT_FEATURES;
        __syncthreads();
        gnt_project_fill(at, x + k, n_k, p0, n, tile);
        __syncthreads();
        if (mine) gnt_chain<1, 4, false>(acc, weight + k * GNT_BLOCK, 0, 0, tile + lane * 4, GNT_PROJECT_STRIDE, n);
    }
    if (!mine) return;
    float *to = z + (blockIdx.z * n_groups + group) * GNT_BLOCK * at.n_positions;
#pragma unroll
    for (int v = 0; v < 4; v++) {
        size_t p = p0 + v * GNT_WARP + lane;
#pragma unroll
        for (int j = 0; j < GNT_BLOCK; j++)
            if (p < at.n_positions) to[j * at.n_positions + p] = acc[0][j][v];
    }
}

#endif
