/* scale.cu: z-scores of a panel, clipped (SPEC 3), the CPU's bits.
 *
 * formula  z = (x - center) / scale, one float32 Sub and Div; then limit where z > limit, -limit where z < -limit
 * shapes   x [n_rows][F], center and scale [F] -> out [n_rows][F]
 * mapping  an element a thread and step, neighbours side by side; rows in chunks of 16 MB at most
 * class    exact: IEEE operations. A NaN keeps its sign and payload, made quiet, as x86 does; the chip would give its
 *          own. center and scale are finite and scale isn't 0, so no other NaN comes up.
 * shared   none
 * fast     8 bytes an element: the panel crosses PCIe twice, which takes longer than anything here
 * versions 1 as here */
#include "kernels/cuda/stages.cuh"

#include <string.h>

#define SCALE_THREADS 256
#define SCALE_ELEMENTS 8              /* a thread's */
#define SCALE_CHUNK ((size_t)4 << 20) /* elements at most */

struct scale_chunk {
    float *x; /* [n], scaled in place; begins at a row */
    const float *center, *scale;
    uint32_t n, n_features;
    float limit;
};

__device__ __forceinline__ float scaled(float x, float center, float scale, float limit)
{
    if (x != x) {
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        bits |= 0x00400000u;
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    float z = (x - center) / scale;
    return z > limit ? limit : z < -limit ? -limit : z;
}

__global__ void __launch_bounds__(SCALE_THREADS) scale_kernel(scale_chunk c)
{
    uint32_t first = blockIdx.x * (SCALE_THREADS * SCALE_ELEMENTS) + threadIdx.x;
    for (int step = 0; step < SCALE_ELEMENTS; step++) {
        uint32_t i = first + step * SCALE_THREADS;
        if (i >= c.n) return;
        uint32_t k = i % c.n_features;
        c.x[i] = scaled(c.x[i], c.center[k], c.scale[k], c.limit);
    }
}

struct scale_call {
    gnt_panel panel;
    const float *center, *scale;
    float limit;
    float *out;
};

struct scale_plan {
    float *x, *center, *scale;
    size_t n, n_features;

    void place(gnt_slab *slab)
    {
        center = slab->take<float>(n_features);
        scale = slab->take<float>(n_features);
        x = slab->take<float>(n);
    }
};

static gnt_status scale_rows(gnt_gpu *gpu, const scale_plan *plan, const scale_call *call, size_t row, size_t n_rows)
{
    size_t from = row * plan->n_features, n = n_rows * plan->n_features;
    scale_chunk chunk = {plan->x, plan->center, plan->scale, (uint32_t)n, (uint32_t)plan->n_features, call->limit};
    size_t blocks = (n + SCALE_THREADS * SCALE_ELEMENTS - 1) / (SCALE_THREADS * SCALE_ELEMENTS);
    GNT_GPU_TRY(gnt_upload(gpu, plan->x, call->panel.x + from, n * sizeof(float)));
    GNT_GPU_TRY(gnt_kernels_begin(gpu));
    GNT_GPU_TRY(gnt_launch(gpu, scale_kernel, dim3((unsigned)blocks), dim3(SCALE_THREADS), 0, chunk));
    GNT_GPU_TRY(gnt_kernels_end(gpu));
    return gnt_download(gpu, call->out + from, plan->x, n * sizeof(float));
}

/* Rows [first, last). */
static gnt_status scale_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    const scale_call *call = static_cast<const scale_call *>(arg);
    size_t width = call->panel.n_features, most = SCALE_CHUNK / width;
    if (most > last - first) most = last - first;
    GNT_GPU_TRY(gnt_gpu_fit(gpu, width * sizeof(float), 2 * width * sizeof(float), most, &most));
    scale_plan plan = {nullptr, nullptr, nullptr, most * width, width};
    GNT_GPU_TRY(gnt_slab_place(gpu, &plan));
    GNT_GPU_TRY(gnt_upload(gpu, plan.center, call->center, width * sizeof(float)));
    GNT_GPU_TRY(gnt_upload(gpu, plan.scale, call->scale, width * sizeof(float)));
    for (size_t row = first; row < last; row += most)
        GNT_GPU_TRY(scale_rows(gpu, &plan, call, row, most < last - row ? most : last - row));
    return GNT_OK;
}

gnt_status gnt_cuda_scale(gnt_device *dev, gnt_panel panel, const float *center, const float *scale, float limit,
                          float *out)
{
    scale_call call = {panel, center, scale, limit, out};
    return gnt_each_gpu(dev, panel.n_rows, scale_share, &call);
}
