/* The CPU backend's table, its opening and closing, and the choice of an instruction set. */
#include "kernels/cpu/cpu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/stages.h"

static const char *const simd_names[GNT_N_SIMD] = {"generic", "avx2", "avx512"};

static bool simd_available(gnt_simd simd)
{
#if defined(__x86_64__)
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    return simd == GNT_GENERIC || (simd == GNT_AVX2 && avx2) || (simd == GNT_AVX512 && avx512);
#else
    return simd == GNT_GENERIC;
#endif
}

/* NULL: the best there is. EINVAL for an unknown name, EDEVICE when the processor lacks it. */
static gnt_status choose_simd(const char *name, gnt_simd *simd)
{
    for (int i = GNT_N_SIMD - 1; i >= 0; i--) {
        if (name && strcmp(name, simd_names[i]) != 0) continue;
        if (simd_available((gnt_simd)i)) {
            *simd = (gnt_simd)i;
            return GNT_OK;
        }
        if (name) return GNT_EDEVICE;
    }
    return GNT_EINVAL;
}

bool gnt_device_bf16(const gnt_device *dev)
{
#if defined(__x86_64__)
    return dev->simd == GNT_AVX512 && __builtin_cpu_supports("avx512bf16");
#else
    (void)dev;
    return false;
#endif
}

static void cpu_close(gnt_device *dev)
{
    if (!dev) return;
    gnt_threads_close(dev->pool);
    free(dev->scratch);
    free(dev);
}

float *gnt_device_scratch(gnt_device *dev, size_t n)
{
    if (n <= dev->scratch_floats && dev->scratch) return dev->scratch;
    if (n > SIZE_MAX / sizeof(float) - 64) return NULL;
    free(dev->scratch);
    dev->scratch = aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
    dev->scratch_floats = dev->scratch ? n : 0;
    return dev->scratch;
}

static const char *cpu_reason(const gnt_device *dev)
{
    (void)dev;
    return "";
}

static double cpu_kernel_seconds(const gnt_device *dev)
{
    (void)dev;
    return NAN;
}

static gnt_status cpu_open(unsigned threads, const char *simd, gnt_device **out)
{
    gnt_device *dev = calloc(1, sizeof *dev);
    if (!dev) return GNT_ENOMEM;
    gnt_status st = choose_simd(simd, &dev->simd);
    if (!st) st = gnt_threads_open(threads, &dev->pool);
    if (st) {
        cpu_close(dev);
        return st;
    }
    *out = dev;
    return GNT_OK;
}

static void cpu_info(const gnt_device *dev, gnt_device_info *info)
{
    snprintf(info->name, sizeof info->name, "cpu");
    snprintf(info->simd, sizeof info->simd, "%s", simd_names[dev->simd]);
    info->chip[0] = 0;
    info->threads = gnt_threads_count(dev->pool);
    info->bf16 = gnt_device_bf16(dev);
}

/* ---- stages of stages.h: ranges of lanes spread over the threads ------------------------------- */

/* Lanes a task takes; a multiple of the widest vector, so that ranges fill vectors. */
#define LANES_A_TASK 64

static size_t task_end(size_t task, size_t n)
{
    return (task + 1) * LANES_A_TASK < n ? (task + 1) * LANES_A_TASK : n;
}

static size_t n_tasks(size_t n)
{
    return (n + LANES_A_TASK - 1) / LANES_A_TASK;
}

static gnt_cpu_simulate_fn *const simulate_kernels[GNT_N_SIMD] = {
    gnt_cpu_simulate_generic,
#if defined(__x86_64__)
    gnt_cpu_simulate_avx2,
    gnt_cpu_simulate_avx512,
#endif
};

typedef struct resample_call {
    const gnt_resample_plan *plan;
    size_t n, n_replicates;
    uint32_t *index;
} resample_call;

static void resample_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    resample_call *c = arg;
    gnt_cpu_resample(c->plan, c->n, task * LANES_A_TASK, task_end(task, c->n_replicates), c->index);
}

static gnt_status cpu_resample(gnt_device *dev, const gnt_resample_plan *plan, size_t n, size_t n_replicates,
                               uint32_t *index)
{
    resample_call call = {plan, n, n_replicates, index};
    gnt_threads_for(dev->pool, n_tasks(n_replicates), resample_task, &call);
    return GNT_OK;
}

typedef struct simulate_call {
    gnt_cpu_simulate_fn *simulate;
    const gnt_sim_lane *lanes;
    size_t n_lanes;
    gnt_sim_totals *totals;
    const gnt_sim_path *paths;
} simulate_call;

