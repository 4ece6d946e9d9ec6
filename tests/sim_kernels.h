/* The simulators this processor can run, one per instruction set. */
#ifndef GNT_TEST_SIM_KERNELS_H
#define GNT_TEST_SIM_KERNELS_H

#include "kernels/cpu/stages.h"

typedef struct sim_kernel {
    const char *name;
    gnt_cpu_simulate_fn *run;
} sim_kernel;

static inline size_t sim_kernels_here(sim_kernel *k) /* [3] */
{
    size_t n = 0;
    k[n++] = (sim_kernel){"generic", gnt_cpu_simulate_generic};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        k[n++] = (sim_kernel){"avx2", gnt_cpu_simulate_avx2};
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw"))
        k[n++] = (sim_kernel){"avx512", gnt_cpu_simulate_avx512};
#endif
    return n;
}

#endif
