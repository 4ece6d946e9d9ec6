/* train.cu: whole trainings of many models in one persistent launch.
 *
 * formula   per batch: forward and backpropagation through time of an LSTM (kernels/math/cell.h), loss BCE with logits,
 *           gradient clipped, Adam or AdamW; per epoch: Fisher-Yates order, validation, best weights, early stopping
 *           and schedule (kernels/math/curve.h)
 * mapping   a block of 256 threads owns a model for all its epochs and then takes the next from a queue, longest first.
 *           Windows go through in passes of up to 64; what a thread owns in each part is in train_*.cuh
 * class     reduction, and the CPU's bits: every sum is the CPU's chain (train_product.cuh), blocks of 16 windows are
 *           added in their order; powers and cosines come as tables. So a model's bits don't depend on its neighbours,
 *           on the block that trains it, on the number of SMs or GPUs, nor on how many epochs a call runs
 * shared    the job; its packed weights where they fit; a stage for what a phase reads over and over. With 227 KB
 *           (sm_90) 1 x 64 at F = 35 takes 103 KB of weights and 64 KB of stage for passes of 64 windows; 1 x 72 is
 *           about the largest with both, 1 x 110 with weights alone. With 163 KB (sm_80) 1 x 64 has its weights and no
 *           stage. Moments, gradient and what the backward pass needs (1.5 MB a pass of 1 x 64) lie in the slab: L2 and
 *           HBM
 * threads   256 a block, one block an SM: 64 sums a thread want the registers. FAST: all jobs of the launch have
 *           weights and stage in shared memory, which the compiler then reads by LDS
 * versions  none measured; sm_90, instructions of an inner loop of FFMA: forward; weights; hidden states
 *           1 operands from the area through L1          256 in 315; 128 in 165; 64 in 118
 *           2 staged, turned for the weights             256 in 305; 128 in 157; 64 in 92
 *           3 as shared memory by name; groups unrolled  256 in 298; 128 in 147; 256 in 308
 * estimate  docs/decisions/cuda-training.md: 10,000 models of 1 x 64, 50 epochs x 3,500 windows: 67 s when no scheduler
 *           ever waits, so 90 s needs three quarters of all issue slots */
#include "kernels/cuda/train_update.cuh"

/* Rows of the pass's windows: positions first + i of n rows, the last repeated past the end. */
static __device__ void take_rows(gnt_trainer &t, const uint32_t *rows, unsigned first, unsigned n)
{
    unsigned blocks = (n - first + GNT_BLOCK - 1) / GNT_BLOCK, most = t.stride / GNT_BLOCK;
    if (threadIdx.x == 0) t.windows = (blocks < most ? blocks : most) * GNT_BLOCK;
    __syncthreads();
    uint32_t *row = reinterpret_cast<uint32_t *>(gnt_at(t, t.task.at.row));
    GNT_EACH(w, t.windows) row[w] = rows[first + w < n ? first + w : n - 1];
    __syncthreads();
    gnt_train_gather(t);
    __syncthreads();
}

template <bool FAST> static __device__ void forward(const gnt_trainer &t)
{
    const gnt_layout &layout = t.task.layout;
    for (unsigned l = 0; l < layout.net.layers; l++) {
        for (unsigned d = 0; d < layout.directions; d++) {
            if (layout.net.hidden >= 48 && t.windows >= 32)
                gnt_forward_steps<FAST, 2, 8>(t, l, d);
            else
                gnt_forward_steps<FAST, 1, 4>(t, l, d);
        }
        if (t.dropout && l + 1 < layout.net.layers) gnt_train_dropout(t, l, t.outcome.curve.epochs);
    }
    gnt_train_pool(t);
}

