/* train_plan.cu: training from the host's side: who goes first, copies, waves (train_task.cu: what a job needs).
 *
 * A call deals its jobs to the GPUs, the longest first to each. What a GPU can't hold at once goes in waves; a wave's
 * arrays are sized and placed before its first byte moves. Panels, labels, rows, rates and tables of powers that jobs
 * share lie on the device once. Where the tables of an Adam step's powers would grow without measure, the epochs of a
 * call go in several launches, which doesn't show in the bits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cuda/stages.cuh"
#include "kernels/cuda/train.cuh"
#include "kernels/math/curve.h"

#define MOST_STEPS ((uint64_t)1 << 22) /* of a job in a launch: 48 MB of tables */

/* ---- jobs ------------------------------------------------------------------------------------------------------ */

struct gnt_train_rank {
    double cost;
    size_t job;
};

/* A call: its jobs in the order that GPUs take them. */
struct gnt_train_call {
    gnt_train_job *jobs;
    size_t n_jobs;
    gnt_train_rank *rank; /* [n_jobs] */
    size_t *order;        /* [n_jobs] */
    uint32_t *epochs;     /* [n_jobs] of the launch */
};

static uint64_t batches_of(const gnt_train_job *job)
{
    return (job->train.n + job->options->batch - 1) / job->options->batch;
}

static bool goes_on(const gnt_train_job *job)
{
    if (job->n_run == job->n_epochs || gnt_curve_exhausted(&job->curve, job->rule.patience)) return false;
    return job->n_run == 0 || gnt_figures_finite(&job->figures[job->n_run - 1], job->val.n > 0);
}

/* fma of the launch's epochs. */
static double cost_of(const gnt_train_job *job, uint32_t epochs)
{
    const gnt_net *net = job->net;
    double hidden = net->hidden, directions = net->bidirectional ? 2 : 1, inputs = net->n_features, chain = 0;
    for (uint32_t l = 0; l < net->layers; l++, inputs = hidden * directions)
        chain += directions * 4 * hidden * (inputs + hidden) * net->window;
    return chain * (3 * (double)job->train.n + (double)job->val.n) * epochs;
}

static int longer_first(const void *a, const void *b)
{
    const gnt_train_rank *x = static_cast<const gnt_train_rank *>(a), *y = static_cast<const gnt_train_rank *>(b);
    if (x->cost != y->cost) return x->cost < y->cost ? 1 : -1;
    return x->job < y->job ? -1 : x->job > y->job;
}

/* Jobs with an epoch to run into `order`, so that the shares gnt_each_gpu makes get the longest in turn. How many. */
static size_t deal(gnt_train_call *call, size_t n_gpus)
{
    size_t n = 0, filled[GNT_MAX_GPUS] = {0};
    for (size_t i = 0; i < call->n_jobs; i++) {
        const gnt_train_job *job = &call->jobs[i];
        if (!goes_on(job)) continue;
        uint64_t most = MOST_STEPS / batches_of(job), left = job->n_epochs - job->n_run;
        call->epochs[i] = (uint32_t)(most < 1 ? 1 : left < most ? left : most);
        call->rank[n++] = {cost_of(job, call->epochs[i]), i};
    }
    qsort(call->rank, n, sizeof *call->rank, longer_first);
    size_t shares = n < n_gpus ? n : n_gpus;
    for (size_t k = 0, g = 0; k < n; k++, g = (g + 1) % shares) {
        while (n * g / shares + filled[g] == n * (g + 1) / shares) g = (g + 1) % shares;
        call->order[n * g / shares + filled[g]++] = call->rank[k].job;
    }
    return n;
}

/* ---- a wave ------------------------------------------------------------------------------------------------- */

/* Host memory that lies on the device once, however many jobs point to it. */
struct gnt_train_copy {
    const void *host;
    size_t bytes;
    unsigned char *device;
};

/* Powers of an optimiser from a step on. */
struct gnt_train_powers {
    double beta1, beta2;
    uint64_t step, n; /* steps done before; steps of the table */
    double *correction1;
    float *root_correction;
};

struct gnt_train_wave {
    gnt_gpu *gpu;
    gnt_train_job *jobs;
    const size_t *order; /* [n] */
    const uint32_t *epochs;
    size_t n;
    gnt_train_task *task;       /* [n], as the device gets them */
    gnt_train_outcome *outcome; /* [n] */
    gnt_train_copy *copy;       /* [5 n] at most */
    gnt_train_powers *powers;   /* [n] at most */
    size_t n_copies, n_powers, shared_bytes, area_floats;
    unsigned n_blocks;
    bool fast; /* every job has weights and stage in shared memory */
    gnt_train_task *device_task;
    gnt_train_outcome *device_outcome;
    unsigned *next;
    float *areas, *weights, *moment1, *moment2, *best;

