/* gpu.cu: what gpu.cuh promises. */
#include "kernels/cuda/gpu.cuh"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <exception>
#include <thread>
#include <utility>

/* ---- errors ----------------------------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

gnt_status gnt_gpu_fail(gnt_gpu *gpu, cudaError_t error, const char *what, const char *file, int line)
{
    int n = (int)strcspn(what, "(");
    const char *text =
        error == cudaErrorNoKernelImageForDevice
            ? "this build has no code for the chip: add its architecture to -DGNT_CUDA_ARCH, or --device cpu"
            : cudaGetErrorString(error);
#ifdef GNT_EMU
    if (*gnt_emu_error_text()) text = gnt_emu_error_text();
#endif
    (void)cudaGetLastError(); /* one that doesn't stick in CUDA must not be met again by the next call */
    snprintf(gpu->reason, sizeof gpu->reason, "GPU %d: %.*s (%s:%d): %s", gpu->number, n, what, base_name(file), line,
             text);
    if (error == cudaErrorMemoryAllocation) return GNT_ENOMEM;
    gpu->fault = GNT_EDEVICE;
    return GNT_EDEVICE;
}

gnt_status gnt_gpu_refuse(gnt_gpu *gpu, gnt_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(gpu->reason, sizeof gpu->reason, format, args);
    va_end(args);
    return status;
}

/* ---- device memory ---------------------------------------------------------------------------------------------- */

void gnt_slab::guard(size_t from, size_t bytes)
{
#ifdef GNT_EMU
    if (base) gnt_emu_guard(base + used + from, bytes);
#else
    (void)from;
    (void)bytes;
#endif
}

gnt_status gnt_gpu_room(gnt_gpu *gpu, size_t *bytes)
{
    size_t free = 0, total = 0;
    GNT_CUDA(gpu, cudaMemGetInfo(&free, &total));
    size_t kept = total / 16; /* for the driver, for gaps between allocations, for others on this GPU */
    *bytes = gpu->slab_bytes + (free > kept ? free - kept : 0);
    return GNT_OK;
}

gnt_status gnt_gpu_fit(gnt_gpu *gpu, size_t item_bytes, size_t kept, size_t most, size_t *n)
{
    size_t room = 0;
    GNT_GPU_TRY(gnt_gpu_room(gpu, &room));
    kept += 16 * 2 * GNT_PART_ALIGN;
    *n = room > kept ? (room - kept) / item_bytes : 0;
    if (*n > most) *n = most;
    if (*n < 1) *n = 1;
    return GNT_OK;
}

/* The last layout's guards go. */
static void slab_unguard(gnt_gpu *gpu)
{
#ifdef GNT_EMU
    if (gpu->slab) gnt_emu_unguard_all(gpu->slab, gpu->slab_bytes);
#else
    (void)gpu;
#endif
}

static gnt_status slab_free(gnt_gpu *gpu)
{
    slab_unguard(gpu);
    GNT_CUDA(gpu, cudaStreamSynchronize(gpu->stream));
    GNT_CUDA(gpu, cudaFree(gpu->slab));
    gpu->slab = nullptr;
    gpu->slab_bytes = 0;
    return GNT_OK;
}

gnt_status gnt_gpu_malloc(gnt_gpu *gpu, void **memory, size_t bytes)
{
    size_t free = 0, total = 0;
    GNT_CUDA(gpu, cudaMemGetInfo(&free, &total));
    if (bytes > free && gpu->slab) GNT_GPU_TRY(slab_free(gpu));
    GNT_CUDA(gpu, cudaMalloc(memory, bytes));
    return GNT_OK;
}

gnt_status gnt_slab_reserve(gnt_gpu *gpu, size_t bytes)
{
    slab_unguard(gpu);
    if (bytes <= gpu->slab_bytes) return GNT_OK;
    size_t room = 0;
    GNT_GPU_TRY(gnt_gpu_room(gpu, &room));
    if (bytes > room)
        return gnt_gpu_refuse(gpu, GNT_ENOMEM,
                              "GPU %d: needs %.1f MB at once, device has %.1f MB free: use a device with more memory, "
                              "or --device cpu",
                              gpu->number, (double)bytes * 1e-6, (double)room * 1e-6);
    GNT_GPU_TRY(slab_free(gpu));
    GNT_CUDA(gpu, cudaMalloc(&gpu->slab, bytes));
    gpu->slab_bytes = bytes;
    return GNT_OK;
}

/* ---- copies ----------------------------------------------------------------------------------------------------- */

/* The next slot, once its last copy is over. */
static gnt_status slot_take(gnt_gpu *gpu, gnt_slot **slot)
{
    *slot = &gpu->slot[gpu->next_slot];
    gpu->next_slot = (gpu->next_slot + 1) % GNT_N_SLOTS;
    GNT_CUDA(gpu, cudaEventSynchronize((*slot)->done));
    return GNT_OK;
}

