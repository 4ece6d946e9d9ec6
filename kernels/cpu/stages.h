/* CPU stages that need no device state, as plain functions over a range of their lanes, for the table (cpu.c), which
 * spreads ranges over its threads, and for tests. Meaning, shapes and classes as in kernels.h; arguments are valid. */
#ifndef GNT_CPU_STAGES_H
#define GNT_CPU_STAGES_H

#include "kernels/kernels.h"

/* Serial in time: one symbol is one piece of work. */
void gnt_cpu_features(gnt_feature_set set, const gnt_bars_view *bars, size_t stride, float *out);

/* The same of many symbols side by side in vectors; out [n_symbols]. The same bits for any grouping. */
typedef void gnt_cpu_features_fn(gnt_feature_set set, const gnt_bars_view *bars, size_t n_symbols, size_t stride,
                                 float *const *out);
gnt_cpu_features_fn gnt_cpu_features_lanes_generic, gnt_cpu_features_lanes_avx2, gnt_cpu_features_lanes_avx512;

/* Lanes [first, last) of the call; totals and paths are the whole call's. Any ranges give the same bits; ranges that
 * are multiples of 8 lanes fill the vectors. */
typedef void gnt_cpu_simulate_fn(const gnt_sim_lane *lanes, size_t first, size_t last, gnt_sim_totals *totals,
                                 const gnt_sim_path *paths);
gnt_cpu_simulate_fn gnt_cpu_simulate_generic, gnt_cpu_simulate_avx2, gnt_cpu_simulate_avx512;

/* Replicates [first, last) of the call, counted from 0; index and enhanced are the whole call's. */
void gnt_cpu_resample(const gnt_resample_plan *plan, size_t n, size_t first, size_t last, uint32_t *index);
void gnt_cpu_split(uint64_t seed, double weight, const uint32_t *counter, size_t n, uint64_t first_replicate,
                   size_t first, size_t last, uint8_t *enhanced);

/* One run of a probe's loop; returns the work done (FLOPs, cells, bytes). n: rounds, or elements of each of the triad's
 * arrays; memory [GNT_PROBE_FLOATS] or [3 n], filled with ordinary numbers. */
#define GNT_PROBE_FLOATS 2048
typedef double gnt_cpu_probe_fn(gnt_probe what, size_t n, float *memory);
gnt_cpu_probe_fn gnt_cpu_probe_generic, gnt_cpu_probe_avx2, gnt_cpu_probe_avx512;

#endif
