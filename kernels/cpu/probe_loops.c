/* probe_loops.c: what this instruction set can do at best, for a benchmark to stand beside (kernels.h, probe).
 *
 * fma      CHAINS independent chains of float32 fma held in registers: as many as hide the latency of two fma a
 *          cycle (4 cycles on Zen 4 and on Intel since Skylake: 8), within 16 or 32 registers. Where there is no fused
 *          instruction the kernels' own emulation of it is the limit, and that is what is measured.
 * cells    gnt_cell_step of 16 units x 16 windows from gates that lie in L1. The LSTM has its gates in registers, so
 *          four loads a vector are extra; they hide behind the five divisions of a cell.
 * triad    a = b + s c over a thread's part of three arrays: two reads and a write, counted as 12 bytes an element.
 *          The write also fetches its line first (no streaming store), which STREAM doesn't count either.
 * class    none: results are thrown away, though every value stays finite and normal */
#include "kernels/cpu/stages.h"

#include "kernels/cpu/cpu.h"
#include "kernels/math/cell.h"

#if GNT_F32_LANES == 16
#define CHAINS 16
#elif GNT_F32_LANES == 8
#define CHAINS 12
#else
#define CHAINS 4
#endif

/* x <- a x + b with 0 < a < 1 ends at b / (1 - a): no overflow, no denormal. */
static double fma_chains(size_t rounds, float *memory)
{
    gnt_f32 acc[CHAINS], a = gnt_f32_splat(0.75f), b = gnt_f32_splat(0.5f);
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++) acc[i] = gnt_f32_splat((float)i);
    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 16
        for (int i = 0; i < CHAINS; i++) acc[i] = gnt_f32_fma(acc[i], a, b);
    }
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++) gnt_f32_store(memory + i * GNT_F32_LANES, acc[i]);
    return 2.0 * CHAINS * GNT_F32_LANES * (double)rounds;
}

enum { UNITS = 16, WINDOWS = 16 };

static double cells(size_t rounds, float *memory)
{
    float *z = memory, *c = z + 4 * UNITS * WINDOWS, *h = c + UNITS * WINDOWS;
    for (size_t r = 0; r < rounds; r++)
        for (size_t at = 0; at < UNITS * WINDOWS; at += GNT_F32_LANES) {
            const float *gate = z + at;
            gnt_cell cell = gnt_cell_step(gnt_f32_load(gate), gnt_f32_load(gate + UNITS * WINDOWS),
                                          gnt_f32_load(gate + 2 * UNITS * WINDOWS),
                                          gnt_f32_load(gate + 3 * UNITS * WINDOWS), gnt_f32_load(c + at));
            gnt_f32_store(c + at, cell.c);
            gnt_f32_store(h + at, cell.h);
        }
    return (double)rounds * UNITS * WINDOWS;
}

static double triad(size_t n, float *memory)
{
    float *a = memory;
    const float *b = a + n, *c = b + n;
    gnt_f32 s = gnt_f32_splat(0.5f);
    for (size_t i = 0; i + GNT_F32_LANES <= n; i += GNT_F32_LANES)
        gnt_f32_store(a + i, gnt_f32_load(b + i) + s * gnt_f32_load(c + i));
    return 3.0 * sizeof(float) * (double)n;
}

_Static_assert(GNT_PROBE_FLOATS >= 6 * UNITS * WINDOWS && GNT_PROBE_FLOATS >= CHAINS * GNT_F32_LANES, "memory");

double GNT_SIMD_NAME(gnt_cpu_probe)(gnt_probe what, size_t n, float *memory)
{
    if (what == GNT_PROBE_FMA) return fma_chains(n, memory);
    return what == GNT_PROBE_CELLS ? cells(n, memory) : triad(n, memory);
}
