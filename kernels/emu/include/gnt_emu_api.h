/* The runtime API as far as a backend needs it. Meanings are NVIDIA's; where they leave room the emulated device is the
 * stricter one (docs/decisions/emulated-device.md). */
#ifndef GNT_EMU_API_H
#define GNT_EMU_API_H

/* number, name, words */
#define GNT_EMU_ERRORS(X)                                                                                \
    X(0, cudaSuccess, "no error")                                                                        \
    X(1, cudaErrorInvalidValue, "invalid argument")                                                      \
    X(2, cudaErrorMemoryAllocation, "out of memory")                                                     \
    X(9, cudaErrorInvalidConfiguration, "invalid configuration argument")                                \
    X(21, cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy")                          \
    X(35, cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version")   \
    X(46, cudaErrorDevicesUnavailable, "CUDA-capable device(s) is/are busy or unavailable")              \
    X(98, cudaErrorInvalidDeviceFunction, "invalid device function")                                     \
    X(100, cudaErrorNoDevice, "no CUDA-capable device is detected")                                      \
    X(101, cudaErrorInvalidDevice, "invalid device ordinal")                                             \
    X(209, cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device")  \
    X(214, cudaErrorECCUncorrectable, "uncorrectable ECC error encountered")                             \
    X(400, cudaErrorInvalidResourceHandle, "invalid resource handle")                                    \
    X(401, cudaErrorIllegalState, "the operation cannot be performed in the present state")              \
    X(600, cudaErrorNotReady, "device not ready")                                                        \
    X(700, cudaErrorIllegalAddress, "an illegal memory access was encountered")                          \
    X(710, cudaErrorAssert, "device-side assert triggered")                                              \
    X(719, cudaErrorLaunchFailure, "unspecified launch failure")                                         \
    X(801, cudaErrorNotSupported, "operation not supported")                                             \
    X(900, cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing")        \
    X(901, cudaErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture") \
    X(999, cudaErrorUnknown, "unknown error")

enum cudaError {
#define X(number, name, words) name = number,
    GNT_EMU_ERRORS(X)
#undef X
};
typedef enum cudaError cudaError_t;

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct CUgraph_st *cudaGraph_t;
typedef struct CUgraphExec_st *cudaGraphExec_t;

enum cudaMemcpyKind {
    cudaMemcpyHostToHost = 0,
    cudaMemcpyHostToDevice = 1,
    cudaMemcpyDeviceToHost = 2,
    cudaMemcpyDeviceToDevice = 3,
    cudaMemcpyDefault = 4
};
enum cudaStreamCaptureMode {
    cudaStreamCaptureModeGlobal = 0,
    cudaStreamCaptureModeThreadLocal = 1,
    cudaStreamCaptureModeRelaxed = 2
};
enum cudaStreamCaptureStatus {
    cudaStreamCaptureStatusNone = 0,
    cudaStreamCaptureStatusActive = 1,
    cudaStreamCaptureStatusInvalidated = 2
};
enum cudaFuncAttribute {
    cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
    cudaFuncAttributePreferredSharedMemoryCarveout = 9
};
enum cudaDeviceAttr {
    cudaDevAttrMaxThreadsPerBlock = 1,
    cudaDevAttrMaxSharedMemoryPerBlock = 8,
    cudaDevAttrWarpSize = 10,
    cudaDevAttrMaxRegistersPerBlock = 12,
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrL2CacheSize = 38,
    cudaDevAttrMaxThreadsPerMultiProcessor = 39,
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
    cudaDevAttrMaxRegistersPerMultiprocessor = 82,
    cudaDevAttrCooperativeLaunch = 95,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
    cudaDevAttrReservedSharedMemoryPerBlock = 111
};
enum { cudaHostAllocDefault = 0, cudaHostAllocPortable = 1, cudaHostAllocMapped = 2, cudaHostAllocWriteCombined = 4 };
enum { cudaStreamDefault = 0, cudaStreamNonBlocking = 1 };
enum { cudaEventDefault = 0, cudaEventBlockingSync = 1, cudaEventDisableTiming = 2 };

struct cudaDeviceProp {
    char name[256];
    size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerBlockOptin, reservedSharedMemPerBlock;
    size_t sharedMemPerMultiprocessor, totalConstMem, memPitch;
    int regsPerBlock, regsPerMultiprocessor, warpSize;
    int maxThreadsPerBlock, maxThreadsPerMultiProcessor, maxBlocksPerMultiProcessor;
    int maxThreadsDim[3], maxGridSize[3];
    int major, minor, multiProcessorCount, l2CacheSize, memoryBusWidth;
    int asyncEngineCount, concurrentKernels, unifiedAddressing, canMapHostMemory, integrated, ECCEnabled;
    int cooperativeLaunch, pciBusID, pciDeviceID, pciDomainID;
};
struct cudaFuncAttributes {
    size_t sharedSizeBytes, constSizeBytes, localSizeBytes;
    int maxThreadsPerBlock, numRegs, ptxVersion, binaryVersion;
    int maxDynamicSharedSizeBytes;
};
struct cudaLaunchAttribute {
    int id;
};
struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute *attrs;
    unsigned numAttrs; /* the emulated device knows none */
};

