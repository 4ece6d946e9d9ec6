/* cuda.cu: the table of the CUDA backend and the one symbol that its module exports; opening and closing GPUs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/stages.cuh"

#ifdef GNT_EMU
#define DEVICE_NAME "emu"
#else
#define DEVICE_NAME "cuda"
#endif

static gnt_status fail(gnt_device *dev, gnt_status status, const char *text)
{
    snprintf(dev->reason, sizeof dev->reason, "%s", text);
    return status;
}

/* kind: a device's number, or NULL for all that are visible. */
static gnt_status choose(gnt_device *dev, const char *kind, int *first, int *n)
{
    int found = 0;
    cudaError_t error = cudaGetDeviceCount(&found);
    if (error == cudaErrorInsufficientDriver) return fail(dev, GNT_EDEVICE, "no driver, or one older than this build");
    if (error == cudaErrorNoDevice || (error == cudaSuccess && found == 0))
        return fail(dev, GNT_EDEVICE, "no GPU is visible");
    if (error != cudaSuccess) {
        snprintf(dev->reason, sizeof dev->reason, "cudaGetDeviceCount (cuda.cu:%d): %s", __LINE__,
                 cudaGetErrorString(error));
        (void)cudaDeviceReset();
        return GNT_EDEVICE;
    }
    *first = kind ? atoi(kind) : 0;
    *n = kind ? 1 : found < GNT_MAX_GPUS ? found : GNT_MAX_GPUS;
    if (*first < found) return GNT_OK;
    snprintf(dev->reason, sizeof dev->reason, "there is no GPU %d: the last one is %d", *first, found - 1);
    return GNT_EDEVICE;
}

/* Tensor cores have bfloat16 since sm_80. Off unless GNT_CUDA_BF16=1: no GPU has confirmed those kernels yet. */
static bool has_bf16(const gnt_device *dev)
{
    const char *allowed = getenv("GNT_CUDA_BF16");
    if (!allowed || strcmp(allowed, "1") != 0) return false;
    for (unsigned g = 0; g < dev->n_gpus; g++)
        if (dev->gpu[g].major < 8) return false;
    return true;
}

static gnt_status open_all(gnt_device *dev, const char *kind)
{
    int first = 0, n = 0;
    GNT_GPU_TRY(choose(dev, kind, &first, &n));
    for (; dev->n_gpus < (unsigned)n; dev->n_gpus++) {
        gnt_gpu *gpu = &dev->gpu[dev->n_gpus];
        gnt_status st = gnt_gpu_open(gpu, first + (int)dev->n_gpus);
        if (!st) continue;
        memcpy(dev->reason, gpu->reason, sizeof dev->reason);
        gnt_gpu_close(gpu);
        return st;
    }
    snprintf(dev->simd, sizeof dev->simd, "sm_%u%u", dev->gpu[0].major, dev->gpu[0].minor);
    memcpy(dev->chip, dev->gpu[0].chip, sizeof dev->chip);
    dev->bf16 = has_bf16(dev);
    return GNT_OK;
}

static gnt_status cuda_open(unsigned threads, const char *kind, gnt_device **out)
{
    (void)threads;
    gnt_device *dev = static_cast<gnt_device *>(calloc(1, sizeof *dev));
    *out = dev;
    return dev ? open_all(dev, kind) : GNT_ENOMEM;
}

static void cuda_close(gnt_device *dev)
{
    if (!dev) return;
    for (unsigned g = 0; g < dev->n_gpus; g++) gnt_gpu_close(&dev->gpu[g]);
    free(dev);
}

static const char *cuda_reason(const gnt_device *dev)
{
    return dev->reason;
}

/* GPUs work side by side: the slowest counts; NaN where one of them didn't measure. */
static double cuda_kernel_seconds(const gnt_device *dev)
{
    double most = 0;
    for (unsigned g = 0; g < dev->n_gpus; g++) {
        double seconds = dev->gpu[g].kernel_seconds;
        if (isnan(seconds)) return seconds;
        if (seconds > most) most = seconds;
    }
    return most;
}

static void cuda_info(const gnt_device *dev, gnt_device_info *info)
{
    memset(info, 0, sizeof *info);
    snprintf(info->name, sizeof info->name, DEVICE_NAME);
    memcpy(info->simd, dev->simd, sizeof info->simd);
    memcpy(info->chip, dev->chip, sizeof info->chip);
    info->threads = dev->n_gpus;
    info->bf16 = dev->bf16;
}

static gnt_ops table()
{
    gnt_ops ops = {};
    ops.abi = GNT_KERNELS_ABI;
    ops.size = sizeof(gnt_ops);
    ops.open = cuda_open;
    ops.close = cuda_close;
    ops.reason = cuda_reason;
    ops.kernel_seconds = cuda_kernel_seconds;
    ops.info = cuda_info;
    ops.features = gnt_cuda_features;
    ops.scale = gnt_cuda_scale;
    ops.pack = gnt_cuda_pack;
    ops.unpack = gnt_cuda_unpack;
    ops.packed_net = gnt_cuda_packed_net;
    ops.forward = gnt_cuda_forward;
    ops.resample = gnt_cuda_resample;
    ops.split = gnt_cuda_split;
    ops.probe = gnt_cuda_probe;
    ops.peer = gnt_cuda_peer;
    ops.train = gnt_cuda_train;
    ops.simulate = gnt_cuda_simulate;
    return ops;
}

extern "C" __attribute__((visibility("default"))) const gnt_ops *gnt_module_ops(void)
{
    static const gnt_ops ops = table();
    return &ops;
}