static void simulate_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    simulate_call *c = arg;
    c->simulate(c->lanes, task * LANES_A_TASK, task_end(task, c->n_lanes), c->totals, c->paths);
}

static gnt_status cpu_simulate(gnt_device *dev, const gnt_sim_lane *lanes, size_t n_lanes, gnt_sim_totals *totals,
                               const gnt_sim_path *paths)
{
    simulate_call call = {simulate_kernels[dev->simd], lanes, n_lanes, totals, paths};
    gnt_threads_for(dev->pool, n_tasks(n_lanes), simulate_task, &call);
    return GNT_OK;
}

static gnt_cpu_features_fn *const features_kernels[GNT_N_SIMD] = {
    gnt_cpu_features_lanes_generic,
#if defined(__x86_64__)
    gnt_cpu_features_lanes_avx2,
    gnt_cpu_features_lanes_avx512,
#endif
};

#define SYMBOLS_A_TASK ((size_t)8) /* the widest vector */

typedef struct features_call {
    gnt_cpu_features_fn *features;
    gnt_feature_set set;
    const gnt_bars_view *bars;
    size_t n_symbols, stride;
    float *const *out;
} features_call;

static void features_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    features_call *c = arg;
    size_t s = task * SYMBOLS_A_TASK, n = c->n_symbols - s < SYMBOLS_A_TASK ? c->n_symbols - s : SYMBOLS_A_TASK;
    if (n == 1) /* vectors would be filled with copies */
        gnt_cpu_features(c->set, &c->bars[s], c->stride, c->out[s]);
    else
        c->features(c->set, c->bars + s, n, c->stride, c->out + s);
}

static gnt_status cpu_features(gnt_device *dev, gnt_feature_set set, const gnt_bars_view *bars, size_t n_symbols,
                               size_t stride, float *const *out)
{
    features_call call = {features_kernels[dev->simd], set, bars, n_symbols, stride, out};
    gnt_threads_for(dev->pool, (n_symbols + SYMBOLS_A_TASK - 1) / SYMBOLS_A_TASK, features_task, &call);
    return GNT_OK;
}

typedef struct split_call {
    uint64_t seed;
    double weight;
    const uint32_t *counter;
    size_t n;
    uint64_t first_replicate;
    size_t n_replicates;
    uint8_t *enhanced;
} split_call;

static void split_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    split_call *c = arg;
    gnt_cpu_split(c->seed, c->weight, c->counter, c->n, c->first_replicate, task * LANES_A_TASK,
                  task_end(task, c->n_replicates), c->enhanced);
}

static gnt_status cpu_split(gnt_device *dev, uint64_t seed, double weight, const uint32_t *counter, size_t n,
                            uint64_t first_replicate, size_t n_replicates, uint8_t *enhanced)
{
    split_call call = {seed, weight, counter, n, first_replicate, n_replicates, enhanced};
    gnt_threads_for(dev->pool, n_tasks(n_replicates), split_task, &call);
    return GNT_OK;
}

/* One Sub, one Div, one Clip in float32, as the ONNX graph does; comparisons leave NaN as it is. */
static gnt_status cpu_scale(gnt_device *dev, gnt_panel panel, const float *center, const float *scale, float limit,
                            float *out)
{
    (void)dev;
    for (size_t t = 0; t < panel.n_rows; t++)
        for (size_t k = 0; k < panel.n_features; k++) {
            size_t i = t * panel.n_features + k;
            float z = (panel.x[i] - center[k]) / scale[k];
            out[i] = z > limit ? limit : z < -limit ? -limit : z;
        }
    return GNT_OK;
}

/* ---- the table: one row per stage ----------------------------------------------------------------- */

static const gnt_ops cpu_ops = {
    .abi = GNT_KERNELS_ABI,
    .size = sizeof(gnt_ops),
    .open = cpu_open,
    .close = cpu_close,
    .reason = cpu_reason,
    .kernel_seconds = cpu_kernel_seconds,
    .info = cpu_info,
    .features = cpu_features,
    .scale = cpu_scale,
    .pack = gnt_cpu_pack,
    .unpack = gnt_cpu_unpack,
    .packed_net = gnt_cpu_packed_net,
    .forward = gnt_cpu_forward,
    .train = gnt_cpu_train,
    .simulate = cpu_simulate,
    .resample = cpu_resample,
    .split = cpu_split,
    .probe = gnt_cpu_probe,
};

const gnt_ops *gnt_cpu_ops(void)
{
    return &cpu_ops;
}
