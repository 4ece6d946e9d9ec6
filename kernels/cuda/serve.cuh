/* The serving path: a call of few windows and one model, host to host (serve.cu). */
#ifndef GNT_CUDA_SERVE_CUH
#define GNT_CUDA_SERVE_CUH

#include "kernels/cuda/model.cuh"

#define GNT_SERVED_WINDOWS 16u /* at most */

/* Whether gnt_serve can take the call. */
bool gnt_serves(const gnt_gpu *gpu, const gnt_packed *model, size_t n);
/* logit [rows.n], on the device's first GPU. Launches a graph that was captured by the model's first call of this n. */
gnt_status gnt_serve(gnt_gpu *gpu, const gnt_packed *model, gnt_panel panel, gnt_rows rows, float *logit);
void gnt_serving_free(gnt_serving *serving); /* fine on NULL */

#endif
