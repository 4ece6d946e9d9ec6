/* A few windows, each by a block of its own (one.cu): the kernel of serving, and of calls too small to fill the GPU. */
#ifndef GNT_CUDA_ONE_CUH
#define GNT_CUDA_ONE_CUH

#include "kernels/cuda/model.cuh"

/* Window i is the L bars of x from bar row[i] + 1 - L - first_bar on, or from bar i L on where row is NULL. x, row and
 * logit: device memory or pinned. */
struct gnt_one_call {
    gnt_layout layout;
    const float *weight;         /* of the only model; NULL: */
    const float *const *weights; /* [n_models], device memory */
    size_t n_models;
    const float *x; /* [..][F] */
    const uint32_t *row;
    size_t first_bar, n;
    float *logit; /* [n_models][logit_stride] */
    size_t logit_stride;
};

/* Shared memory that a block needs; more than the GPU has: this kernel can't be used. */
size_t gnt_one_shared(const gnt_layout *layout);
unsigned gnt_one_threads(const gnt_layout *layout); /* that a block has */
gnt_status gnt_one_launch(gnt_gpu *gpu, const gnt_one_call *call);

#endif
