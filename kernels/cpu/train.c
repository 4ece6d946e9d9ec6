/* train.c: one epoch of M models at once, on all cores.
 *
 * idea     a batch is cut into blocks of 16 windows, each block's gradient stands alone (lstm_backward.c), blocks are
 *          added in their order, the norm is taken over fixed slices: so threads, instruction set and neighbouring
 *          jobs never show in the bits. Jobs advance batch by batch in lockstep, in waves; three rounds of tasks
 *          a batch: (job, block) gradients, (job, slice) sums, (job, slice) optimiser steps.
 *          Weights and moments stay packed for the whole epoch; memory is cut from the device's scratch once a call.
 * class    reduction; same bits alone or among M jobs; k epochs and k more equal 2k epochs */
#include "kernels/cpu/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/lstm.h"
#include "kernels/math/explog.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

#define MAX_GRADIENTS 16u /* blocks whose gradients are held at a time, a job */
#define SLICE 4096u       /* numbers a task of the optimiser takes */

typedef struct state {
    gnt_train_job *job;
    gnt_layout layout;
    float *weights, *moment1, *moment2, *sum; /* [layout.n] packed */
    float *gradient;                          /* [gradients][layout.n_trained] */
    size_t gradients, slices;
    double *squares;    /* [slices] */
    uint32_t *order;    /* [train.n] rows in this epoch's order */
    float *logit;       /* [train.n] as trained, in that order */
    float *val_logit;   /* [val.n] */
    size_t first, n;    /* the batch: positions in order; n 0: this job has no more */
    size_t first_block; /* of the blocks whose gradients are computed in this round */
    gnt_adam adam;
} state;

typedef struct call {
    const gnt_lstm_kernels *kernels;
    state *states;
    size_t n_states, tasks; /* tasks of the round a job, most of all jobs */
    float *scratch;         /* [threads][scratch_floats] work areas */
    size_t scratch_floats;
} call;

