/* Serving by a kernel that stays: one window a request, no launch between two requests that follow each other
 * (resident.cu). Off unless GNT_CUDA_RESIDENT=1: it holds a multiprocessor between requests, and no GPU has confirmed
 * it yet. */
#ifndef GNT_CUDA_RESIDENT_CUH
#define GNT_CUDA_RESIDENT_CUH

#include "kernels/cuda/model.cuh"

struct gnt_resident; /* of one model on one GPU */

#define GNT_RESIDENT_ROOM ((size_t)32) /* bytes of shared memory beyond gnt_one_shared */

/* The logit of the window whose L F numbers are at x. *resident NULL: made here, and owned by the caller. */
gnt_status gnt_resident_serve(gnt_gpu *gpu, const gnt_packed *model, const float *weights, gnt_resident **resident,
                              const float *x, float *logit);
void gnt_resident_free(gnt_resident *resident); /* ends the kernel; fine on NULL */

#endif
