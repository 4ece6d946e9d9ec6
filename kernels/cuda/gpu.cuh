/* One GPU from the host's side: its stream, its slab, pinned staging, its first error (layer below every stage).
 *
 * A call sizes its arrays before the first byte moves: a plan's place() is run twice over a gnt_slab, first to add up,
 * then to lay out. The slab grows, never shrinks, and is the only device memory a call uses; a packed model owns its
 * own. A CUDA error is sticky: it is kept with call and line, and every later call returns it. */
#ifndef GNT_CUDA_GPU_CUH
#define GNT_CUDA_GPU_CUH

#include "kernels/cuda/device.cuh"
#include "kernels/kernels.h"

#define GNT_MAX_GPUS 16
#define GNT_REASON_BYTES 256
#define GNT_N_SLOTS 2
#define GNT_SLOT_BYTES ((size_t)4 << 20)

/* A pinned buffer on its way to the device or back; `done` says when it may be used again. */
struct gnt_slot {
    unsigned char *memory;
    cudaEvent_t done;
};

struct gnt_gpu {
    int number;
    unsigned n_sm;
    size_t shared_bytes;   /* that a block may ask for */
    unsigned major, minor; /* of compute capability 9.0: 9 and 0 */
    char chip[64];
    bool resident; /* single windows go to a kernel that stays (resident.cuh) */
    cudaStream_t stream;
    cudaEvent_t begin, end; /* round the kernels of a chunk */
    cudaStream_t other;     /* for calls that copy one chunk while another is computed */
    cudaEvent_t other_begin, other_end;
    unsigned char *slab;
    size_t slab_bytes;
    gnt_slot slot[GNT_N_SLOTS];
    unsigned next_slot;
    double kernel_seconds;
    gnt_status fault; /* first error that no later call survives */
    char reason[GNT_REASON_BYTES];
};

struct gnt_device {
    unsigned n_gpus;
    gnt_gpu gpu[GNT_MAX_GPUS];
    char reason[GNT_REASON_BYTES]; /* of the last failed call */
    char name[32], simd[16], chip[64];
    bool bf16; /* packs GNT_BF16 */
};

/* ---- errors ----------------------------------------------------------------------------------------------------- */