/* One pass of the batch of n windows that begins at position `start` of the order: gradients onto the sum. */
template <bool FAST> static __device__ void train_pass(gnt_trainer &t, unsigned start, unsigned first, unsigned n)
{
    const gnt_train_task &task = t.task;
    take_rows(t, reinterpret_cast<const uint32_t *>(gnt_at(t, task.at.order)) + start, first, n);
    forward<FAST>(t);
    GNT_EACH(w, t.windows)
    {
        float z = gnt_train_logit(t, w), slope = 0;
        if (first + w < n) {
            uint32_t row = reinterpret_cast<const uint32_t *>(gnt_at(t, task.at.row))[w];
            gnt_at(t, task.at.logit)[start + first + w] = z;
            slope = gnt_loss_slope(task.options, z, task.up[row], n);
        }
        gnt_at(t, task.at.d_logit)[w] = slope;
    }
    __syncthreads();
    gnt_train_back<FAST>(t, first == 0);
}

template <bool FAST> static __device__ void train_batches(gnt_trainer &t)
{
    if (threadIdx.x == 0) t.dropout = t.task.dropout; /* seen after the next barrier */
    for (unsigned start = 0, n; start < t.task.n_train; start += n) {
        unsigned left = t.task.n_train - start;
        n = left < t.task.options.batch ? left : t.task.options.batch;
        for (unsigned pass = 0; pass < n; pass += t.stride) train_pass<FAST>(t, start, pass, n);
        gnt_train_clip(t);
        gnt_train_step(t);
    }
}

template <bool FAST> static __device__ void validate(gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    float *logit = gnt_at(t, task.at.val_logit);
    if (threadIdx.x == 0) t.dropout = false;
    for (unsigned pass = 0; pass < task.n_val; pass += t.stride) {
        take_rows(t, task.val, pass, task.n_val);
        forward<FAST>(t);
        GNT_EACH(w, t.windows)
        {
            float z = gnt_train_logit(t, w);
            if (pass + w < task.n_val) logit[pass + w] = z;
        }
        __syncthreads();
    }
}

/* Figures of the epoch just run, the curve, and the best weights. */
static __device__ void close_epoch(gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    gnt_train_outcome &outcome = t.outcome;
    gnt_train_figures f;
    const uint32_t *order = reinterpret_cast<const uint32_t *>(gnt_at(t, task.at.order));
    f.learning_rate = t.rate;
    f.train_loss = gnt_mean_loss(t, order, gnt_at(t, task.at.logit), task.n_train, &f.train_correct);
    f.val_loss = gnt_mean_loss(t, task.val, gnt_at(t, task.at.val_logit), task.n_val, &f.val_correct);
    if (threadIdx.x == 0) {
        task.figures[outcome.n_run++] = f;
        gnt_curve_step(&outcome.curve, f.val_loss);
    }
    __syncthreads();
    if (outcome.curve.best != outcome.curve.epochs - 1) return;
    if (threadIdx.x == 0) outcome.best = true;
    if (task.best) gnt_move_all(t, task.best, t.weights, false);
    __syncthreads();
}

static __device__ bool goes_on(const gnt_trainer &t)
{
    const gnt_train_outcome &o = t.outcome;
    if (o.n_run == t.task.n_epochs || gnt_curve_exhausted(&o.curve, t.task.rule.patience)) return false;
    return o.n_run == 0 || gnt_figures_finite(&t.task.figures[o.n_run - 1], t.task.n_val > 0);
}

static __device__ void load(const gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    gnt_zero(t.weights, task.layout.n);
    gnt_zero(gnt_at(t, task.at.moment1), task.layout.n);
    gnt_zero(gnt_at(t, task.at.moment2), task.layout.n);
    gnt_zero(gnt_at(t, task.at.sum), task.layout.n);
    __syncthreads();
    gnt_move_all(t, task.weights, t.weights, true);
    gnt_move_all(t, task.moment1, gnt_at(t, task.at.moment1), true);
    gnt_move_all(t, task.moment2, gnt_at(t, task.at.moment2), true);
    __syncthreads();
    gnt_train_derive(t);
}

