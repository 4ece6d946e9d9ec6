/* serve.cu: one launch between a request's windows and its logits.
 *
 * The windows go into pinned memory that the kernel reads over the bus, the logits come back the same way: a copy
 * before and one after the kernel would each cost about as much as the kernel's start. The launch is a graph, captured
 * once for a model and a number of windows, so that its parameters are on the device already. kernel_seconds is NaN:
 * events round the kernel would be most of the call. One window may go to a kernel that stays (resident.cu). */
#include "kernels/cuda/serve.cuh"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/one.cuh"
#include "kernels/cuda/resident.cuh"

struct gnt_serving {
    float *x, *logit;                          /* pinned: [16][L][F], [16]; one allocation */
    cudaGraphExec_t graph[GNT_SERVED_WINDOWS]; /* by windows - 1; NULL: not captured yet */
    gnt_resident *resident;                    /* if it was asked for and used */
};

static size_t window_floats(const gnt_packed *model)
{
    return (size_t)model->layout.net.window * model->layout.net.n_features;
}

bool gnt_serves(const gnt_gpu *gpu, const gnt_packed *model, size_t n)
{
    return n <= GNT_SERVED_WINDOWS && model->kind == &gnt_forward_float32 &&
           gnt_one_shared(&model->layout) + GNT_RESIDENT_ROOM <= gpu->shared_bytes;
}

static gnt_status serving_open(gnt_gpu *gpu, const gnt_packed *model, gnt_serving **out)
{
    gnt_serving *serving = static_cast<gnt_serving *>(calloc(1, sizeof *serving));
    if (!serving) return GNT_ENOMEM;
    *out = serving; /* freed with the model from here on */
    size_t floats = GNT_SERVED_WINDOWS * (window_floats(model) + 1);
    GNT_CUDA(gpu, cudaMallocHost(&serving->x, floats * sizeof(float)));
    serving->logit = serving->x + GNT_SERVED_WINDOWS * window_floats(model);
    return GNT_OK;
}

void gnt_serving_free(gnt_serving *serving)
{
    if (!serving) return;
    for (cudaGraphExec_t graph : serving->graph)
        if (graph) (void)cudaGraphExecDestroy(graph);
    gnt_resident_free(serving->resident);
    if (serving->x) (void)cudaFreeHost(serving->x);
    free(serving);
}

static gnt_status capture(gnt_gpu *gpu, const gnt_packed *model, const gnt_packed_share *share, size_t n)
{
    gnt_serving *serving = share->serving;
    gnt_one_call call = {};
    call.layout = model->layout;
    call.weight = share->weights;
    call.n_models = 1;
    call.x = serving->x;
    call.n = n;
    call.logit = serving->logit;
    call.logit_stride = n;
    cudaGraph_t graph = nullptr;
    /* relaxed: the kernel's code may have to be brought to the device first, which other modes may refuse */
    GNT_CUDA(gpu, cudaStreamBeginCapture(gpu->stream, cudaStreamCaptureModeRelaxed));
    gnt_status launched = gnt_one_launch(gpu, &call);
    cudaError_t ended = cudaStreamEndCapture(gpu->stream, &graph);
    if (launched) {
        if (graph) (void)cudaGraphDestroy(graph);
        return launched;
    }
    GNT_CUDA(gpu, ended);
    cudaError_t made = cudaGraphInstantiate(&serving->graph[n - 1], graph, 0);
    (void)cudaGraphDestroy(graph);
    GNT_CUDA(gpu, made);
    return GNT_OK;
}

gnt_status gnt_serve(gnt_gpu *gpu, const gnt_packed *model, gnt_panel panel, gnt_rows rows, float *logit)
{
    gnt_packed_share *share =
        const_cast<gnt_packed_share *>(&model->share[0]); /* what is kept there shows in no result */
    size_t floats = window_floats(model);
    if (!share->serving) GNT_GPU_TRY(serving_open(gpu, model, &share->serving));
    if (!share->serving->x) return GNT_ENOMEM; /* the first call found no pinned memory */
    if (rows.n == 1 && gpu->resident) {
        const float *x = panel.x + ((size_t)rows.row[0] + 1 - model->layout.net.window) * panel.n_features;
        return gnt_resident_serve(gpu, model, share->weights, &share->serving->resident, x, logit);
    }
    if (!share->serving->graph[rows.n - 1]) GNT_GPU_TRY(capture(gpu, model, share, rows.n));
    for (size_t i = 0; i < rows.n; i++) {
        size_t bar = (size_t)rows.row[i] + 1 - model->layout.net.window;
        memcpy(share->serving->x + i * floats, panel.x + bar * panel.n_features, floats * sizeof(float));
    }
    GNT_CUDA(gpu, cudaGraphLaunch(share->serving->graph[rows.n - 1], gpu->stream));
    GNT_GPU_TRY(gnt_gpu_sync(gpu));
    memcpy(logit, share->serving->logit, rows.n * sizeof(float));
    gpu->kernel_seconds = NAN;
    return GNT_OK;
}
