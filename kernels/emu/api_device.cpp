/* api_device.cpp: the API's calls about devices and errors. */
#include "kernels/emu/machine.h"

#include <stdio.h>
#include <string.h>

using gnt_emu::entry;
using gnt_emu::machine;
using gnt_emu::remember;

const char *cudaGetErrorName(cudaError_t error)
{
    switch (error) {
#define X(number, name, words) \
    case name:                 \
        return #name;
        GNT_EMU_ERRORS(X)
#undef X
    }
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
    switch (error) {
#define X(number, name, words) \
    case name:                 \
        return words;
        GNT_EMU_ERRORS(X)
#undef X
    }
    return "unrecognized error code";
}

/* An error that sticks is met by every call; others are forgotten once told. */
cudaError_t cudaGetLastError()
{
    entry call;
    cudaError_t error = gnt_emu::last_error(true);
    return call.error != cudaSuccess ? call.error : error;
}

cudaError_t cudaPeekAtLastError()
{
    entry call;
    return call.error != cudaSuccess ? call.error : gnt_emu::last_error(false);
}

const char *gnt_emu_error_text()
{
    machine &m = machine::get();
    gnt_emu::device *dev = m.at(gnt_emu::current_device());
    return dev ? dev->text : m.text();
}

cudaError_t cudaGetDeviceCount(int *n)
{
    return remember(machine::get().count(n));
}

cudaError_t cudaSetDevice(int number)
{
    machine &m = machine::get();
    if (m.error() != cudaSuccess) return remember(m.error());
    if (!m.at(number)) return remember(cudaErrorInvalidDevice);
    gnt_emu::set_current_device(number);
    entry call;
    return call.end(call.error);
}

cudaError_t cudaGetDevice(int *number)
{
    *number = gnt_emu::current_device();
    return remember(machine::get().error());
}

/* Figures of an H100 where a backend plans by them; the chip itself is as large as the environment says. */
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *prop, int number)
{
    entry call;
    gnt_emu::device *dev = machine::get().at(number);
    memset(prop, 0, sizeof *prop);
    if (call.error != cudaSuccess) return call.end(call.error);
    if (!dev) return call.end(cudaErrorInvalidDevice);
    snprintf(prop->name, sizeof prop->name, "emulated device");
    prop->totalGlobalMem = dev->mem.bytes_total();
    prop->sharedMemPerBlock = gnt_emu::default_shared;
    prop->sharedMemPerBlockOptin = gnt_emu::max_shared;
    prop->reservedSharedMemPerBlock = 1024;
    prop->sharedMemPerMultiprocessor = (size_t)228 << 10;
    prop->totalConstMem = 65536;
    prop->memPitch = 2147483647;
    prop->regsPerBlock = prop->regsPerMultiprocessor = 65536;
    prop->warpSize = (int)gnt_emu::warp_lanes;
    prop->maxThreadsPerBlock = (int)gnt_emu::max_threads;
    prop->maxThreadsPerMultiProcessor = 2048;
    prop->maxBlocksPerMultiProcessor = 32;
    prop->maxThreadsDim[0] = prop->maxThreadsDim[1] = 1024;
    prop->maxThreadsDim[2] = 64;
    prop->maxGridSize[0] = 2147483647;
    prop->maxGridSize[1] = prop->maxGridSize[2] = 65535;
    prop->major = 9;
    prop->multiProcessorCount = (int)dev->set.n_sms;
    prop->l2CacheSize = 50 << 20;
    prop->memoryBusWidth = 5120;
    prop->asyncEngineCount = 3;
    prop->concurrentKernels = prop->unifiedAddressing = prop->canMapHostMemory = 1;
    prop->pciBusID = number + 1;
    return call.end(cudaSuccess);
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int number)
{
    cudaDeviceProp prop;
    cudaError_t error = cudaGetDeviceProperties(&prop, number);
    const struct {
        cudaDeviceAttr attribute;
        int value;
    } table[] = {
        {cudaDevAttrMaxThreadsPerBlock, prop.maxThreadsPerBlock},
        {cudaDevAttrMaxSharedMemoryPerBlock, (int)prop.sharedMemPerBlock},
        {cudaDevAttrWarpSize, prop.warpSize},
        {cudaDevAttrMaxRegistersPerBlock, prop.regsPerBlock},
        {cudaDevAttrMultiProcessorCount, prop.multiProcessorCount},
        {cudaDevAttrL2CacheSize, prop.l2CacheSize},
        {cudaDevAttrMaxThreadsPerMultiProcessor, prop.maxThreadsPerMultiProcessor},
        {cudaDevAttrComputeCapabilityMajor, prop.major},
        {cudaDevAttrComputeCapabilityMinor, prop.minor},
        {cudaDevAttrMaxSharedMemoryPerMultiprocessor, (int)prop.sharedMemPerMultiprocessor},
        {cudaDevAttrMaxRegistersPerMultiprocessor, prop.regsPerMultiprocessor},
        {cudaDevAttrCooperativeLaunch, prop.cooperativeLaunch},
        {cudaDevAttrMaxSharedMemoryPerBlockOptin, (int)prop.sharedMemPerBlockOptin},
        {cudaDevAttrReservedSharedMemoryPerBlock, (int)prop.reservedSharedMemPerBlock},
    };
    if (error != cudaSuccess) return error;
    for (const auto &row : table)
        if (row.attribute == attribute) {
            *value = row.value;
            return cudaSuccess;
        }
    return remember(cudaErrorInvalidValue);
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = machine::get().error() == cudaErrorInsufficientDriver ? 0 : CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize()
{
    entry call;
    if (call.error != cudaSuccess) return call.end(call.error);
    if (call.dev->capturing()) return call.end(cudaErrorStreamCaptureUnsupported);
    call.dev->drain();
    return call.end(cudaSuccess);
}

cudaError_t cudaDeviceReset()
{
    entry call;
    if (!call.dev) return call.end(call.error);
    call.dev->reset();
    (void)gnt_emu::last_error(true);
    return call.end(cudaSuccess);
}
