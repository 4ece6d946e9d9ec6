/* Training on a GPU: what the host lays out for a job and what its block reads of it; the parts of the kernel are
 * train_product.cuh, train_forward.cuh, train_backward.cuh, train_attention.cuh and train_update.cuh.
 *
 * A block of threads owns a model for all epochs of a call. Windows go through it in passes of up to GNT_PASS_BLOCKS
 * blocks of 16; arrays of a pass have the window next to last and four neighbouring units (or the four gates of one
 * unit) last, [..][quad][window] of float4: a thread reads four k of a window, or four gates, in one go, and the three
 * products of training need no second, turned form of anything. */
#ifndef GNT_CUDA_TRAIN_CUH
#define GNT_CUDA_TRAIN_CUH

#include "kernels/cuda/gpu.cuh"
#include "kernels/layout.h"

#define GNT_PASS_BLOCKS \
    4 /* blocks of 16 windows in a pass: 64 windows x 256 gates are 64 sums for each of 256 threads */
#define GNT_TRAIN_THREADS 256

/* Where a job's arrays lie in its block's area, in floats; W windows a pass, q(n) = n / 4 rounded up. */
struct gnt_train_places {
    size_t weights, moment1, moment2, sum;             /* [layout.n] packed; sum: gradient of the batch */
    size_t order, draw;                                /* [train.n] rows in the epoch's order; its draws */
    size_t logit, val_logit;                           /* [train.n] in that order, [val.n] */
    size_t loss;                                       /* [the larger n] float64 */
    size_t squares;                                    /* [slices][16 + 1] float64 */
    size_t row, d_logit;                               /* [W] */
    size_t x;                                          /* [L][q(F)][W] */
    size_t out[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS];    /* [L][q(H)][W] */
    size_t in[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS];     /* likewise: out of the layer below after dropout */
    size_t mask[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS];   /* likewise: factors behind layer l */
    size_t gates[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS];  /* [L][units][W], then their gradients */
    size_t cell[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS];   /* [L][H][W] floats */
    size_t tanh_c[GNT_MAX_LAYERS][GNT_MAX_DIRECTIONS]; /* likewise */
    size_t d_out[2][GNT_MAX_DIRECTIONS];               /* [L][q(H)][W] of a layer's outputs, of its inputs */
    size_t d_hidden, d_cell;                           /* [q(H)][W]; [H][W] floats */
    size_t pooled[GNT_MAX_DIRECTIONS], d_pooled[GNT_MAX_DIRECTIONS]; /* [q(H)][W] */
    size_t energy, d_energy, d_v;                                    /* [L][attention quads][W]; d_v without L */
    size_t alpha, score;                                             /* [L][W] floats */
    size_t n;                                                        /* floats of the area */
};

/* A job as its block reads it. Pointers are the device's. */
struct gnt_train_task {
    gnt_layout layout;
    gnt_train_places at;
    gnt_train_options options;
    gnt_train_rule rule;
    const float *x; /* [n_rows][F] */
    size_t n_rows;
    const uint8_t *up;
    const uint32_t *train, *val;
    uint32_t n_train, n_val;
    float *weights, *moment1, *moment2, *best; /* [n_weights] flat; best NULL: not wanted */
    const double *correction1;                 /* 1 - beta1^t for t = step + 1 on */
    const float *root_correction;              /* sqrt(1 - beta2^t) likewise, rounded */
    gnt_train_figures *figures;                /* [n_epochs] */
    uint32_t n_epochs, pass_windows;           /* W */
    uint32_t stage_quads;                      /* float4s of shared memory to stage operands in; 0: there is no room */
    bool dropout, resident;                    /* resident: weights in shared memory */
};

/* What a job leaves beside its arrays; in for the curve so far. */
struct gnt_train_outcome {
    gnt_train_curve curve;
    uint64_t steps; /* done in this call */
    uint32_t n_run;
    bool best; /* the best epoch is one of this call's */
};