    void place(gnt_slab *slab);
};

/* The device's place for n things at host, which others may share; NULL for none. */
template <typename T> static const T *copy_of(gnt_train_wave *wave, gnt_slab *slab, const T *host, size_t n)
{
    size_t bytes = n * sizeof(T);
    if (!bytes || !host) return nullptr;
    for (size_t i = wave->n_copies; i-- > 0;)
        if (wave->copy[i].host == host && wave->copy[i].bytes == bytes)
            return reinterpret_cast<const T *>(wave->copy[i].device);
    T *device = slab->take<T>(n);
    wave->copy[wave->n_copies++] = {host, bytes, reinterpret_cast<unsigned char *>(device)};
    return device;
}

static gnt_train_powers *powers_of(gnt_train_wave *wave, const gnt_train_job *job, uint32_t epochs)
{
    const gnt_train_options *o = job->options;
    uint64_t n = batches_of(job) * epochs;
    for (size_t i = 0; i < wave->n_powers; i++) {
        gnt_train_powers *p = &wave->powers[i];
        if (p->beta1 != o->beta1 || p->beta2 != o->beta2 || p->step != job->step) continue;
        if (n > p->n) p->n = n;
        return p;
    }
    gnt_train_powers *p = &wave->powers[wave->n_powers++];
    *p = {o->beta1, o->beta2, job->step, n, nullptr, nullptr};
    return p;
}

static void place_powers(gnt_train_wave *wave, gnt_slab *slab)
{
    wave->n_powers = 0;
    for (size_t i = 0; i < wave->n; i++) (void)powers_of(wave, &wave->jobs[wave->order[i]], wave->task[i].n_epochs);
    for (size_t i = 0; i < wave->n_powers; i++) {
        wave->powers[i].correction1 = slab->take<double>(wave->powers[i].n);
        wave->powers[i].root_correction = slab->take<float>(wave->powers[i].n);
    }
    for (size_t i = 0; i < wave->n; i++) {
        const gnt_train_powers *p = powers_of(wave, &wave->jobs[wave->order[i]], wave->task[i].n_epochs);
        wave->task[i].correction1 = p->correction1;
        wave->task[i].root_correction = p->root_correction;
    }
}

/* Offsets into one array of all jobs' numbers: only added to what the array's base will be. */
static float *after(float *base, size_t n)
{
    return base ? base + n : nullptr;
}

void gnt_train_wave::place(gnt_slab *slab)
{
    size_t n_weights = 0, n_epochs = 0;
    n_copies = 0;
    for (size_t i = 0; i < n; i++) {
        n_weights += gnt_net_n_weights(&task[i].layout.net);
        n_epochs += task[i].n_epochs;
    }
    device_task = slab->take<gnt_train_task>(n);
    device_outcome = slab->take<gnt_train_outcome>(n);
    next = slab->take<unsigned>(1);
    weights = slab->take<float>(n_weights);
    moment1 = slab->take<float>(n_weights);
    moment2 = slab->take<float>(n_weights);
    best = slab->take<float>(n_weights);
    gnt_train_figures *figures = slab->take<gnt_train_figures>(n_epochs);
    areas = slab->take<float>(n_blocks * area_floats);
    for (size_t i = 0, w = 0, e = 0; i < n; i++) {
        const gnt_train_job *job = &jobs[order[i]];
        gnt_train_task *t = &task[i];
        t->weights = after(weights, w);
        t->moment1 = after(moment1, w);
        t->moment2 = after(moment2, w);
        t->best = job->best ? after(best, w) : nullptr;
        t->figures = figures ? figures + e : nullptr;
        t->x = copy_of(this, slab, job->panel.x, job->panel.n_rows * job->panel.n_features);
        t->up = copy_of(this, slab, job->labels.up, job->labels.n);
        t->train = copy_of(this, slab, job->train.row, job->train.n);
        t->val = copy_of(this, slab, job->val.row, job->val.n);
        t->rule.rate = copy_of(this, slab, job->rule.rate, job->rule.n_rates);
        w += gnt_net_n_weights(job->net);
        e += t->n_epochs;
    }
    place_powers(this, slab);
}

