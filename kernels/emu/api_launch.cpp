/* api_launch.cpp: kernels: what may be launched, and running them. */
#include "kernels/emu/machine.h"
#include "kernels/emu/symbol.h"

#include <string.h>

#include <algorithm>

using gnt_emu::device;
using gnt_emu::entry;
using gnt_emu::fault_kind;
using gnt_emu::machine;

struct launch {
    const void *kernel;
    std::shared_ptr<const gnt_emu_call> call;
    dim3 grid, block;
    size_t shared_bytes;
};

static size_t shared_limit(const device &dev, const void *kernel)
{
    auto found = dev.shared_limit.find(kernel);
    return found == dev.shared_limit.end() ? gnt_emu::default_shared
                                           : std::max(gnt_emu::default_shared, (size_t)found->second);
}

static cudaError_t run_launch(device &dev, const launch &l)
{
    gnt_emu::memory::breach found;
    gnt_emu::turns turn(dev.set.turns, dev.n_launches++);
    if (dev.broken->now(fault_kind::launch)) return dev.stick(cudaErrorLaunchFailure, "%s", "");
    if (!dev.runner.run_grid(*l.call, l.grid, l.block, l.shared_bytes, &turn))
        return dev.stick(cudaErrorAssert, "%s, %s", gnt_emu::function_name(l.kernel).c_str(), dev.runner.text());
    if (!dev.mem.broken(&found)) return cudaSuccess;
    return dev.stick(cudaErrorIllegalAddress, "%s: wrote %s at byte %td of its allocation",
                     gnt_emu::function_name(l.kernel).c_str(), found.guard ? "into a guard" : "behind the end",
                     found.at - found.part);
}

/* Pointers into another device or into pageable memory fault on a real one. NULL and pinned memory may be passed. */
static cudaError_t check_pointers(device *dev, const void *kernel, const void *const *pointers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!pointers[i] || dev->mem.inside(pointers[i]) || machine::get().is_pinned(pointers[i], 0)) continue;
        return dev->stick(cudaErrorIllegalAddress, "%s: its pointer argument %zu is not memory of device %d",
                          gnt_emu::function_name(kernel).c_str(), i + 1, dev->number);
    }
    return cudaSuccess;
}

static cudaError_t check_shape(device *dev, const launch &l)
{
    const dim3 &b = l.block, &g = l.grid;
    uint64_t threads = (uint64_t)b.x * b.y * b.z, blocks = (uint64_t)g.x * g.y * g.z;
    if (threads == 0 || threads > gnt_emu::max_threads || b.z > 64)
        return dev->refuse(cudaErrorInvalidConfiguration, "%s: a block of %u x %u x %u threads",
                           gnt_emu::function_name(l.kernel).c_str(), b.x, b.y, b.z);
    if (blocks == 0 || blocks > 0x7fffffff || g.y > 65535 || g.z > 65535)
        return dev->refuse(cudaErrorInvalidConfiguration, "%s: a grid of %u x %u x %u blocks",
                           gnt_emu::function_name(l.kernel).c_str(), g.x, g.y, g.z);
    size_t limit = shared_limit(*dev, l.kernel);
    if (l.shared_bytes <= limit) return cudaSuccess;
    return dev->refuse(cudaErrorInvalidValue, "%s: %zu bytes of shared memory, but a block of it may have %zu",
                       gnt_emu::function_name(l.kernel).c_str(), l.shared_bytes, limit);
}

cudaError_t gnt_emu_launch(const cudaLaunchConfig_t *config, const void *kernel,
                           std::shared_ptr<const gnt_emu_call> call, const void *const *pointers, size_t n)
{
    entry api;
    if (api.error != cudaSuccess) return api.end(api.error);
    launch l = {kernel, std::move(call), config->gridDim, config->blockDim, config->dynamicSmemBytes};
    cudaStream_t stream = api.dev->find(config->stream);
    if (!stream) return api.end(api.dev->refuse(cudaErrorInvalidResourceHandle, "a launch on another device's stream"));
    if (config->numAttrs) return api.end(api.dev->refuse(cudaErrorNotSupported, "launch attributes: none is emulated"));
    cudaError_t error = check_shape(api.dev, l);
    if (error == cudaSuccess) error = check_pointers(api.dev, kernel, pointers, n);
    if (error == cudaSuccess) stream->add([l](device &dev) { return run_launch(dev, l); });
    return api.end(error);
}

cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value)
{
    entry call;
    if (call.error != cudaSuccess || attribute == cudaFuncAttributePreferredSharedMemoryCarveout)
        return call.end(call.error);
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 || (size_t)value > gnt_emu::max_shared)
        return call.end(call.dev->refuse(cudaErrorInvalidValue,
                                         "cudaFuncSetAttribute: %d bytes of shared memory, at most %zu", value,
                                         gnt_emu::max_shared));
    call.dev->shared_limit[kernel] = value;
    return call.end(cudaSuccess);
}

/* Registers and local memory are the compiler's to tell: these are plausible, not measured. */
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *kernel)
{
    entry call;
    memset(attributes, 0, sizeof *attributes);
    if (call.error != cudaSuccess) return call.end(call.error);
    attributes->maxThreadsPerBlock = (int)gnt_emu::max_threads;
    attributes->numRegs = 64;
    attributes->ptxVersion = attributes->binaryVersion = 90;
    attributes->maxDynamicSharedSizeBytes = (int)shared_limit(*call.dev, kernel);
    return call.end(cudaSuccess);
}

/* By threads, shared memory and the number of blocks; registers as cudaFuncGetAttributes says. */
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *n_blocks, const void *kernel, int block_threads,
                                                          size_t shared_bytes)
{
    entry call;
    *n_blocks = 0;
    if (call.error != cudaSuccess) return call.end(call.error);
    if (block_threads <= 0 || block_threads > (int)gnt_emu::max_threads) return call.end(cudaErrorInvalidValue);
    if (shared_bytes > shared_limit(*call.dev, kernel)) return call.end(cudaSuccess);
    int warps = (block_threads + 31) / 32, by_shared = (int)(((size_t)228 << 10) / (shared_bytes + 1024));
    *n_blocks = std::min({32, 2048 / (32 * warps), 65536 / (64 * 32 * warps), by_shared});
    return call.end(cudaSuccess);
}
