/* The words of CUDA C++: qualifiers, vector types, and who the running thread is. */
#ifndef GNT_EMU_LANGUAGE_H
#define GNT_EMU_LANGUAGE_H

#define CUDART_VERSION 13000

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __launch_bounds__(...)
#define __maxnreg__(n)
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(n) __attribute__((aligned(n)))
#pragma GCC poison __shared__ __managed__ __cluster_dims__

#define GNT_EMU_VECTOR2(type, name, bytes)               \
    struct __attribute__((aligned(bytes))) name##2       \
    {                                                    \
        type x, y;                                       \
    };                                                   \
    static inline name##2 make_##name##2(type x, type y) \
    {                                                    \
        return {x, y};                                   \
    }
#define GNT_EMU_VECTOR4(type, name, bytes)                               \
    struct __attribute__((aligned(bytes))) name##4                       \
    {                                                                    \
        type x, y, z, w;                                                 \
    };                                                                   \
    static inline name##4 make_##name##4(type x, type y, type z, type w) \
    {                                                                    \
        return {x, y, z, w};                                             \
    }
GNT_EMU_VECTOR2(float, float, 8)
GNT_EMU_VECTOR2(double, double, 16)
GNT_EMU_VECTOR2(int, int, 8)
GNT_EMU_VECTOR2(unsigned, uint, 8)
GNT_EMU_VECTOR2(long long, longlong, 16)
GNT_EMU_VECTOR2(unsigned long long, ulonglong, 16)
GNT_EMU_VECTOR2(unsigned short, ushort, 4)
GNT_EMU_VECTOR2(unsigned char, uchar, 2)
GNT_EMU_VECTOR4(float, float, 16)
GNT_EMU_VECTOR4(int, int, 16)
GNT_EMU_VECTOR4(unsigned, uint, 16)
GNT_EMU_VECTOR4(unsigned short, ushort, 8)
GNT_EMU_VECTOR4(unsigned char, uchar, 4)
#undef GNT_EMU_VECTOR2
#undef GNT_EMU_VECTOR4

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_)
    {
    }
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z)
    {
    }
};

/* Who runs, on this thread of the host. The runtime sets them before every turn. */
#define GNT_EMU_OWN extern __thread __attribute__((tls_model("initial-exec")))
GNT_EMU_OWN uint3 threadIdx, blockIdx;
GNT_EMU_OWN dim3 blockDim, gridDim;
GNT_EMU_OWN void *gnt_emu_shared_bytes;
GNT_EMU_OWN unsigned gnt_emu_flat; /* x + y blockDim.x + z blockDim.x blockDim.y */
#undef GNT_EMU_OWN
static constexpr int warpSize = 32;

/* This block's dynamic shared memory: poisoned when the block starts, 16-byte aligned. */
static inline void *gnt_emu_shared()
{
    return gnt_emu_shared_bytes;
}

#endif