static size_t blocks_of(size_t n)
{
    return (n + GNT_BLOCK - 1) / GNT_BLOCK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- memory --------------------------------------------------------------------------------------------- */

static bool has_dropout(const gnt_train_job *job)
{
    return job->options->dropout > 0 && job->net->layers > 1;
}

static void place_state(state *s, gnt_placer *p)
{
    const gnt_train_job *job = s->job;
    s->gradients = smaller(blocks_of(smaller(job->options->batch, job->train.n)), MAX_GRADIENTS);
    s->slices = (s->layout.n_trained + SLICE - 1) / SLICE;
    s->weights = gnt_take(p, s->layout.n);
    s->moment1 = gnt_take(p, s->layout.n);
    s->moment2 = gnt_take(p, s->layout.n);
    s->sum = gnt_take(p, s->layout.n);
    s->gradient = gnt_take(p, s->gradients * s->layout.n_trained);
    s->squares = (double *)(void *)gnt_take(p, 2 * s->slices);
    s->order = (uint32_t *)(void *)gnt_take(p, job->train.n);
    s->logit = gnt_take(p, job->train.n);
    s->val_logit = gnt_take(p, job->val.n);
}

/* Lays out n jobs and the workers' areas; the jobs' packed arrays begin as zeros. */
static gnt_status place_call(gnt_device *dev, gnt_train_job *jobs, call *c)
{
    unsigned threads = gnt_threads_count(dev->pool);
    gnt_placer p = {NULL, 0};
    for (int round = 0; round < 2; round++) { /* size, then place */
        for (size_t i = 0; i < c->n_states; i++) {
            state *s = &c->states[i];
            gnt_block block;
            s->job = &jobs[i];
            if (round == 0) gnt_layout_init(&s->layout, jobs[i].net);
            place_state(s, &p);
            size_t floats = gnt_block_place(&block, &s->layout, true, has_dropout(s->job), NULL);
            if (floats > c->scratch_floats) c->scratch_floats = floats;
        }
        c->scratch = gnt_take(&p, threads * c->scratch_floats);
        if (p.base) break;
        p.base = gnt_device_scratch(dev, p.used);
        p.used = 0;
        if (!p.base) return GNT_ENOMEM;
    }
    for (size_t i = 0; i < c->n_states; i++) {
        state *s = &c->states[i];
        memset(s->weights, 0, s->layout.n * sizeof(float));
        memset(s->moment1, 0, s->layout.n * sizeof(float));
        memset(s->moment2, 0, s->layout.n * sizeof(float));
        gnt_layout_pack(&s->layout, s->job->weights, s->weights);
    }
    return GNT_OK;
}

/* ---- one block -------------------------------------------------------------------------------------------- */

/* Rows of the block at `first` of n; the last row repeated past the end. Returns how many are real. */
static size_t block_rows(const uint32_t *rows, size_t first, size_t n, uint32_t row[GNT_BLOCK])
{
    size_t real = smaller(GNT_BLOCK, n - first);
    for (size_t w = 0; w < GNT_BLOCK; w++) row[w] = rows[first + (w < real ? w : real - 1)];
    return real;
}

static bool label(const gnt_train_job *job, uint32_t row)
{
    return job->labels.up[row];
}

/* d loss / d logit of one window in a batch of n. */
static float loss_slope(const gnt_train_options *o, float logit, bool up, size_t n)
{
    double p = 1 / (1 + gnt_exp(-(double)logit));
    return (float)((up ? o->pos_weight * (p - 1) : p) / (double)n);
}

/* -(pos_weight y log p + (1 - y) log(1 - p)) */
static double loss(const gnt_train_options *o, float logit, bool up)
{
    double z = logit, log_up = gnt_log(1 + gnt_exp(-fabs(z))) + (z < 0 ? -z : 0);
    return up ? o->pos_weight * log_up : log_up + z;
}

static void gradient_task(void *arg, size_t task, unsigned worker)
{
    call *c = arg;
    state *s = &c->states[task / c->tasks];
    const gnt_train_job *job = s->job;
    size_t held = task % c->tasks, first = (s->first_block + held) * GNT_BLOCK;
    if (first >= s->n || held >= s->gradients) return;
    gnt_block block;
    gnt_block_place(&block, &s->layout, true, has_dropout(job), c->scratch + worker * c->scratch_floats);
    uint32_t row[GNT_BLOCK];
    size_t real = block_rows(s->order + s->first, first, s->n, row);
    c->kernels->gather(job->panel, row, s->layout.net.window, block.x);
    for (size_t l = 0; l < s->layout.net.layers; l++)
        if (block.mask[l])
            c->kernels->dropout(&s->layout, job->options->dropout, job->options->seed, job->epoch, row, l,
                                block.mask[l]);
    c->kernels->forward(&s->layout, s->weights, &block);
    float d_logit[GNT_BLOCK] = {0};
    for (size_t w = 0; w < real; w++) {
        s->logit[s->first + first + w] = block.logit[w];
        d_logit[w] = loss_slope(job->options, block.logit[w], label(job, row[w]), s->n);
    }
    c->kernels->backward(&s->layout, s->weights, &block, d_logit, s->gradient + held * s->layout.n_trained);
}

static void reduce_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    call *c = arg;
    state *s = &c->states[task / c->tasks];
    size_t slice = task % c->tasks, at = slice * SLICE, blocks = blocks_of(s->n);
    if (slice >= s->slices || s->first_block >= blocks) return;
    s->squares[slice] =
        c->kernels->reduce(s->gradient + at, s->layout.n_trained, smaller(s->gradients, blocks - s->first_block),
                           smaller(SLICE, s->layout.n_trained - at), s->first_block == 0, s->sum + at);
}

static void adam_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    call *c = arg;
    state *s = &c->states[task / c->tasks];
    size_t slice = task % c->tasks, at = slice * SLICE;
    if (slice >= s->slices || s->n == 0) return;
    c->kernels->adam(&s->adam, smaller(SLICE, s->layout.n_trained - at), s->sum + at, s->weights + at, s->moment1 + at,
                     s->moment2 + at);
}

