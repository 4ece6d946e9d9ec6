/* api_memory.cpp: the API's calls about memory, copies and fills, and the guards of a slab. */
#include "kernels/emu/machine.h"

#include <stdlib.h>
#include <string.h>

using gnt_emu::device;
using gnt_emu::entry;
using gnt_emu::fault_kind;
using gnt_emu::machine;

cudaError_t cudaMemGetInfo(size_t *free, size_t *total)
{
    entry call;
    *free = *total = 0;
    if (call.error != cudaSuccess) return call.end(call.error);
    *free = call.dev->mem.bytes_free();
    *total = call.dev->mem.bytes_total();
    return call.end(cudaSuccess);
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    entry call;
    *p = nullptr;
    if (call.error != cudaSuccess || bytes == 0) return call.end(call.error);
    if (call.dev->capturing()) return call.end(cudaErrorStreamCaptureUnsupported);
    if (!call.dev->broken->now(fault_kind::malloc)) *p = call.dev->mem.allocate(bytes);
    return call.end(*p ? cudaSuccess : cudaErrorMemoryAllocation);
}

/* Also after an error that sticks: what the program gives back must not be lost. */
cudaError_t cudaFree(void *p)
{
    entry call;
    if (!p || !call.dev) return call.end(call.error);
    if (call.dev->capturing()) return call.end(cudaErrorStreamCaptureUnsupported);
    call.dev->drain();
    if (call.dev->mem.release(p)) return call.end(call.error);
    return call.end(call.dev->refuse(cudaErrorInvalidValue, "cudaFree of what was not allocated"));
}

cudaError_t cudaHostAlloc(void **p, size_t bytes, unsigned)
{
    entry call;
    machine &m = machine::get();
    *p = nullptr;
    if (call.error != cudaSuccess || bytes == 0) return call.end(call.error);
    if (!call.dev->broken->now(fault_kind::pinned) && posix_memalign(p, 4096, bytes) != 0) *p = nullptr;
    if (!*p) return call.end(cudaErrorMemoryAllocation);
    memset(*p, 0xff, bytes);
    std::lock_guard<std::mutex> guard(m.mutex);
    m.pinned[static_cast<char *>(*p)] = bytes;
    return call.end(cudaSuccess);
}

