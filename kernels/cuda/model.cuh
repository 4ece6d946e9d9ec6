/* A packed model in device memory, and what a forward call hands to the kernels of one precision.
 *
 * The float32 weights lie as in kernels/layout.h, the same bytes as on the CPU: a group of 4 units x their 4 gates is
 * 16 neighbouring floats a row k, so one thread's tile of weights is four 16-byte loads. Every GPU of the device has
 * its own copy. Another precision or library hangs its own form on `own`. */
#ifndef GNT_CUDA_MODEL_CUH
#define GNT_CUDA_MODEL_CUH

#include "kernels/cuda/gpu.cuh"
#include "kernels/layout.h"

struct gnt_serving; /* a model's graphs for calls of few windows (serve.cu) */

/* One GPU's share of a model. */
struct gnt_packed_share {
    float *weights;       /* [layout.n], device memory, owned */
    void *own;            /* what the precision's kernels derived from them; NULL for float32 */
    gnt_serving *serving; /* made by the first call that can use it */
};

struct gnt_forward_kind;

struct gnt_packed {
    gnt_layout layout;
    gnt_precision precision;
    const gnt_forward_kind *kind; /* whose kernels run it */
    unsigned n_gpus;
    gnt_packed_share share[GNT_MAX_GPUS]; /* by the GPU's place in gnt_device.gpu */
};

/* Windows of a call on one GPU, for models that share architecture and kind. x, row, logit and work are device memory.
 * Window i ends at bar row[i] - first_bar of x; its logit for model m goes to logit[m * logit_stride + i]. */
struct gnt_forward_part {
    size_t gpu; /* its place in gnt_device.gpu */
    const gnt_packed *const *models;
    size_t n_models;
    const float *x; /* [n_bars][n_features] */
    size_t first_bar, n_bars;
    const uint32_t *row; /* [n], in any order */
    size_t n;
    bool follow; /* each row is the one before + 1 */
    float *logit;
    size_t logit_stride;
    unsigned char *work; /* 256-byte aligned, as many bytes as the kind's work() said */
};

/* One way to compute logits (forward.cu cuts calls into parts and owns all copies). */
struct gnt_forward_kind {
    /* What is derived from weights [layout.n] in host memory, on the current GPU; NULL: nothing is. */
    gnt_status (*pack)(gnt_gpu *gpu, const gnt_packed *model, const float *weights, void **own);
    void (*unpack)(gnt_gpu *gpu, void *own); /* fine on NULL */
    /* Bytes of work memory for n windows of n_models such models on n_bars bars; grows with n and n_models. */
    size_t (*work)(const gnt_gpu *gpu, const gnt_packed *model, size_t n_models, size_t n, size_t n_bars);
    gnt_status (*run)(gnt_gpu *gpu, const gnt_forward_part *part); /* launches; waits for nothing */
};

extern const gnt_forward_kind gnt_forward_float32;
extern const gnt_forward_kind gnt_forward_bf16; /* packed only where gnt_device.bf16 says so */

#endif
