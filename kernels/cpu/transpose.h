/* A square tile of float32, one vector a row, turned in registers: log2(lanes) rounds in which rows i and i + d swap
 * the halves of their blocks of 2 d numbers. Moves numbers only, so all instruction sets agree. */
#ifndef GNT_TRANSPOSE_H
#define GNT_TRANSPOSE_H

#include "kernels/math/lane32.h"

#define TURN_LO(j, d) (((j) & (d)) ? GNT_F32_LANES + (j) - (d) : (j))
#define TURN_HI(j, d) (((j) & (d)) ? GNT_F32_LANES + (j) : (j) + (d))
#define TURN_4(f, j, d) f(j, d), f((j) + 1, d), f((j) + 2, d), f((j) + 3, d)
#if GNT_F32_LANES == 16
#define TURN_ALL(f, d) TURN_4(f, 0, d), TURN_4(f, 4, d), TURN_4(f, 8, d), TURN_4(f, 12, d)
#elif GNT_F32_LANES == 8
#define TURN_ALL(f, d) TURN_4(f, 0, d), TURN_4(f, 4, d)
#else
#define TURN_ALL(f, d) TURN_4(f, 0, d)
#endif
#define TURN_ROUND(d)                                                       \
    for (int i = 0; i < GNT_F32_LANES; i++) {                               \
        if (i & (d)) continue;                                              \
        gnt_f32 a = row[i], b = row[i + (d)];                               \
        row[i] = __builtin_shufflevector(a, b, TURN_ALL(TURN_LO, d));       \
        row[i + (d)] = __builtin_shufflevector(a, b, TURN_ALL(TURN_HI, d)); \
    }

/* Rows become columns. */
static inline __attribute__((always_inline)) void rows_turn(gnt_f32 row[GNT_F32_LANES])
{
#if GNT_F32_LANES == 16
#pragma GCC unroll 16
    TURN_ROUND(8)
#endif
#if GNT_F32_LANES >= 8
#pragma GCC unroll 16
    TURN_ROUND(4)
#endif
#pragma GCC unroll 16
    TURN_ROUND(2)
#pragma GCC unroll 16
    TURN_ROUND(1)
}

/* to[j][i] = from[i][j] for i, j < lanes; strides in floats. */
static inline __attribute__((always_inline)) void tile_turn(const float *from, size_t from_stride, float *to,
                                                            size_t to_stride)
{
    gnt_f32 row[GNT_F32_LANES];
#pragma GCC unroll 16
    for (int i = 0; i < GNT_F32_LANES; i++) row[i] = gnt_f32_load(from + (size_t)i * from_stride);
    rows_turn(row);
#pragma GCC unroll 16
    for (int i = 0; i < GNT_F32_LANES; i++) gnt_f32_store(to + (size_t)i * to_stride, row[i]);
}

/* The same from rows anywhere: to[j][i] = from[i][first + j]. */
static inline __attribute__((always_inline)) void tile_gather(const float *const from[GNT_F32_LANES], size_t first,
                                                              float *to, size_t to_stride)
{
    gnt_f32 row[GNT_F32_LANES];
#pragma GCC unroll 16
    for (int i = 0; i < GNT_F32_LANES; i++) row[i] = gnt_f32_load(from[i] + first);
    rows_turn(row);
#pragma GCC unroll 16
    for (int i = 0; i < GNT_F32_LANES; i++) gnt_f32_store(to + (size_t)i * to_stride, row[i]);
}

#endif