/* ---- devices and errors ---- */
const char *cudaGetErrorName(cudaError_t error);
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
cudaError_t cudaGetDeviceCount(int *n);
cudaError_t cudaSetDevice(int number);
cudaError_t cudaGetDevice(int *number);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *prop, int number);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int number);
cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaDeviceReset(); /* frees everything of the device; its error no longer sticks */

/* ---- memory ---- */
cudaError_t cudaMemGetInfo(size_t *free, size_t *total);
cudaError_t cudaMalloc(void **device, size_t bytes);
cudaError_t cudaFree(void *device);
cudaError_t cudaMallocHost(void **host, size_t bytes);
cudaError_t cudaHostAlloc(void **host, size_t bytes, unsigned flags);
cudaError_t cudaFreeHost(void *host);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream = nullptr);
cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream = nullptr);
cudaError_t cudaMemset(void *device, int value, size_t bytes);
cudaError_t cudaMemsetAsync(void *device, int value, size_t bytes, cudaStream_t stream = nullptr);

template <typename T> static inline cudaError_t cudaMalloc(T **device, size_t bytes)
{
    return cudaMalloc(reinterpret_cast<void **>(device), bytes);
}
template <typename T> static inline cudaError_t cudaMallocHost(T **host, size_t bytes)
{
    return cudaMallocHost(reinterpret_cast<void **>(host), bytes);
}
template <typename T> static inline cudaError_t cudaHostAlloc(T **host, size_t bytes, unsigned flags)
{
    return cudaHostAlloc(reinterpret_cast<void **>(host), bytes, flags);
}

/* ---- streams, events, graphs ---- */
cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status);

cudaError_t cudaEventCreate(cudaEvent_t *event);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t begin, cudaEvent_t end);

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);

/* ---- kernels; cudaLaunchKernelEx is in gnt_emu_launch.h ---- */
cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value);
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *kernel);
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *n_blocks, const void *kernel, int block_threads,
                                                          size_t shared_bytes);

template <typename R, typename... P>
static inline cudaError_t cudaFuncSetAttribute(R (*kernel)(P...), cudaFuncAttribute attribute, int value)
{
    return cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel), attribute, value);
}
template <typename R, typename... P>
static inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, R (*kernel)(P...))
{
    return cudaFuncGetAttributes(attributes, reinterpret_cast<const void *>(kernel));
}
template <typename R, typename... P>
static inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *n_blocks, R (*kernel)(P...),
                                                                        int block_threads, size_t shared_bytes)
{
    return cudaOccupancyMaxActiveBlocksPerMultiprocessor(n_blocks, reinterpret_cast<const void *>(kernel),
                                                         block_threads, shared_bytes);
}

/* ---- what only the emulated device has ---- */

/* What the emulator itself found wrong, one line; "" when the last error is an ordinary one. Valid until the next call.
 */
const char *gnt_emu_error_text();

/* Marks n bytes between two parts of an allocation as nobody's: a kernel or copy that writes there ends with an error
 * that sticks and names both, and under ASan an access stops the program. Waits for the device first. */
void gnt_emu_guard(void *device, size_t n);
/* Forgets the guards inside [device, device + n) and poisons the whole range again, as if freshly allocated. */
void gnt_emu_unguard_all(void *device, size_t n);

#endif
