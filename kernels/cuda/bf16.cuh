/* How a bf16 model and its launches are cut up: what pack (pack_bf16.cu) and forward (forward_bf16.cu) share.
 *
 * A slice is 32 windows; its warps are the tasks, each 16 units of a direction with all 4 gates: 64 columns of
 * products. A tile is 16 numbers of k: a layer's inputs first (each direction of the layer below on its own, padded to
 * whole tiles), then the recurrent ones. Vectors are of 16 bytes, four words of two bfloat16 each (mma.cuh). */
#ifndef GNT_CUDA_BF16_CUH
#define GNT_CUDA_BF16_CUH

#include "kernels/cuda/model.cuh"

#define GNT_BF16_TILE 16          /* k of a tile; units of a task */
#define GNT_BF16_SLICE 32         /* windows */
#define GNT_BF16_COLUMNS 64       /* of a task: column = half of its units x 32 + gate x 8 + unit in the half */
#define GNT_BF16_TILE_VECTORS 128 /* of a task's weights: [4 pairs of 8 columns][32 lanes] */
#define GNT_BF16_X_VECTORS 64     /* of a tile of a slice's inputs or hidden states: [2 halves][32 lanes] */
#define GNT_BF16_WARPS 16         /* at most, of a block */

struct gnt_bf16_plan {
    gnt_net net;
    uint32_t directions, tasks;
    uint32_t x_tiles[GNT_MAX_LAYERS];                    /* of a layer's inputs */
    uint32_t weight[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS]; /* first vector of [tasks][x_tiles + tasks][128] */
    uint32_t n_weights, n_most;                          /* vectors of all directions, of the largest one */
    uint32_t x_most;                                     /* largest of x_tiles */
};

/* Shapes only. */
void gnt_bf16_plan_init(gnt_bf16_plan *plan, const gnt_layout *layout);

/* Bytes of shared memory: a block's own without weights, and one slice's. */
size_t gnt_bf16_block_bytes(const gnt_bf16_plan *plan);
size_t gnt_bf16_slice_bytes(const gnt_bf16_plan *plan);

/* pack and unpack of gnt_forward_bf16. */
gnt_status gnt_bf16_pack(gnt_gpu *gpu, const gnt_packed *model, const float *weights, void **own);
void gnt_bf16_unpack(gnt_gpu *gpu, void *own);

#endif