/* What the slot holds goes its way. */
gnt_status gnt_feed_end(gnt_feed *feed)
{
    gnt_gpu *gpu = feed->gpu;
    if (!feed->n) return GNT_OK;
    GNT_CUDA(gpu, cudaMemcpyAsync(feed->to, feed->slot->memory, feed->n, cudaMemcpyHostToDevice, gpu->stream));
    GNT_CUDA(gpu, cudaEventRecord(feed->slot->done, gpu->stream));
    feed->to += feed->n;
    feed->n = 0;
    return GNT_OK;
}

gnt_status gnt_feed_put(gnt_feed *feed, const void *host, size_t bytes)
{
    const unsigned char *from = static_cast<const unsigned char *>(host);
    while (bytes) {
        if (!feed->n) GNT_GPU_TRY(slot_take(feed->gpu, &feed->slot));
        size_t room = GNT_SLOT_BYTES - feed->n, n = bytes < room ? bytes : room;
        memcpy(feed->slot->memory + feed->n, from, n);
        feed->n += n;
        from += n;
        bytes -= n;
        if (feed->n == GNT_SLOT_BYTES) GNT_GPU_TRY(gnt_feed_end(feed));
    }
    return GNT_OK;
}

gnt_status gnt_upload(gnt_gpu *gpu, void *device, const void *host, size_t bytes)
{
    gnt_feed feed = {gpu, static_cast<unsigned char *>(device), nullptr, 0};
    GNT_GPU_TRY(gnt_feed_put(&feed, host, bytes));
    return gnt_feed_end(&feed);
}

static void take_out(unsigned char *to, size_t pitch, const unsigned char *slot, size_t row_bytes, size_t n_rows)
{
    if (pitch == row_bytes)
        memcpy(to, slot, n_rows * row_bytes);
    else
        for (size_t i = 0; i < n_rows; i++) memcpy(to + i * pitch, slot + i * row_bytes, row_bytes);
}

/* One copy is on its way while the one before is taken out of its slot. */
gnt_status gnt_download_rows(gnt_gpu *gpu, void *host, size_t pitch, const void *device, size_t row_bytes,
                             size_t n_rows)
{
    const unsigned char *from = static_cast<const unsigned char *>(device);
    unsigned char *to = static_cast<unsigned char *>(host);
    gnt_slot *before = nullptr;
    size_t n_before = 0, most = GNT_SLOT_BYTES / row_bytes;
    while (n_rows || before) {
        size_t n = n_rows < most ? n_rows : most;
        gnt_slot *slot = nullptr;
        if (n) {
            GNT_GPU_TRY(slot_take(gpu, &slot));
            GNT_CUDA(gpu, cudaMemcpyAsync(slot->memory, from, n * row_bytes, cudaMemcpyDeviceToHost, gpu->stream));
            GNT_CUDA(gpu, cudaEventRecord(slot->done, gpu->stream));
        }
        if (before) {
            GNT_CUDA(gpu, cudaEventSynchronize(before->done));
            take_out(to, pitch, before->memory, row_bytes, n_before);
            to += n_before * pitch;
        }
        before = slot;
        n_before = n;
        from += n * row_bytes;
        n_rows -= n;
    }
    return GNT_OK;
}

gnt_status gnt_download(gnt_gpu *gpu, void *host, const void *device, size_t bytes)
{
    return gnt_download_rows(gpu, host, 1, device, 1, bytes);
}

gnt_status gnt_gpu_sync(gnt_gpu *gpu)
{
    GNT_CUDA(gpu, cudaStreamSynchronize(gpu->stream));
    return GNT_OK;
}

void gnt_gpu_swap(gnt_gpu *gpu)
{
    std::swap(gpu->stream, gpu->other);
    std::swap(gpu->begin, gpu->other_begin);
    std::swap(gpu->end, gpu->other_end);
}

/* ---- kernels ---------------------------------------------------------------------------------------------------- */

gnt_status gnt_kernels_begin(gnt_gpu *gpu)
{
    GNT_CUDA(gpu, cudaEventRecord(gpu->begin, gpu->stream));
    return GNT_OK;
}

gnt_status gnt_kernels_started(gnt_gpu *gpu)
{
    GNT_CUDA(gpu, cudaEventRecord(gpu->end, gpu->stream));
    return GNT_OK;
}

gnt_status gnt_kernels_end(gnt_gpu *gpu)
{
    GNT_GPU_TRY(gnt_kernels_started(gpu));
    return gnt_kernels_wait(gpu);
}

gnt_status gnt_kernels_wait(gnt_gpu *gpu)
{
    float ms = 0;
    GNT_CUDA(gpu, cudaEventSynchronize(gpu->end));
    GNT_CUDA(gpu, cudaEventElapsedTime(&ms, gpu->begin, gpu->end));
    gpu->kernel_seconds += 1e-3 * (double)ms;
    return GNT_OK;
}

/* ---- all GPUs --------------------------------------------------------------------------------------------------- */