/* Keeps "what (file:line): CUDA's words"; ENOMEM when memory is out, else EDEVICE, which sticks. */
gnt_status gnt_gpu_fail(gnt_gpu *gpu, cudaError_t error, const char *what, const char *file, int line);
/* An error of ours, with its sentence; doesn't stick. */
gnt_status gnt_gpu_refuse(gnt_gpu *gpu, gnt_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define GNT_CUDA(gpu, call)                                                                             \
    do {                                                                                                \
        cudaError_t gnt_error_ = (call);                                                                \
        if (gnt_error_ != cudaSuccess) return gnt_gpu_fail(gpu, gnt_error_, #call, __FILE__, __LINE__); \
    } while (0)

#define GNT_GPU_TRY(call)                    \
    do {                                     \
        gnt_status gnt_status_ = (call);     \
        if (gnt_status_) return gnt_status_; \
    } while (0)

/* ---- device memory ---------------------------------------------------------------------------------------------- */

#define GNT_PART_ALIGN ((size_t)256)

/* Cuts the slab into parts, each followed by a gap that nobody writes; base NULL: only adds up. */
struct gnt_slab {
    unsigned char *base;
    size_t used;

    template <typename T> T *take(size_t n)
    {
        size_t bytes = (n * sizeof(T) + GNT_PART_ALIGN - 1) / GNT_PART_ALIGN * GNT_PART_ALIGN;
        T *part = base ? reinterpret_cast<T *>(base + used) : nullptr;
        guard(n * sizeof(T), bytes + GNT_PART_ALIGN - n * sizeof(T));
        used += bytes + GNT_PART_ALIGN;
        return part;
    }

  private:
    void guard(size_t from, size_t bytes); /* on the emulated device a write there is found */
};

/* Bytes of device memory that a call may still ask for, the slab's included, a share kept for the driver. */
gnt_status gnt_gpu_room(gnt_gpu *gpu, size_t *bytes);
/* Memory that outlives the call; where the slab is in the way, it makes room. Freed with cudaFree. */
gnt_status gnt_gpu_malloc(gnt_gpu *gpu, void **memory, size_t bytes);
/* Items of a chunk, at least 1 and at most `most`: as many as fit beside `kept` bytes, the rounding of up to 16 parts
 * included. Where not even one fits, the slab says so. */
gnt_status gnt_gpu_fit(gnt_gpu *gpu, size_t item_bytes, size_t kept, size_t most, size_t *n);
/* The slab holds at least `bytes`, for one layout: guards of the last one are gone. ENOMEM: "needs 3.1 MB at once,
 * device has ..": calls go in chunks, so this is what one chunk of the smallest size needs. */
gnt_status gnt_slab_reserve(gnt_gpu *gpu, size_t bytes);

/* plan->place(slab) twice: once to add up, once on memory. */
template <typename Plan> gnt_status gnt_slab_place(gnt_gpu *gpu, Plan *plan)
{
    gnt_slab slab = {nullptr, 0};
    plan->place(&slab);
    GNT_GPU_TRY(gnt_slab_reserve(gpu, slab.used));
    slab = {gpu->slab, 0};
    plan->place(&slab);
    return GNT_OK;
}

/* ---- copies, in the order of the stream ------------------------------------------------------------------------- */

/* Host memory may be any; it has been read when the call returns. */
gnt_status gnt_upload(gnt_gpu *gpu, void *device, const void *host, size_t bytes);
/* Waits: host holds the bytes when the call returns. */
gnt_status gnt_download(gnt_gpu *gpu, void *host, const void *device, size_t bytes);
/* Rows that lie side by side on the device and `pitch` bytes apart on the host, where nothing between them is written;
 * a row is at most GNT_SLOT_BYTES. */
gnt_status gnt_download_rows(gnt_gpu *gpu, void *host, size_t pitch, const void *device, size_t row_bytes,
                             size_t n_rows);

/* Many small pieces of host memory to one place on the device, side by side, a slot's worth a copy. A feed begins as
 * {gpu, device}; the slot is its own until the end, so a GPU has one feed at a time and no other copy meanwhile. */
struct gnt_feed {
    gnt_gpu *gpu;
    unsigned char *to;
    gnt_slot *slot;
    size_t n; /* bytes in the slot */
};
gnt_status gnt_feed_put(gnt_feed *feed, const void *host, size_t bytes);
gnt_status gnt_feed_end(gnt_feed *feed);

gnt_status gnt_gpu_sync(gnt_gpu *gpu);
/* The other stream and its events become the present ones, and the other way round. */
void gnt_gpu_swap(gnt_gpu *gpu);

/* ---- kernels ---------------------------------------------------------------------------------------------------- */

/* Round the kernels of a call or chunk, for kernel_seconds; the second waits for them. */
gnt_status gnt_kernels_begin(gnt_gpu *gpu);
gnt_status gnt_kernels_end(gnt_gpu *gpu);
/* The second in two steps, for a chunk that is waited for later: its kernels are all started; wait for them. */
gnt_status gnt_kernels_started(gnt_gpu *gpu);
gnt_status gnt_kernels_wait(gnt_gpu *gpu);

/* The one way kernels are started: asynchronous, on the GPU's stream. shared: bytes of dynamic shared memory a block.
 */
template <typename... P, typename... A>
gnt_status gnt_launch(gnt_gpu *gpu, void (*kernel)(P...), dim3 grid, dim3 block, size_t shared, A... args)
{
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared;
    config.stream = gpu->stream;
    if (shared > 48u << 10)
        GNT_CUDA(gpu, cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel),
                                           cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared));
    GNT_CUDA(gpu, cudaLaunchKernelEx(&config, kernel, static_cast<P>(args)...));
    return GNT_OK;
}

/* ---- a call over all GPUs of a device --------------------------------------------------------------------------- */

/* Items [first, last) of a call on one GPU, which is current; returns when they are done. */
typedef gnt_status gnt_gpu_fn(gnt_gpu *gpu, size_t first, size_t last, void *arg);
/* Splits [0, n) evenly over the GPUs, a host thread each, and waits for all. Nothing is called for n = 0. */
gnt_status gnt_each_gpu(gnt_device *dev, size_t n, gnt_gpu_fn *fn, void *arg);

gnt_status gnt_gpu_open(gnt_gpu *gpu, int number);
void gnt_gpu_close(gnt_gpu *gpu); /* fine on a zeroed one */

#endif
