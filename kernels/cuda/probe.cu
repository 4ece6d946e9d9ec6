/* probe.cu: what this device can do at best, for a benchmark to stand beside (kernels.h, probe).
 *
 * fma      8 independent chains of float32 fma a thread, 2,048 threads an SM: enough to hide the latency of 4 cycles
 * cells    gnt_cell_step from gates that change from step to step (shared memory, so that no activation is taken out of
 *          the loop), the cell's state in a register: a thread a cell
 * triad    a = b + s c, 16 bytes a load, over three arrays of 1 MiB an SM where they fit: 138 MB each on an H100,
 *          whose last cache has 50 MB; two reads and a write, counted as 12 bytes an element
 * mapping  enough blocks to fill every SM once; triad: a thread 4 elements
 * shared   cells: 4 kB of gates
 * class    none: results are thrown away, though every value stays finite and normal
 * rate     work over the time of the kernels alone, launches repeated for the time asked; of several GPUs the sum */
#include "kernels/cuda/stages.cuh"
#include "kernels/math/cell.h"

#define PROBE_THREADS 256
#define PROBE_CHAINS 8
#define PROBE_FMA_ROUNDS 1024
#define PROBE_CELL_ROUNDS 128
#define PROBE_TRIAD ((size_t)256 << 10) /* floats of an array, an SM */

struct probe_chunk {
    float *a;
    const float *b, *c;
    uint32_t n; /* elements of an array */
};

/* x <- a x + b with 0 < a < 1 ends at b / (1 - a): no overflow, no denormal. */
__global__ void __launch_bounds__(PROBE_THREADS) probe_fma(probe_chunk c)
{
    float acc[PROBE_CHAINS], sum = 0;
#pragma unroll
    for (int i = 0; i < PROBE_CHAINS; i++) acc[i] = (float)(i + (int)threadIdx.x);
#pragma unroll 8
    for (int r = 0; r < PROBE_FMA_ROUNDS; r++)
#pragma unroll
        for (int i = 0; i < PROBE_CHAINS; i++) acc[i] = gnt_f32_fma(acc[i], 0.75f, 0.5f);
#pragma unroll
    for (int i = 0; i < PROBE_CHAINS; i++) sum += acc[i];
    c.a[blockIdx.x * PROBE_THREADS + threadIdx.x] = sum;
}

__global__ void __launch_bounds__(PROBE_THREADS) probe_cells(probe_chunk c)
{
    float *gate = gnt_shared_memory<float>(); /* [4][PROBE_THREADS] */
    uint32_t me = threadIdx.x;
    float state = 0, sum = 0;
    for (uint32_t g = 0; g < 4; g++) gate[g * PROBE_THREADS + me] = (float)((me + 17 * g) % 61) * 0.05f - 1.5f;
    __syncthreads();
    for (uint32_t r = 0; r < PROBE_CELL_ROUNDS; r++) {
        const float *z = gate + (me + r) % PROBE_THREADS;
        gnt_cell cell = gnt_cell_step(z[0], z[PROBE_THREADS], z[2 * PROBE_THREADS], z[3 * PROBE_THREADS], state);
        state = cell.c;
        sum += cell.h;
    }
    c.a[blockIdx.x * PROBE_THREADS + me] = sum;
}

__global__ void __launch_bounds__(PROBE_THREADS) probe_triad(probe_chunk c)
{
    uint32_t i = blockIdx.x * PROBE_THREADS + threadIdx.x;
    if (i * 4 >= c.n) return;
    float4 b = reinterpret_cast<const float4 *>(c.b)[i], d = reinterpret_cast<const float4 *>(c.c)[i], a;
    a.x = b.x + 0.5f * d.x;
    a.y = b.y + 0.5f * d.y;
    a.z = b.z + 0.5f * d.z;
    a.w = b.w + 0.5f * d.w;
    reinterpret_cast<float4 *>(c.a)[i] = a;
}