/* The running job from its block's side; in shared memory, the first thread writes it. */
struct alignas(16) gnt_trainer {
    gnt_train_task task;
    gnt_train_outcome outcome;
    unsigned job, correct;
    float clip;  /* of the batch */
    double rate; /* of the epoch */
    float *area;
    float *weights;   /* packed: in shared memory or in the area */
    float4 *stage;    /* shared memory for what a phase reads over and over; NULL: it reads the area */
    unsigned stride;  /* W: windows a row of an array has room for */
    unsigned windows; /* of the pass, a multiple of 16 */
    bool dropout;     /* in this pass */
};

/* All of a task that doesn't depend on the jobs beside it. EUNSUPPORTED: the model is too large for the kernel. */
gnt_status gnt_train_task_init(gnt_gpu *gpu, const gnt_train_job *job, uint32_t epochs, gnt_train_task *task);
/* Bytes of a block's shared memory that the task takes. */
size_t gnt_train_shared(const gnt_train_task *task);

/* Starts the kernel: blocks take jobs in the order given; next is 0, areas hold area_floats for each of n_blocks; fast:
 * every job has weights and stage in shared memory. */
gnt_status gnt_train_launch(gnt_gpu *gpu, bool fast, unsigned n_blocks, size_t shared_bytes,
                            const gnt_train_task *tasks, gnt_train_outcome *outcomes, unsigned n_tasks, unsigned *next,
                            float *areas, size_t area_floats);
/* Blocks of it that an SM holds. */
gnt_status gnt_train_blocks_per_sm(gnt_gpu *gpu, bool fast, size_t shared_bytes, unsigned *n_blocks);

static __device__ __forceinline__ float *gnt_at(const gnt_trainer &t, size_t place)
{
    return t.area + place;
}

static __device__ __forceinline__ float4 *gnt_quads_at(const gnt_trainer &t, size_t place)
{
    return reinterpret_cast<float4 *>(t.area + place);
}

/* The job's weights and its stage. FAST: both are known to be shared memory, and are read by LDS. */
template <bool FAST> static __device__ __forceinline__ float *gnt_weights_of(const gnt_trainer &t)
{
    return FAST ? gnt_shared_memory<float>() + sizeof(gnt_trainer) / sizeof(float) : t.weights;
}

template <bool FAST> static __device__ __forceinline__ float4 *gnt_stage_of(const gnt_trainer &t)
{
    constexpr unsigned header = sizeof(gnt_trainer) / sizeof(float4);
    return FAST ? gnt_shared_memory<float4>() + header + t.task.layout.n / 4 : t.stage;
}

static __device__ __forceinline__ unsigned gnt_quads(unsigned n)
{
    return (n + 3) / 4;
}

#define GNT_STAGE_HELD 8 /* float4s of the next stage of a weights' gradient that a thread holds */

/* float4s that the three users of the stage need: h and inputs of two steps; gates' gradients of a step; windows of a
 * block turned, [16][units and inputs], where threads can hold them. */
static inline __host__ __device__ size_t gnt_stage_forward(size_t hidden_quads, size_t input_quads, size_t windows)
{
    return 2 * (hidden_quads + input_quads) * windows;
}
static inline __host__ __device__ unsigned gnt_stage_pad(unsigned n_units, unsigned quads)
{
    return (n_units + quads + 1) | 1; /* odd: neighbouring windows lie in different banks */
}
static inline __host__ __device__ bool gnt_stage_holds(size_t n_units, size_t quads)
{
    return (n_units + quads) * GNT_BLOCK <= GNT_STAGE_HELD * GNT_TRAIN_THREADS;
}

/* A phase that isn't inlined: its registers are its own. */
#define GNT_PHASE static __device__ __attribute__((noinline))

/* Every item i < n of a loop that the block's threads share. */
#define GNT_EACH(i, n) for (unsigned i = threadIdx.x; i < (n); i += GNT_TRAIN_THREADS)

#endif