/* ---- one batch of every job -------------------------------------------------------------------------------- */

static void run(gnt_device *dev, call *c, size_t tasks, gnt_task *fn)
{
    c->tasks = tasks;
    gnt_threads_for(dev->pool, c->n_states * tasks, fn, c);
}

/* state.sum and squares of each job's batch. */
static void batch_gradients(gnt_device *dev, call *c)
{
    size_t held = 0, slices = 0, blocks = 0;
    for (size_t i = 0; i < c->n_states; i++) {
        state *s = &c->states[i];
        s->first_block = 0;
        if (s->gradients > held) held = s->gradients;
        if (s->slices > slices) slices = s->slices;
        size_t rounds = (blocks_of(s->n) + s->gradients - 1) / s->gradients;
        if (rounds > blocks) blocks = rounds;
    }
    for (size_t round = 0; round < blocks; round++) {
        run(dev, c, held, gradient_task);
        run(dev, c, slices, reduce_task);
        for (size_t i = 0; i < c->n_states; i++) c->states[i].first_block += c->states[i].gradients;
    }
}

/* The batch's factors: clipping (clip_grad_norm_) and bias corrections of step t. */
static void prepare_adam(state *s)
{
    const gnt_train_options *o = s->job->options;
    double squares = 0;
    for (size_t i = 0; i < s->slices; i++) squares += s->squares[i];
    double clip = o->clip_norm > 0 ? o->clip_norm / (sqrt(squares) + 1e-6) : 1, t = (double)++s->job->step;
    bool decoupled = o->optimiser == GNT_ADAMW;
    s->adam.clip = (float)(clip > 1 ? 1 : clip);
    s->adam.decay = decoupled ? 0 : (float)o->weight_decay;
    s->adam.keep = decoupled ? (float)(1 - o->learning_rate * o->weight_decay) : 1;
    s->adam.rate1 = (float)(1 - o->beta1);
    s->adam.keep2 = (float)o->beta2;
    s->adam.rate2 = (float)(1 - o->beta2);
    s->adam.step = (float)(o->learning_rate / (1 - pow(o->beta1, t)));
    s->adam.root_correction = (float)sqrt(1 - pow(o->beta2, t));
    s->adam.eps = (float)o->epsilon;
}

static void optimise(gnt_device *dev, call *c)
{
    size_t slices = 0;
    for (size_t i = 0; i < c->n_states; i++) {
        if (c->states[i].n) prepare_adam(&c->states[i]);
        if (c->states[i].slices > slices) slices = c->states[i].slices;
    }
    run(dev, c, slices, adam_task);
    for (size_t i = 0; i < c->n_states; i++) gnt_layout_derive(&c->states[i].layout, c->states[i].weights);
}

/* Batch number b of every job; false when no job has one. */
static bool select_batch(call *c, size_t b)
{
    bool any = false;
    for (size_t i = 0; i < c->n_states; i++) {
        state *s = &c->states[i];
        size_t batch = s->job->options->batch;
        s->first = smaller(b * batch, s->job->train.n);
        s->n = smaller(batch, s->job->train.n - s->first);
        any = any || s->n;
    }
    return any;
}

/* ---- one epoch ------------------------------------------------------------------------------------------------ */

void gnt_train_order(const gnt_train_job *job, uint32_t *order)
{
    gnt_random at = gnt_random_at(job->options->seed, GNT_STREAM_SHUFFLE, job->epoch);
    memcpy(order, job->train.row, job->train.n * sizeof *order);
    for (size_t i = job->train.n; i-- > 1;) {
        size_t j = (size_t)gnt_bounded(at, (uint32_t)i, i + 1);
        uint32_t row = order[i];
        order[i] = order[j];
        order[j] = row;
    }
}

