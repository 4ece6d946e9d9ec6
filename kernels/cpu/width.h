/* Float64 lanes of a vector in the instruction set this source is compiled for (cpu.h, GNT_SIMD). Included before
 * kernels/math/lane.h. */
#ifndef GNT_CPU_WIDTH_H
#define GNT_CPU_WIDTH_H

#if GNT_SIMD_avx512
#define GNT_LANES 8
#elif GNT_SIMD_avx2
#define GNT_LANES 4
#else
#define GNT_LANES 2
#endif

#endif