static __device__ void store(const gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    gnt_move_all(t, task.weights, t.weights, false);
    gnt_move_all(t, task.moment1, gnt_at(t, task.at.moment1), false);
    gnt_move_all(t, task.moment2, gnt_at(t, task.at.moment2), false);
    __syncthreads();
}

template <bool FAST> static __device__ void train_job(gnt_trainer &t)
{
    load(t);
    while (goes_on(t)) {
        if (threadIdx.x == 0) t.rate = gnt_curve_rate(&t.outcome.curve, &t.task.rule, t.task.options.learning_rate);
        gnt_train_order(t);
        train_batches<FAST>(t);
        validate<FAST>(t);
        close_epoch(t);
    }
    store(t);
}

/* Where the job's memory is: in shared memory first its weights, then the stage, as far as it has them. */
static __device__ void open_job(gnt_trainer &t, const gnt_train_outcome &outcome, float *area)
{
    float *room = reinterpret_cast<float *>(&t + 1);
    t.outcome = outcome;
    t.area = area;
    t.stride = t.task.pass_windows;
    t.weights = t.task.resident ? room : gnt_at(t, t.task.at.weights);
    if (t.task.resident) room += t.task.layout.n;
    t.stage = t.task.stage_quads ? reinterpret_cast<float4 *>(room) : nullptr;
}

/* areas: area_floats for each block of the grid; next: jobs taken so far. FAST: every job has its weights and a stage
 * in shared memory. */
template <bool FAST>
__global__ void __launch_bounds__(GNT_TRAIN_THREADS, 1)
    gnt_train_kernel(const gnt_train_task *tasks, gnt_train_outcome *outcomes, unsigned n_tasks, unsigned *next,
                     float *areas, size_t area_floats)
{
    gnt_trainer &t = *gnt_shared_memory<gnt_trainer>();
    for (;;) {
        if (threadIdx.x == 0) t.job = atomicAdd(next, 1u);
        __syncthreads();
        unsigned job = t.job;
        if (job >= n_tasks) return;
        const uint32_t *from = reinterpret_cast<const uint32_t *>(&tasks[job]);
        GNT_EACH(i, (unsigned)(sizeof(gnt_train_task) / 4)) reinterpret_cast<uint32_t *>(&t.task)[i] = from[i];
        __syncthreads();
        if (threadIdx.x == 0) open_job(t, outcomes[job], areas + blockIdx.x * area_floats);
        __syncthreads();
        train_job<FAST>(t);
        if (threadIdx.x == 0) outcomes[job] = t.outcome;
        __syncthreads();
    }
}

/* ---- host ------------------------------------------------------------------------------------------------------ */

gnt_status gnt_train_launch(gnt_gpu *gpu, bool fast, unsigned n_blocks, size_t shared_bytes,
                            const gnt_train_task *tasks, gnt_train_outcome *outcomes, unsigned n_tasks, unsigned *next,
                            float *areas, size_t area_floats)
{
    return gnt_launch(gpu, fast ? gnt_train_kernel<true> : gnt_train_kernel<false>, dim3(n_blocks),
                      dim3(GNT_TRAIN_THREADS), shared_bytes, tasks, outcomes, n_tasks, next, areas, area_floats);
}

gnt_status gnt_train_blocks_per_sm(gnt_gpu *gpu, bool fast, size_t shared_bytes, unsigned *n_blocks)
{
    int n = 0;
    const void *kernel = reinterpret_cast<const void *>(fast ? gnt_train_kernel<true> : gnt_train_kernel<false>);
    GNT_CUDA(gpu, cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared_bytes));
    GNT_CUDA(gpu, cudaOccupancyMaxActiveBlocksPerMultiprocessor(&n, kernel, GNT_TRAIN_THREADS, shared_bytes));
    *n_blocks = n > 0 ? (unsigned)n : 1;
    return GNT_OK;
}