/* ---- a wave's run --------------------------------------------------------------------------------------------- */

static gnt_status upload_powers(gnt_gpu *gpu, const gnt_train_powers *p)
{
    double *correction1 = static_cast<double *>(malloc(p->n * (sizeof(double) + sizeof(float))));
    if (!correction1) return GNT_ENOMEM;
    float *root = reinterpret_cast<float *>(correction1 + p->n);
    for (uint64_t i = 0; i < p->n; i++) {
        double t = (double)(p->step + i + 1);
        correction1[i] = 1 - pow(p->beta1, t);
        root[i] = (float)sqrt(1 - pow(p->beta2, t));
    }
    gnt_status st = gnt_upload(gpu, p->correction1, correction1, p->n * sizeof *correction1);
    if (!st) st = gnt_upload(gpu, p->root_correction, root, p->n * sizeof *root);
    free(correction1);
    return st;
}

static gnt_status upload(gnt_train_wave *wave)
{
    gnt_gpu *gpu = wave->gpu;
    unsigned zero = 0;
    for (size_t i = 0; i < wave->n_copies; i++)
        GNT_GPU_TRY(gnt_upload(gpu, wave->copy[i].device, wave->copy[i].host, wave->copy[i].bytes));
    for (size_t i = 0; i < wave->n_powers; i++) GNT_GPU_TRY(upload_powers(gpu, &wave->powers[i]));
    float *const to[] = {wave->weights, wave->moment1, wave->moment2};
    for (int k = 0; k < 3; k++) {
        gnt_feed feed = {gpu, reinterpret_cast<unsigned char *>(to[k]), nullptr, 0};
        for (size_t i = 0; i < wave->n; i++) {
            const gnt_train_job *job = &wave->jobs[wave->order[i]];
            const float *from[] = {job->weights, job->moment1, job->moment2};
            GNT_GPU_TRY(gnt_feed_put(&feed, from[k], gnt_net_n_weights(job->net) * sizeof(float)));
        }
        GNT_GPU_TRY(gnt_feed_end(&feed));
    }
    GNT_GPU_TRY(gnt_upload(gpu, wave->device_task, wave->task, wave->n * sizeof *wave->task));
    GNT_GPU_TRY(gnt_upload(gpu, wave->device_outcome, wave->outcome, wave->n * sizeof *wave->outcome));
    return gnt_upload(gpu, wave->next, &zero, sizeof zero);
}

static gnt_status download(gnt_train_wave *wave)
{
    gnt_gpu *gpu = wave->gpu;
    GNT_GPU_TRY(gnt_download(gpu, wave->outcome, wave->device_outcome, wave->n * sizeof *wave->outcome));
    for (size_t i = 0; i < wave->n; i++) {
        gnt_train_job *job = &wave->jobs[wave->order[i]];
        const gnt_train_task *t = &wave->task[i];
        const gnt_train_outcome *o = &wave->outcome[i];
        size_t bytes = gnt_net_n_weights(job->net) * sizeof(float);
        GNT_GPU_TRY(gnt_download(gpu, job->weights, t->weights, bytes));
        GNT_GPU_TRY(gnt_download(gpu, job->moment1, t->moment1, bytes));
        GNT_GPU_TRY(gnt_download(gpu, job->moment2, t->moment2, bytes));
        if (o->best && job->best) GNT_GPU_TRY(gnt_download(gpu, job->best, t->best, bytes));
        GNT_GPU_TRY(gnt_download(gpu, job->figures + job->n_run, t->figures, o->n_run * sizeof *t->figures));
        job->curve = o->curve;
        job->step += o->steps;
        job->n_run += o->n_run;
    }
    return GNT_OK;
}

/* Sizes of the first n jobs that are left: shared memory, areas, blocks. */
static gnt_status size_wave(gnt_train_wave *wave, size_t n, size_t *bytes)
{
    unsigned per_sm = 1;
    wave->n = n;
    wave->shared_bytes = sizeof(gnt_trainer);
    wave->area_floats = 0;
    wave->fast = true;
    for (size_t i = 0; i < n; i++) {
        size_t shared = gnt_train_shared(&wave->task[i]);
        if (!wave->task[i].resident || !wave->task[i].stage_quads) wave->fast = false;
        if (shared > wave->shared_bytes) wave->shared_bytes = shared;
        if (wave->task[i].at.n > wave->area_floats) wave->area_floats = wave->task[i].at.n;
    }
    GNT_GPU_TRY(gnt_train_blocks_per_sm(wave->gpu, wave->fast, wave->shared_bytes, &per_sm));
    size_t most = (size_t)wave->gpu->n_sm * per_sm;
    wave->n_blocks = (unsigned)(n < most ? n : most);
    gnt_slab slab = {nullptr, 0};
    wave->place(&slab);
    *bytes = slab.used;
    return GNT_OK;
}

