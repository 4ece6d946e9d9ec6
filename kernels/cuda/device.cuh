/* What every kernel file includes: CUDA's runtime (the emulated device brings its own header of that name) and the few
 * things that the two compilers spell differently.
 *
 * Device code keeps to: dynamic shared memory by gnt_shared_memory, kernels started by gnt_launch (gpu.cuh), no device
 * function pointers, no allocation, no printf. PTX stands only in wrappers that the emulator knows. */
#ifndef GNT_CUDA_DEVICE_CUH
#define GNT_CUDA_DEVICE_CUH

#include <cuda_runtime.h>

#include <stddef.h>
#include <stdint.h>

/* This block's dynamic shared memory, 16-byte aligned; as many bytes as the launch asked for. */
template <typename T> __device__ __forceinline__ T *gnt_shared_memory()
{
#ifdef GNT_EMU
    return static_cast<T *>(gnt_emu_shared());
#else
    extern __shared__ __align__(16) unsigned char gnt_shared_bytes[];
    return reinterpret_cast<T *>(gnt_shared_bytes);
#endif
}

/* Waits for n_threads threads of the block, whole warps, that call it with the same id, 1 to 15. */
__device__ __forceinline__ void gnt_part_barrier(unsigned id, unsigned n_threads)
{
#ifdef GNT_EMU
    gnt_emu_part_barrier(id, n_threads, {__FILE__, __LINE__});
#else
    asm volatile("barrier.sync.aligned %0, %1;" ::"r"(id), "r"(n_threads) : "memory");
#endif
}

/* A number in pinned memory that host and device hand to each other: what the writer wrote before it is seen by who
 * reads it. */
__device__ __forceinline__ uint64_t gnt_read_system(const uint64_t *at)
{
#ifdef GNT_EMU
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
#else
    uint64_t value;
    asm volatile("ld.acquire.sys.global.u64 %0, [%1];" : "=l"(value) : "l"(at) : "memory");
    return value;
#endif
}
__device__ __forceinline__ void gnt_write_system(uint64_t *at, uint64_t value)
{
#ifdef GNT_EMU
    __atomic_store_n(at, value, __ATOMIC_RELEASE);
#else
    asm volatile("st.release.sys.global.u64 [%0], %1;" ::"l"(at), "l"(value) : "memory");
#endif
}

/* 1 / x to about 1 ulp, x and the result normal. */
__device__ __forceinline__ float gnt_reciprocal_seed(float x)
{
#ifdef GNT_EMU
    return 1.0f / x;
#else
    float r;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
    return r;
#endif
}

#endif
