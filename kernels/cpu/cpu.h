/* The CPU backend from inside: the device's state and those entries of its table that need it.
 * Stages that are plain functions over a range of lanes are in stages.h; cpu.c spreads them over threads.
 *
 * Sources named in CMakeLists' SIMD_NAMES are compiled once per instruction set with GNT_SIMD defined as
 * generic, avx2 or avx512; what they export is named by GNT_SIMD_NAME(x), e.g. gnt_gather_avx2, and
 * chosen at run time by dev->simd. lstm_bf16.c alone has one instruction set. */
#ifndef GNT_CPU_H
#define GNT_CPU_H

#include "kernels/cpu/pool.h"
#include "kernels/kernels.h"

typedef enum gnt_simd { GNT_GENERIC = 0, GNT_AVX2, GNT_AVX512, GNT_N_SIMD } gnt_simd;

struct gnt_device {
    gnt_threads *pool;
    gnt_simd simd;
    float *scratch; /* work memory that calls share, 64-byte aligned; grows, never shrinks */
    size_t scratch_floats;
};

bool gnt_device_bf16(const gnt_device *dev); /* AVX-512 in use, and the processor has AVX512-BF16 */

/* At least n floats for the length of one call, contents undefined; NULL when memory is out. */
float *gnt_device_scratch(gnt_device *dev, size_t n);

#define GNT_PASTE_(a, b) a##_##b
#define GNT_PASTE(a, b) GNT_PASTE_(a, b)
#ifdef GNT_SIMD
#define GNT_SIMD_NAME(name) GNT_PASTE(name, GNT_SIMD)
#endif

/* The same meaning as the table's entries in kernels.h. */
gnt_status gnt_cpu_pack(gnt_device *dev, const gnt_net *net, const float *weights, gnt_precision precision,
                        gnt_packed **packed);
void gnt_cpu_unpack(gnt_device *dev, gnt_packed *packed);
const gnt_net *gnt_cpu_packed_net(const gnt_packed *packed);
gnt_status gnt_cpu_forward(gnt_device *dev, const gnt_packed *const *models, size_t n_models, gnt_panel panel,
                           gnt_rows rows, float *logit);
gnt_status gnt_cpu_train(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs);
gnt_status gnt_cpu_probe(gnt_device *dev, gnt_probe what, double seconds, double *rate);

#endif