/* The wave's tasks, as many jobs as fit; at least one, for which room is then asked in earnest. */
static gnt_status make_wave(gnt_train_wave *wave, size_t n)
{
    size_t room = 0, bytes = 0;
    for (size_t i = 0; i < n; i++) {
        const gnt_train_job *job = &wave->jobs[wave->order[i]];
        GNT_GPU_TRY(gnt_train_task_init(wave->gpu, job, wave->epochs[wave->order[i]], &wave->task[i]));
        wave->outcome[i] = {};
        wave->outcome[i].curve = job->curve;
    }
    GNT_GPU_TRY(gnt_gpu_room(wave->gpu, &room));
    GNT_GPU_TRY(size_wave(wave, n, &bytes));
    while (bytes > room && wave->n > 1) GNT_GPU_TRY(size_wave(wave, (wave->n + 1) / 2, &bytes));
    return gnt_slab_place(wave->gpu, wave);
}

static gnt_status run_wave(gnt_train_wave *wave)
{
    GNT_GPU_TRY(upload(wave));
    GNT_GPU_TRY(gnt_kernels_begin(wave->gpu));
    GNT_GPU_TRY(gnt_train_launch(wave->gpu, wave->fast, wave->n_blocks, wave->shared_bytes, wave->device_task,
                                 wave->device_outcome, (unsigned)wave->n, wave->next, wave->areas, wave->area_floats));
    GNT_GPU_TRY(gnt_kernels_end(wave->gpu));
    return download(wave);
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static gnt_status run_waves(gnt_train_wave *wave, const size_t *order, size_t n)
{
    while (n > 0) {
        wave->order = order;
        GNT_GPU_TRY(make_wave(wave, n));
        GNT_GPU_TRY(run_wave(wave));
        order += wave->n;
        n -= wave->n;
    }
    return GNT_OK;
}

static gnt_status run_share(gnt_gpu *gpu, size_t first, size_t last, void *arg)
{
    gnt_train_call *call = static_cast<gnt_train_call *>(arg);
    size_t n = last - first;
    gnt_train_wave wave = {};
    wave.gpu = gpu;
    wave.jobs = call->jobs;
    wave.epochs = call->epochs;
    wave.task = static_cast<gnt_train_task *>(calloc(n, sizeof *wave.task));
    wave.outcome = static_cast<gnt_train_outcome *>(calloc(n, sizeof *wave.outcome));
    wave.copy = static_cast<gnt_train_copy *>(calloc(n, 5 * sizeof *wave.copy));
    wave.powers = static_cast<gnt_train_powers *>(calloc(n, sizeof *wave.powers));
    gnt_status st = wave.task && wave.outcome && wave.copy && wave.powers
                        ? run_waves(&wave, call->order + first, n)
                        : gnt_gpu_refuse(gpu, GNT_ENOMEM, "the host has no memory for the lists of %zu jobs", n);
    free(wave.task);
    free(wave.outcome);
    free(wave.copy);
    free(wave.powers);
    return st;
}

gnt_status gnt_cuda_train(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs)
{
    gnt_train_call call = {jobs, n_jobs, nullptr, nullptr, nullptr};
    gnt_status st = GNT_OK;
    if (n_jobs == 0) return GNT_OK;
    call.rank = static_cast<gnt_train_rank *>(calloc(n_jobs, sizeof *call.rank));
    call.order = static_cast<size_t *>(calloc(n_jobs, sizeof *call.order));
    call.epochs = static_cast<uint32_t *>(calloc(n_jobs, sizeof *call.epochs));
    if (!call.rank || !call.order || !call.epochs) st = GNT_ENOMEM;
    for (size_t i = 0; i < n_jobs; i++) jobs[i].n_run = 0;
    while (!st) {
        size_t n = deal(&call, dev->n_gpus);
        if (n == 0) break;
        st = gnt_each_gpu(dev, n, run_share, &call);
    }
    free(call.rank);
    free(call.order);
    free(call.epochs);
    return st;
}
