/* How a function of kernels/math is declared, so that the same text compiles as C and as CUDA.
 *
 * Everything here keeps to what C17 and C++17 share: no designated initialisers, no compound literals, casts written
 * out. Exact-class code uses + - x / and sqrt only; both compilers are told not to contract (-ffp-contract=off,
 * --fmad=false). */
#ifndef GNT_MATH_FN_H
#define GNT_MATH_FN_H

/* One lane: CUDA's compiler, or g++ for the emulated device. */
#if defined(__CUDACC__) || defined(GNT_EMU)
#define GNT_CUDA_TEXT 1
#endif

#ifdef __CUDACC__
#define GNT_FN static __host__ __device__ __forceinline__
#define GNT_STEP GNT_FN
#else
#define GNT_FN static inline
#define GNT_STEP static inline __attribute__((always_inline)) /* a step's state stays in its caller's registers */
#endif

#endif
