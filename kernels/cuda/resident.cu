/* resident.cu: a kernel that waits for requests in pinned memory, so that a request costs no launch.
 *
 * protocol The host writes a window, then the request's number into `asked`; the block sees it, computes
 * (one_window.cuh), writes the logit, then the number into `done`. Both numbers are handed over by release and acquire
 * of the whole system. After GNT_PATIENCE looks without a request, some 20 ms, the block leaves, so that an idle
 *          service holds no multiprocessor and nothing that waits for the device waits long. Who waits for an answer
 * asks now and then whether the kernel has left, and starts it again: it may leave between any two moments. limit one
 * block, one window at a time; a second model has a kernel of its own. Costs two crossings of the bus instead of a
 * graph's start and the notice of its end: docs/decisions/cuda-forward.md has the estimate proof    on the emulated
 * device a kernel runs to its end whenever the host looks, so there it leaves after every request: starting again and
 * all numbers are tested; staying, and the order of writes across the bus, only a GPU shows class    reduction, the
 * CPU's bits */
#include "kernels/cuda/resident.cuh"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/one_window.cuh"

#define GNT_PATIENCE 20000u /* looks over the bus, about 1 us each */
#define LOOKS 4096u         /* of the host at its own memory before it asks for the kernel's state */

/* Each number on a line of its own: who writes one doesn't take the other away. */
struct mailbox {
    uint64_t asked, gap[31], done, rest[31];
};

struct gnt_resident {
    cudaStream_t stream; /* its own: other calls don't wait behind it */
    mailbox *box;        /* pinned, as the next two */
    float *x, *logit;
    uint64_t number; /* of the last request */
    bool started;
};

#define LEAVE UINT64_MAX

/* The next request's number, or `served` when patience is over. */
__device__ __forceinline__ uint64_t wait_for(const mailbox *box, uint64_t served)
{
    for (unsigned look = 0; look < GNT_PATIENCE; look++) {
        uint64_t asked = gnt_read_system(&box->asked);
        if (asked == LEAVE) return served;
        if (asked != served) return asked;
    }
    return served;
}

/* The number lies behind one_window's arrays in shared memory, `at` bytes from the beginning. */
__global__ void __launch_bounds__(ONE_THREADS, 1)
    gnt_resident_kernel(gnt_one_call call, mailbox *box, uint64_t served, unsigned at)
{
    uint64_t *seen = reinterpret_cast<uint64_t *>(gnt_shared_memory<unsigned char>() + at);
    for (;;) {
        if (threadIdx.x == 0) *seen = wait_for(box, served);
        __syncthreads();
        uint64_t now = *seen;
        if (now == served) return;
        one_window(call, 0, 0);
        if (threadIdx.x == 0) gnt_write_system(&box->done, now); /* after the logit, which is this thread's too */
        served = now;
        __syncthreads(); /* all have read `seen` */
    }
}

static gnt_status resident_open(gnt_gpu *gpu, const gnt_packed *model, gnt_resident **out)
{
    size_t floats = (size_t)model->layout.net.window * model->layout.net.n_features;
    gnt_resident *r = static_cast<gnt_resident *>(calloc(1, sizeof *r));
    if (!r) return GNT_ENOMEM;
    *out = r; /* freed with the model from here on */
    void *pinned = nullptr;
    GNT_CUDA(gpu, cudaStreamCreateWithFlags(&r->stream, cudaStreamNonBlocking));
    GNT_CUDA(gpu, cudaMallocHost(&pinned, sizeof(mailbox) + (floats + 1) * sizeof(float)));
    memset(pinned, 0, sizeof(mailbox));
    r->box = static_cast<mailbox *>(pinned);
    r->logit = reinterpret_cast<float *>(r->box + 1);
    r->x = r->logit + 1;
    return gnt_gpu_sync(gpu); /* the weights are there */
}

static gnt_status resident_start(gnt_gpu *gpu, const gnt_packed *model, const float *weights, gnt_resident *r)
{
    size_t at = (gnt_one_shared(&model->layout) + 15) / 16 * 16; /* at + 16 <= gnt_one_shared + GNT_RESIDENT_ROOM */
    gnt_one_call call = {};
    call.layout = model->layout;
    call.weight = weights;
    call.n_models = call.n = call.logit_stride = 1;
    call.x = r->x;
    call.logit = r->logit;
    cudaStream_t others = gpu->stream;
    gpu->stream = r->stream;
    gnt_status st = gnt_launch(gpu, gnt_resident_kernel, dim3(1), dim3(gnt_one_threads(&model->layout)), at + 16, call,
                               r->box, r->number - 1, (unsigned)at);
    gpu->stream = others;
    r->started = !st;
    return st;
}

static bool answered(const gnt_resident *r)
{
    return __atomic_load_n(&r->box->done, __ATOMIC_ACQUIRE) == r->number;
}

gnt_status gnt_resident_serve(gnt_gpu *gpu, const gnt_packed *model, const float *weights, gnt_resident **resident,
                              const float *x, float *logit)
{
    if (!*resident) GNT_GPU_TRY(resident_open(gpu, model, resident));
    gnt_resident *r = *resident;
    if (!r->box) return GNT_ENOMEM; /* the first call found no pinned memory */
    memcpy(r->x, x, (size_t)model->layout.net.window * model->layout.net.n_features * sizeof(float));
    __atomic_store_n(&r->box->asked, ++r->number, __ATOMIC_RELEASE);
    if (!r->started) GNT_GPU_TRY(resident_start(gpu, model, weights, r));
    while (!answered(r)) {
        for (unsigned look = 0; look < LOOKS && !answered(r); look++) continue;
        if (answered(r)) break;
        cudaError_t state = cudaStreamQuery(r->stream);
        if (state == cudaErrorNotReady) continue;
        GNT_CUDA(gpu, state);
        if (!answered(r)) GNT_GPU_TRY(resident_start(gpu, model, weights, r)); /* it had left */
    }
    *logit = *r->logit;
    gpu->kernel_seconds = NAN;
    return GNT_OK;
}

void gnt_resident_free(gnt_resident *r)
{
    if (!r) return;
    if (r->box) __atomic_store_n(&r->box->asked, LEAVE, __ATOMIC_RELEASE);
    if (r->stream) {
        (void)cudaStreamSynchronize(r->stream);
        (void)cudaStreamDestroy(r->stream);
    }
    if (r->box) (void)cudaFreeHost(r->box);
    free(r);
}