static void val_task(void *arg, size_t task, unsigned worker)
{
    call *c = arg;
    state *s = &c->states[task / c->tasks];
    size_t first = task % c->tasks * GNT_BLOCK;
    if (first >= s->job->val.n) return;
    gnt_block block;
    gnt_block_place(&block, &s->layout, false, false, c->scratch + worker * c->scratch_floats);
    uint32_t row[GNT_BLOCK];
    size_t real = block_rows(s->job->val.row, first, s->job->val.n, row);
    c->kernels->gather(s->job->panel, row, s->layout.net.window, block.x);
    c->kernels->forward(&s->layout, s->weights, &block);
    memcpy(s->val_logit + first, block.logit, real * sizeof(float));
}

/* Mean loss and right predictions (up iff logit >= 0) of n rows, in order; NaN when there are none. */
static double mean_loss(const gnt_train_job *job, const uint32_t *row, const float *logit, size_t n, uint32_t *correct)
{
    double sum = 0;
    *correct = 0;
    for (size_t i = 0; i < n; i++) {
        bool up = label(job, row[i]);
        sum += loss(job->options, logit[i], up);
        *correct += (logit[i] >= 0) == up;
    }
    return n ? sum / (double)n : NAN;
}

static void finish(state *s)
{
    gnt_train_job *job = s->job;
    gnt_layout_unpack(&s->layout, s->weights, job->weights);
    gnt_layout_unpack(&s->layout, s->moment1, job->moment1);
    gnt_layout_unpack(&s->layout, s->moment2, job->moment2);
    job->train_loss = mean_loss(job, s->order, s->logit, job->train.n, &job->train_correct);
    job->val_loss = mean_loss(job, job->val.row, s->val_logit, job->val.n, &job->val_correct);
    job->epoch++;
}

static gnt_status wave_epoch(gnt_device *dev, gnt_train_job *jobs, call *c)
{
    gnt_status st = place_call(dev, jobs, c);
    if (st) return st;
    size_t val = 0;
    for (size_t i = 0; i < c->n_states; i++) {
        state *s = &c->states[i];
        gnt_layout_pack(&s->layout, jobs[i].moment1, s->moment1);
        gnt_layout_pack(&s->layout, jobs[i].moment2, s->moment2);
        gnt_train_order(&jobs[i], s->order);
        if (blocks_of(jobs[i].val.n) > val) val = blocks_of(jobs[i].val.n);
    }
    for (size_t b = 0; select_batch(c, b); b++) {
        batch_gradients(dev, c);
        optimise(dev, c);
    }
    if (val) run(dev, c, val, val_task);
    for (size_t i = 0; i < c->n_states; i++) finish(&c->states[i]);
    return GNT_OK;
}

gnt_status gnt_cpu_train_epoch(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs)
{
    size_t wave = smaller(n_jobs, 2 * (size_t)gnt_threads_count(dev->pool));
    if (n_jobs == 0) return GNT_OK;
    state *states = calloc(wave, sizeof *states);
    if (!states) return GNT_ENOMEM;
    gnt_status st = GNT_OK;
    for (size_t first = 0; first < n_jobs && !st; first += wave) {
        call c = {
            .kernels = gnt_lstm_kernels_of(dev->simd), .states = states, .n_states = smaller(wave, n_jobs - first)};
        st = wave_epoch(dev, jobs + first, &c);
    }
    free(states);
    return st;
}

gnt_status gnt_cpu_gradient(gnt_device *dev, const gnt_train_job *job, float *gradient, float *logit)
{
    gnt_train_options options = *job->options;
    gnt_train_job copy = *job;
    copy.options = &options;
    options.batch = (uint32_t)job->train.n;
    state s = {0};
    call c = {.kernels = gnt_lstm_kernels_of(dev->simd), .states = &s, .n_states = 1};
    gnt_status st = place_call(dev, &copy, &c);
    if (st) return st;
    memcpy(s.order, job->train.row, job->train.n * sizeof *s.order);
    select_batch(&c, 0);
    batch_gradients(dev, &c);
    gnt_layout_unpack(&s.layout, s.sum, gradient);
    memcpy(logit, s.logit, job->train.n * sizeof *logit);
    return GNT_OK;
}