cudaError_t cudaMallocHost(void **p, size_t bytes)
{
    return cudaHostAlloc(p, bytes, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void *p)
{
    entry call;
    machine &m = machine::get();
    if (!p || !call.dev) return call.end(call.error);
    call.dev->drain();
    std::lock_guard<std::mutex> guard(m.mutex);
    if (m.pinned.erase(static_cast<char *>(p)) == 0)
        return call.end(call.dev->refuse(cudaErrorInvalidValue, "cudaFreeHost of what was not allocated"));
    free(p);
    return call.end(call.error);
}

/* ---- copies ---- */

/* A copy of `height` rows; a plain one has one row. */
struct copy {
    char *to;
    const char *from;
    size_t to_pitch, from_pitch, width, height;
};

static size_t span(size_t pitch, const copy &c)
{
    return c.height == 0 ? 0 : pitch * (c.height - 1) + c.width;
}

/* One end of a copy is where `on_device` says: inside an allocation, or not in device memory at all. */
static cudaError_t check_end(device *dev, const char *what, const char *end, const void *p, size_t n, bool on_device)
{
    bool inside = dev->mem.inside(p);
    if (on_device && dev->mem.holds(p, n)) return cudaSuccess;
    if (on_device && !inside)
        return dev->refuse(cudaErrorInvalidValue, "%s: the %s is not memory of device %d", what, end, dev->number);
    if (on_device)
        return dev->refuse(cudaErrorInvalidValue, "%s: the %s's %zu bytes leave their allocation", what, end, n);
    if (inside) return dev->refuse(cudaErrorInvalidMemcpyDirection, "%s: the %s is device memory", what, end);
    return p ? cudaSuccess : dev->refuse(cudaErrorInvalidValue, "%s: the %s is NULL", what, end);
}

static cudaError_t check_copy(device *dev, const char *what, const copy &c, cudaMemcpyKind *kind)
{
    bool from = dev->mem.inside(c.from), to = dev->mem.inside(c.to);
    if (*kind == cudaMemcpyDefault)
        *kind = from ? to ? cudaMemcpyDeviceToDevice : cudaMemcpyDeviceToHost
                : to ? cudaMemcpyHostToDevice
                     : cudaMemcpyHostToHost;
    if ((unsigned)*kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
    if (c.width > c.to_pitch || c.width > c.from_pitch)
        return dev->refuse(cudaErrorInvalidValue, "%s: rows wider than their pitch", what);
    from = *kind == cudaMemcpyDeviceToHost || *kind == cudaMemcpyDeviceToDevice;
    to = *kind == cudaMemcpyHostToDevice || *kind == cudaMemcpyDeviceToDevice;
    cudaError_t error = check_end(dev, what, "source", c.from, span(c.from_pitch, c), from);
    return error != cudaSuccess ? error : check_end(dev, what, "destination", c.to, span(c.to_pitch, c), to);
}

static cudaError_t after_write(device &dev, const char *what)
{
    gnt_emu::memory::breach found;
    if (dev.broken->now(fault_kind::copy)) return dev.stick(cudaErrorECCUncorrectable, "%s", "");
    if (!dev.mem.broken(&found)) return cudaSuccess;
    return dev.stick(cudaErrorIllegalAddress, "%s: wrote into a guard at byte %td of its allocation", what,
                     found.at - found.part);
}

/* Under ASan a copy over a guard stops the program here, as a kernel's store would. */
static cudaError_t run_copy(device &dev, const char *what, const copy &c)
{
    for (size_t row = 0; row < c.height; row++) memmove(c.to + row * c.to_pitch, c.from + row * c.from_pitch, c.width);
    return after_write(dev, what);
}

/* Pageable memory is read when the copy is enqueued, as CUDA stages it; but a graph reads it whenever it runs. */
static cudaError_t enqueue_copy(cudaStream_t stream, const char *what, const copy &c, cudaMemcpyKind kind)
{
    size_t bytes = span(c.from_pitch, c);
    if (kind != cudaMemcpyHostToDevice || stream->into || machine::get().is_pinned(c.from, bytes)) {
        stream->add([what, c](device &dev) { return run_copy(dev, what, c); });
        return cudaSuccess;
    }
    std::shared_ptr<char> staged(static_cast<char *>(malloc(bytes)), free);
    if (!staged) return cudaErrorMemoryAllocation;
    memcpy(staged.get(), c.from, bytes);
    stream->add([what, c, staged](device &dev) {
        copy now = c;
        now.from = staged.get();
        return run_copy(dev, what, now);
    });
    return cudaSuccess;
}

static cudaError_t copy_async(entry *call, const char *what, const copy &c, cudaMemcpyKind kind, cudaStream_t stream)
{
    if (call->error != cudaSuccess || c.width == 0 || c.height == 0) return call->error;
    cudaError_t error = check_copy(call->dev, what, c, &kind);
    if (error != cudaSuccess) return error;
    stream = call->dev->find(stream);
    if (!stream) return call->dev->refuse(cudaErrorInvalidResourceHandle, "%s: a stream of another device", what);
    return enqueue_copy(stream, what, c, kind);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream)
{
    entry call;
    copy c = {static_cast<char *>(to), static_cast<const char *>(from), bytes, bytes, bytes, 1};
    return call.end(copy_async(&call, "cudaMemcpyAsync", c, kind, stream));
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream)
{
    entry call;
    copy c = {static_cast<char *>(to), static_cast<const char *>(from), to_pitch, from_pitch, width, height};
    return call.end(copy_async(&call, "cudaMemcpy2DAsync", c, kind, stream));
}

/* In the order of the null stream: a stream made with cudaStreamNonBlocking is not waited for. */
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    entry call;
    copy c = {static_cast<char *>(to), static_cast<const char *>(from), bytes, bytes, bytes, 1};
    if (call.error == cudaSuccess && call.dev->capturing()) return call.end(cudaErrorStreamCaptureUnsupported);
    cudaError_t error = copy_async(&call, "cudaMemcpy", c, kind, nullptr);
    return call.end(error != cudaSuccess ? error : call.dev->null_stream->run());
}

cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t stream)
{
    entry call;
    if (call.error != cudaSuccess || bytes == 0) return call.end(call.error);
    cudaError_t error = check_end(call.dev, "cudaMemset", "destination", p, bytes, true);
    if (error != cudaSuccess) return call.end(error);
    stream = call.dev->find(stream);
    if (!stream) return call.end(cudaErrorInvalidResourceHandle);
    stream->add([p, value, bytes](device &dev) {
        memset(p, value, bytes);
        return after_write(dev, "cudaMemset");
    });
    return call.end(cudaSuccess);
}

cudaError_t cudaMemset(void *p, int value, size_t bytes)
{
    return cudaMemsetAsync(p, value, bytes, nullptr);
}

/* ---- guards ---- */

void gnt_emu_guard(void *p, size_t n)
{
    entry call;
    if (call.error != cudaSuccess || n == 0 || !call.dev->mem.holds(p, n)) return;
    call.dev->drain();
    call.dev->mem.guard(p, n);
}

void gnt_emu_unguard_all(void *p, size_t n)
{
    entry call;
    if (call.error != cudaSuccess || n == 0 || !call.dev->mem.holds(p, n)) return;
    call.dev->drain();
    call.dev->mem.unguard(p, n);
}