struct probe_plan {
    float *a, *b, *c;
    size_t n;

    void place(gnt_slab *slab)
    {
        a = slab->take<float>(n);
        b = slab->take<float>(n);
        c = slab->take<float>(n);
    }
};

/* One launch; returns its work by `work`. */
static gnt_status probe_once(gnt_gpu *gpu, gnt_probe what, const probe_plan *plan, double *work)
{
    unsigned blocks = gpu->n_sm * (2048 / PROBE_THREADS);
    double threads = (double)blocks * PROBE_THREADS;
    probe_chunk c = {plan->a, plan->b, plan->c, (uint32_t)plan->n};
    switch (what) {
    case GNT_PROBE_FMA:
        *work = 2.0 * PROBE_CHAINS * PROBE_FMA_ROUNDS * threads;
        return gnt_launch(gpu, probe_fma, dim3(blocks), dim3(PROBE_THREADS), 0, c);
    case GNT_PROBE_CELLS:
        *work = PROBE_CELL_ROUNDS * threads;
        return gnt_launch(gpu, probe_cells, dim3(blocks), dim3(PROBE_THREADS), 4 * PROBE_THREADS * sizeof(float), c);
    case GNT_PROBE_TRIAD:
        *work = 3.0 * sizeof(float) * (double)plan->n;
        return gnt_launch(gpu, probe_triad, dim3((unsigned)(plan->n / 4 / PROBE_THREADS)), dim3(PROBE_THREADS), 0, c);
    }
    return gnt_gpu_refuse(gpu, GNT_EINVAL, "probe: there is no number %d", (int)what);
}

struct probe_call {
    gnt_probe what;
    double seconds;
    double rate[GNT_MAX_GPUS];
};

/* Batches of launches, twice as many each time until one takes an eighth of the time; the first launch isn't counted.
 */
static gnt_status probe_gpu(gnt_gpu *gpu, probe_call *call, double *rate)
{
    probe_plan plan = {};
    double work = 0, one = 0;
    size_t least = gpu->n_sm * (size_t)2048; /* a number of every thread */
    GNT_GPU_TRY(gnt_gpu_fit(gpu, 3 * sizeof(float), 0, gpu->n_sm * PROBE_TRIAD, &plan.n));
    plan.n = plan.n < least ? least : plan.n / least * least;
    GNT_GPU_TRY(gnt_slab_place(gpu, &plan));
    for (float *array : {plan.a, plan.b, plan.c})
        GNT_CUDA(gpu, cudaMemsetAsync(array, 0, plan.n * sizeof *array, gpu->stream));
    GNT_GPU_TRY(probe_once(gpu, call->what, &plan, &one));
    GNT_GPU_TRY(gnt_gpu_sync(gpu));
    for (unsigned n = 1; gpu->kernel_seconds < call->seconds;) {
        double before = gpu->kernel_seconds;
        GNT_GPU_TRY(gnt_kernels_begin(gpu));
        for (unsigned i = 0; i < n; i++) GNT_GPU_TRY(probe_once(gpu, call->what, &plan, &one));
        GNT_GPU_TRY(gnt_kernels_end(gpu));
        work += n * one;
        if (gpu->kernel_seconds - before < call->seconds / 8) n *= 2;
    }
    *rate = work / gpu->kernel_seconds;
    return GNT_OK;
}

/* GPUs [first, last) are items of the call: one each. */
static gnt_status probe_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    probe_call *call = static_cast<probe_call *>(arg);
    (void)last;
    return probe_gpu(gpu, call, &call->rate[first]);
}

gnt_status gnt_cuda_probe(gnt_device *dev, gnt_probe what, double seconds, double *rate)
{
    probe_call call = {what, seconds, {}};
    GNT_GPU_TRY(gnt_each_gpu(dev, dev->n_gpus, probe_share, &call));
    *rate = 0;
    for (unsigned g = 0; g < dev->n_gpus; g++) *rate += call.rate[g];
    return GNT_OK;
}
