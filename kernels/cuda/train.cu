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
 * shared    the job, then its weights where they fit; the rest lives in the block's area of the slab */
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

static __device__ void forward(const gnt_trainer &t)
{
    const gnt_layout &layout = t.task.layout;
    for (unsigned l = 0; l < layout.net.layers; l++) {
        for (unsigned d = 0; d < layout.directions; d++) {
            if (layout.net.hidden >= 48 && t.windows >= 32)
                gnt_forward_steps<2, 8>(t, l, d);
            else
                gnt_forward_steps<1, 4>(t, l, d);
        }
        if (t.dropout && l + 1 < layout.net.layers) gnt_train_dropout(t, l, t.outcome.curve.epochs);
    }
    gnt_train_pool(t);
}

/* One pass of a batch of n windows whose rows are at `rows`: gradients onto the sum. */
static __device__ void train_pass(gnt_trainer &t, const uint32_t *rows, float *logit, unsigned first, unsigned n)
{
    const gnt_train_task &task = t.task;
    take_rows(t, rows, first, n);
    forward(t);
    GNT_EACH(w, t.windows)
    {
        float z = gnt_train_logit(t, w), slope = 0;
        if (first + w < n) {
            logit[first + w] = z;
            slope = gnt_loss_slope(task.options, z, task.up[rows[first + w]], n);
        }
        gnt_at(t, task.at.d_logit)[w] = slope;
    }
    __syncthreads();
    gnt_train_back(t, first == 0);
}

static __device__ void train_batches(gnt_trainer &t, double rate)
{
    const gnt_train_task &task = t.task;
    const uint32_t *order = reinterpret_cast<const uint32_t *>(gnt_at(t, task.at.order));
    float *logit = gnt_at(t, task.at.logit);
    if (threadIdx.x == 0) t.dropout = task.dropout; /* seen after the next barrier */
    for (unsigned first = 0, n; first < task.n_train; first += n) {
        n = task.n_train - first < task.options.batch ? task.n_train - first : task.options.batch;
        for (unsigned pass = 0; pass < n; pass += t.stride) train_pass(t, order + first, logit + first, pass, n);
        gnt_train_clip(t);
        gnt_train_step(t, rate);
    }
}

static __device__ void validate(gnt_trainer &t)
{
    const gnt_train_task &task = t.task;
    float *logit = gnt_at(t, task.at.val_logit);
    if (threadIdx.x == 0) t.dropout = false;
    for (unsigned pass = 0; pass < task.n_val; pass += t.stride) {
        take_rows(t, task.val, pass, task.n_val);
        forward(t);
        GNT_EACH(w, t.windows)
        {
            float z = gnt_train_logit(t, w);
            if (pass + w < task.n_val) logit[pass + w] = z;
        }
        __syncthreads();
    }
}

/* Figures of the epoch just run, the curve, and the best weights. */
static __device__ void close_epoch(gnt_trainer &t, double rate)
{
    const gnt_train_task &task = t.task;
    gnt_train_outcome &outcome = t.outcome;
    gnt_train_figures f;
    const uint32_t *order = reinterpret_cast<const uint32_t *>(gnt_at(t, task.at.order));
    f.learning_rate = rate;
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

static __device__ void train_job(gnt_trainer &t)
{
    load(t);
    while (goes_on(t)) {
        const gnt_train_task &task = t.task;
        double rate = gnt_curve_rate(&t.outcome.curve, &task.rule, task.options.learning_rate);
        gnt_train_order(t);
        train_batches(t, rate);
        validate(t);
        close_epoch(t, rate);
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

/* areas: area_floats for each block of the grid; next: jobs taken so far. */
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
        train_job(t);
        if (threadIdx.x == 0) outcomes[job] = t.outcome;
        __syncthreads();
    }
}

/* ---- host ------------------------------------------------------------------------------------------------------ */

gnt_status gnt_train_launch(gnt_gpu *gpu, unsigned n_blocks, size_t shared_bytes, const gnt_train_task *tasks,
                            gnt_train_outcome *outcomes, unsigned n_tasks, unsigned *next, float *areas,
                            size_t area_floats)
{
    return gnt_launch(gpu, gnt_train_kernel, dim3(n_blocks), dim3(GNT_TRAIN_THREADS), shared_bytes, tasks, outcomes,
                      n_tasks, next, areas, area_floats);
}

gnt_status gnt_train_blocks_per_sm(gnt_gpu *gpu, size_t shared_bytes, unsigned *n_blocks)
{
    int n = 0;
    const void *kernel = reinterpret_cast<const void *>(gnt_train_kernel);
    GNT_CUDA(gpu, cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared_bytes));
    GNT_CUDA(gpu, cudaOccupancyMaxActiveBlocksPerMultiprocessor(&n, kernel, GNT_TRAIN_THREADS, shared_bytes));
    *n_blocks = n > 0 ? (unsigned)n : 1;
    return GNT_OK;
}