static void run_share(gnt_gpu *gpu, size_t first, size_t last, gnt_gpu_fn *fn, void *arg, gnt_status *status)
{
    gpu->kernel_seconds = 0;
    *status = gpu->fault;
    if (*status) return;
    gpu->reason[0] = 0;
    cudaError_t error = cudaSetDevice(gpu->number);
    *status = error == cudaSuccess ? fn(gpu, first, last, arg)
                                   : gnt_gpu_fail(gpu, error, "cudaSetDevice", __FILE__, __LINE__);
}

/* A host thread for the share; where none can be had the share is done here. */
static void start_share(std::thread *thread, gnt_gpu *gpu, size_t first, size_t last, gnt_gpu_fn *fn, void *arg,
                        gnt_status *status)
{
    try {
        *thread = std::thread(run_share, gpu, first, last, fn, arg, status);
    } catch (const std::exception &) { /* no thread, or no memory for one */
        run_share(gpu, first, last, fn, arg, status);
    }
}

gnt_status gnt_each_gpu(gnt_device *dev, size_t n, gnt_gpu_fn *fn, void *arg)
{
    gnt_status status[GNT_MAX_GPUS] = {};
    std::thread thread[GNT_MAX_GPUS];
    size_t shares = n < dev->n_gpus ? n : dev->n_gpus;
    for (unsigned g = 0; g < dev->n_gpus; g++) dev->gpu[g].kernel_seconds = 0;
    dev->reason[0] = 0;
    for (size_t g = 1; g < shares; g++)
        start_share(&thread[g], &dev->gpu[g], n * g / shares, n * (g + 1) / shares, fn, arg, &status[g]);
    if (shares) run_share(&dev->gpu[0], 0, n / shares, fn, arg, &status[0]);
    for (size_t g = 1; g < shares; g++)
        if (thread[g].joinable()) thread[g].join();
    for (size_t g = 0; g < shares; g++)
        if (status[g]) {
            memcpy(dev->reason, dev->gpu[g].reason, sizeof dev->reason);
            return status[g];
        }
    return GNT_OK;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

gnt_status gnt_gpu_open(gnt_gpu *gpu, int number)
{
    cudaDeviceProp prop;
    const char *resident = getenv("GNT_CUDA_RESIDENT");
    gpu->number = number;
    gpu->resident = resident && strcmp(resident, "1") == 0;
    GNT_CUDA(gpu, cudaSetDevice(number));
    GNT_CUDA(gpu, cudaGetDeviceProperties(&prop, number));
    gpu->n_sm = (unsigned)prop.multiProcessorCount;
    gpu->shared_bytes = prop.sharedMemPerBlockOptin;
    gpu->major = (unsigned)prop.major;
    gpu->minor = (unsigned)prop.minor;
    snprintf(gpu->chip, sizeof gpu->chip, "%.63s", prop.name);
    GNT_CUDA(gpu, cudaStreamCreateWithFlags(&gpu->stream, cudaStreamNonBlocking));
    GNT_CUDA(gpu, cudaEventCreate(&gpu->begin));
    GNT_CUDA(gpu, cudaEventCreate(&gpu->end));
    GNT_CUDA(gpu, cudaStreamCreateWithFlags(&gpu->other, cudaStreamNonBlocking));
    GNT_CUDA(gpu, cudaEventCreate(&gpu->other_begin));
    GNT_CUDA(gpu, cudaEventCreate(&gpu->other_end));
    for (gnt_slot &slot : gpu->slot) {
        GNT_CUDA(gpu, cudaMallocHost(&slot.memory, GNT_SLOT_BYTES));
        GNT_CUDA(gpu, cudaEventCreateWithFlags(&slot.done, cudaEventDisableTiming));
    }
    return GNT_OK;
}

static void free_all(gnt_gpu *gpu)
{
    (void)cudaStreamSynchronize(gpu->stream);
    if (gpu->other) (void)cudaStreamSynchronize(gpu->other);
    for (gnt_slot &slot : gpu->slot) {
        if (slot.memory) (void)cudaFreeHost(slot.memory);
        if (slot.done) (void)cudaEventDestroy(slot.done);
    }
    const cudaEvent_t events[] = {gpu->begin, gpu->end, gpu->other_begin, gpu->other_end};
    for (cudaEvent_t event : events)
        if (event) (void)cudaEventDestroy(event);
    (void)cudaFree(gpu->slab);
    if (gpu->other) (void)cudaStreamDestroy(gpu->other);
    (void)cudaStreamDestroy(gpu->stream);
}

/* After a fault these calls fail too; there is nobody left to tell. What is left of the context would answer every call
 * with the fault: it goes, so that the next engine may work. */
void gnt_gpu_close(gnt_gpu *gpu)
{
    int present = -1; /* a GPU that can't even be made the present one must not cost another one its context */
    (void)cudaSetDevice(gpu->number);
    (void)cudaGetDevice(&present);
    if (gpu->stream) free_all(gpu);
    if (gpu->fault && present == gpu->number) (void)cudaDeviceReset();
}
