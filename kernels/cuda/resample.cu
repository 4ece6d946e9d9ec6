/* resample.cu: bootstrap indices (statistics.md 15), the CPU's bits.
 *
 * formula  block t of (seed, stream, replicate) gives step t: it begins a block of observations at bounded(x) if y says
 *          so (stationary), at multiples of the block length (circular) or always (iid); else the one before plus 1,
 *          from the last to the first
 * idea     draws are pure functions of their counter, so a step only needs to know where its block began. Circular and
 *          iid: by arithmetic. Stationary: a warp takes 32 steps at once, each draws for itself, a vote says where
 *          blocks begin and a shuffle fetches the beginning; the last step's index goes on to the next 32.
 * shapes   index [R][n] uint32; replicates in chunks of 32 MB at most, one at least
 * mapping  stationary  a warp a replicate, a lane a step
 *          others      an element a thread, neighbours side by side
 * class    exact: integers, and one uniform float64 compared
 * shared   none
 * fast     stores are whole lines. An element takes about 100 integer operations, 60 of them Philox's ten rounds: 7 ps
 *          at the 132 SMs x 64 lanes x 1.755 GHz of an H100, against 160 ps for its 4 bytes over PCIe at 25 GB/s: an
 *          estimate, nothing is measured
 * versions 1 as here */
#include "kernels/cuda/stages.cuh"
#include "kernels/math/philox.h"

#define DRAWS_THREADS 256
#define DRAWS_WARPS (DRAWS_THREADS / 32)
#define DRAWS_CHUNK ((size_t)8 << 20) /* indices at most, but one replicate at least */

struct draws_chunk {
    uint32_t *index; /* [n_replicates][n] */
    uint64_t seed, first_replicate;
    uint64_t reject_below; /* of n */
    double restart;        /* stationary: probability that a block begins */
    uint32_t block;        /* circular: its length; iid: 1 */
    uint32_t stream, n, n_replicates;
};

__device__ __forceinline__ uint32_t start(const draws_chunk &c, gnt_random at, uint32_t block)
{
    return (uint32_t)gnt_bounded_from(at, block, c.n, c.reject_below);
}

/* `steps` behind `index`, steps < n. */
__device__ __forceinline__ uint32_t behind(uint32_t index, uint32_t steps, uint32_t n)
{
    uint64_t i = (uint64_t)index + steps;
    return (uint32_t)(i < n ? i : i - n);
}

__global__ void __launch_bounds__(DRAWS_THREADS) resample_stationary(draws_chunk c)
{
    uint32_t r = blockIdx.x * DRAWS_WARPS + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (r >= c.n_replicates) return;
    gnt_random at = gnt_random_at(c.seed, c.stream, c.first_replicate + r);
    uint32_t *row = c.index + (size_t)r * c.n, last = 0; /* the index of the step before these 32 */
    for (uint64_t from = 0; from < c.n; from += 32) {
        uint32_t t = (uint32_t)from + lane, mine = 0;
        bool begins = from + lane < c.n && (t == 0 || gnt_uniform(gnt_philox_y(gnt_philox_block(at, t))) < c.restart);
        if (begins) mine = start(c, at, t);
        uint32_t begun = __ballot_sync(0xFFFFFFFFu, begins) & (0xFFFFFFFFu >> (31 - lane));
        uint32_t origin = begun ? 31 - __clz((int)begun) : 0; /* the lane where my block began */
        uint32_t there = __shfl_sync(0xFFFFFFFFu, mine, (int)origin);
        uint32_t index = begun ? behind(there, lane - origin, c.n) : behind(last, lane + 1, c.n);
        if (from + lane < c.n) row[t] = index;
        last = __shfl_sync(0xFFFFFFFFu, index, 31);
    }
}

__global__ void __launch_bounds__(DRAWS_THREADS) resample_blocks(draws_chunk c)
{
    uint64_t i = (uint64_t)blockIdx.x * DRAWS_THREADS + threadIdx.x;
    if (i >= (uint64_t)c.n_replicates * c.n) return;
    uint32_t r = (uint32_t)(i / c.n), t = (uint32_t)(i - (uint64_t)r * c.n);
    uint32_t block = t / c.block, steps = t - block * c.block;
    gnt_random at = gnt_random_at(c.seed, c.stream, c.first_replicate + r);
    c.index[i] = behind(start(c, at, block), steps, c.n);
}

struct draws_plan {
    uint32_t *index;
    size_t n;

    void place(gnt_slab *slab)
    {
        index = slab->take<uint32_t>(n);
    }
};

struct resample_call {
    const gnt_resample_plan *plan;
    size_t n;
    uint32_t *index;
};

static draws_chunk chunk_of(const resample_call *call, uint32_t *index)
{
    const gnt_resample_plan *p = call->plan;
    draws_chunk c = {};
    c.index = index;
    c.seed = p->seed;
    c.reject_below = gnt_reject_below(call->n);
    c.restart = p->method == GNT_RESAMPLE_STATIONARY ? 1 / p->block : 1;
    c.block = p->method == GNT_RESAMPLE_CIRCULAR ? (uint32_t)p->block : 1;
    c.stream = p->stream;
    c.n = (uint32_t)call->n;
    return c;
}

static gnt_status draw(gnt_gpu *gpu, const resample_call *call, const draws_chunk *c)
{
    size_t warps = (c->n_replicates + DRAWS_WARPS - 1) / DRAWS_WARPS;
    size_t elements = ((size_t)c->n_replicates * c->n + DRAWS_THREADS - 1) / DRAWS_THREADS;
    GNT_GPU_TRY(gnt_kernels_begin(gpu));
    if (call->plan->method == GNT_RESAMPLE_STATIONARY)
        GNT_GPU_TRY(gnt_launch(gpu, resample_stationary, dim3((unsigned)warps), dim3(DRAWS_THREADS), 0, *c));
    else
        GNT_GPU_TRY(gnt_launch(gpu, resample_blocks, dim3((unsigned)elements), dim3(DRAWS_THREADS), 0, *c));
    return gnt_kernels_end(gpu);
}

/* Replicates [first, last). */
static gnt_status resample_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    const resample_call *call = static_cast<const resample_call *>(arg);
    size_t most = DRAWS_CHUNK / call->n;
    if (most > last - first) most = last - first;
    GNT_GPU_TRY(gnt_gpu_fit(gpu, call->n * sizeof *call->index, 0, most, &most));
    draws_plan plan = {nullptr, most * call->n};
    GNT_GPU_TRY(gnt_slab_place(gpu, &plan));
    draws_chunk c = chunk_of(call, plan.index);
    for (size_t r = first; r < last; r += most) {
        c.first_replicate = call->plan->first_replicate + r;
        c.n_replicates = (uint32_t)(most < last - r ? most : last - r);
        GNT_GPU_TRY(draw(gpu, call, &c));
        GNT_GPU_TRY(gnt_download(gpu, call->index + r * call->n, c.index,
                                 (size_t)c.n_replicates * call->n * sizeof *call->index));
    }
    return GNT_OK;
}

gnt_status gnt_cuda_resample(gnt_device *dev, const gnt_resample_plan *plan, size_t n, size_t n_replicates,
                             uint32_t *index)
{
    resample_call call = {plan, n, index};
    return gnt_each_gpu(dev, n_replicates, resample_share, &call);
}
