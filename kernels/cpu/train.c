/* train.c: epochs of M models at once, on all cores; one epoch of every job that goes on, then the next.
 *
 * idea     Jobs are independent, so as many as there are threads are trained side by side without a word between them:
 *          each worker takes a whole epoch of the longest job left. What would keep one worker busy after the others
 *          are done is trained by the whole team instead: its jobs advance batch by batch in lockstep, three rounds
 *          of tasks a batch: (job, block) gradients, (job, slice) sums, (job, slice) optimiser steps; the last two
 *          are done by the caller alone where they cost less than a round. Which way a job goes doesn't show in its
 *          bits (train_state.h).
 * memory   the device's scratch: packed states of at most as many jobs as threads, a work area a thread
 * class    reduction; same bits alone or among M jobs; k epochs and k more equal 2k epochs
 * versions windows a second of processor time, batch 64, Zen 4 with AVX-512, kernels of the day, 1x24 and 2x96:
 *          1 all jobs in lockstep, each round waits for every thread: one thread 278 k, 14.7 k; a job on two threads
 *            191 k, 14.6 k; 16 jobs on two threads 243 k, 14.4 k
 *          2 as above: 278 k, 14.7 k; 258 k, 14.3 k; 268 k, 14.4 k */
#include "kernels/cpu/train.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/train_state.h"

#define SERIAL_SLICES 8 /* sums and steps of so few slices cost some 10 us, less than two rounds of tasks */
#define TEAM_SHARE 0.8  /* of the threads' time that a team turns into work, rounds and uneven blocks considered */

typedef struct rank {
    double cost;
    size_t job;
} rank;

typedef struct call {
    gnt_device *dev;
    gnt_train_job *jobs;
    size_t n_jobs, threads, at_once; /* at_once: states there is room for */
    size_t n_active;                 /* jobs with an epoch to run */
    rank *rank;                      /* [n_active] longest first; the first n_team are the team's */
    double *load;                    /* [threads] */
    size_t n_team;
    gnt_train_state *states; /* [at_once] */
    size_t n_states;         /* of the team's wave */
    float *state_area, *work;
    size_t state_floats, work_floats; /* of one state, of one worker's area */
    size_t tasks;                     /* of the round, a job */
} call;

/* ---- who trains what ---------------------------------------------------------------------------------------- */

static int longer_first(const void *a, const void *b)
{
    const rank *x = a, *y = b;
    if (x->cost != y->cost) return x->cost < y->cost ? 1 : -1;
    return x->job < y->job ? -1 : x->job > y->job;
}

/* Time of the first k jobs by the team, then of the others by one worker each, the longest first to whoever is free. */
static double time_of(call *c, size_t k)
{
    double sum = 0, last = 0;
    size_t blocks = 0;
    for (size_t i = 0; i < k; i++) {
        const gnt_train_job *job = &c->jobs[c->rank[i].job];
        size_t batch = job->options->batch < job->train.n ? job->options->batch : job->train.n;
        sum += c->rank[i].cost;
        blocks += gnt_train_blocks(batch);
    }
    double team = k ? sum / (TEAM_SHARE * (double)(blocks < c->threads ? blocks : c->threads)) : 0;
    memset(c->load, 0, c->threads * sizeof *c->load);
    for (size_t i = k; i < c->n_active; i++) {
        size_t free = 0;
        for (size_t t = 1; t < c->threads; t++)
            if (c->load[t] < c->load[free]) free = t;
        c->load[free] += c->rank[i].cost;
        if (c->load[free] > last) last = c->load[free];
    }
    return team + last;
}

/* Jobs longer than a fair share of what is left to do go to the team, and perhaps those that don't fill the threads'
 * last turn. False when no job has an epoch to run. */
static bool plan(call *c)
{
    double rest = 0;
    size_t giants = 0;
    c->n_team = c->n_active = 0;
    for (size_t i = 0; i < c->n_jobs; i++) {
        if (!gnt_train_goes_on(&c->jobs[i])) continue;
        c->rank[c->n_active] = (rank){gnt_train_cost(&c->jobs[i]), i};
        rest += c->rank[c->n_active++].cost;
    }
    qsort(c->rank, c->n_active, sizeof *c->rank, longer_first);
    if (c->threads == 1 || c->n_active == 0) return c->n_active > 0;
    while (giants < c->n_active && c->rank[giants].cost * (double)c->threads > rest) rest -= c->rank[giants++].cost;
    const size_t choice[] = {giants, giants + (c->n_active - giants) % c->threads};
    double best = time_of(c, 0);
    for (size_t i = 0; i < sizeof choice / sizeof *choice; i++) {
        double time = time_of(c, choice[i]);
        if (time >= best) continue;
        best = time;
        c->n_team = choice[i];
    }
    return true;
}

/* ---- memory --------------------------------------------------------------------------------------------- */

static void *take_bytes(gnt_placer *p, size_t n)
{
    return gnt_take(p, (n + sizeof(float) - 1) / sizeof(float));
}

static gnt_status place_call(call *c)
{
    gnt_placer p = {NULL, 0};
    for (size_t i = 0; i < c->n_jobs; i++) {
        gnt_train_state s;
        gnt_placer one = {NULL, 0};
        gnt_train_place(&s, &c->jobs[i], NULL, &one);
        size_t work = gnt_train_work(&s);
        if (one.used > c->state_floats) c->state_floats = one.used;
        if (work > c->work_floats) c->work_floats = work;
    }
    for (int round = 0; round < 2; round++) { /* size, then place */
        c->rank = take_bytes(&p, c->n_jobs * sizeof *c->rank);
        c->load = take_bytes(&p, c->threads * sizeof *c->load);
        c->states = take_bytes(&p, c->at_once * sizeof *c->states);
        c->state_area = gnt_take(&p, c->at_once * c->state_floats);
        c->work = gnt_take(&p, c->threads * c->work_floats);
        if (p.base) break;
        p.base = gnt_device_scratch(c->dev, p.used);
        p.used = 0;
        if (!p.base) return GNT_ENOMEM;
    }
    return GNT_OK;
}

static void place_state(call *c, size_t area, gnt_train_job *job, gnt_train_state *s)
{
    gnt_placer p = {c->state_area + area * c->state_floats, 0};
    gnt_train_place(s, job, gnt_lstm_kernels_of(c->dev->simd), &p);
}

static float *work_of(call *c, unsigned worker)
{
    return c->work + worker * c->work_floats;
}

/* ---- a worker alone --------------------------------------------------------------------------------------- */

static void solo_batch(gnt_train_state *s, float *work)
{
    for (size_t blocks = gnt_train_blocks(s->n); s->first_block < blocks; s->first_block += s->held) {
        for (size_t i = 0; i < s->held; i++) gnt_train_gradient(s, i, work);
        for (size_t i = 0; i < s->slices; i++) gnt_train_reduce(s, i);
    }
    gnt_train_prepare(s);
    for (size_t i = 0; i < s->slices; i++) gnt_train_adam(s, i);
    gnt_train_derive(s);
}

static void solo_task(void *arg, size_t task, unsigned worker)
{
    call *c = arg;
    gnt_train_state s;
    size_t n = c->n_active - c->n_team;
    place_state(c, n <= c->at_once ? task : worker, &c->jobs[c->rank[c->n_team + task].job], &s);
    gnt_train_begin(&s);
    for (size_t b = 0; gnt_train_select(&s, b); b++) solo_batch(&s, work_of(c, worker));
    for (size_t i = 0; i < gnt_train_blocks(s.job->val.n); i++) gnt_train_val(&s, i, work_of(c, worker));
    gnt_train_finish(&s);
}

/* ---- the team: tasks of a round are (state, piece) ----------------------------------------------------------- */

static void begin_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    gnt_train_begin(&((call *)arg)->states[task]);
}

static void gradient_task(void *arg, size_t task, unsigned worker)
{
    call *c = arg;
    gnt_train_gradient(&c->states[task / c->tasks], task % c->tasks, work_of(c, worker));
}

static void reduce_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    call *c = arg;
    gnt_train_reduce(&c->states[task / c->tasks], task % c->tasks);
}

static void adam_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    call *c = arg;
    gnt_train_adam(&c->states[task / c->tasks], task % c->tasks);
}

static void val_task(void *arg, size_t task, unsigned worker)
{
    call *c = arg;
    gnt_train_val(&c->states[task / c->tasks], task % c->tasks, work_of(c, worker));
}

static void finish_task(void *arg, size_t task, unsigned worker)
{
    (void)worker;
    gnt_train_finish(&((call *)arg)->states[task]);
}

static void run(call *c, size_t tasks, gnt_task *fn)
{
    c->tasks = tasks;
    gnt_threads_for(c->dev->pool, c->n_states * tasks, fn, c);
}

/* Slices of the widest state: each state is given as many tasks. Where they are few, the caller does them. */
static void run_slices(call *c, gnt_task *fn)
{
    size_t most = 0;
    for (size_t i = 0; i < c->n_states; i++)
        if (c->states[i].slices > most) most = c->states[i].slices;
    c->tasks = most;
    if (c->n_states * most > SERIAL_SLICES)
        run(c, most, fn);
    else
        for (size_t i = 0; i < c->n_states * most; i++) fn(c, i, 0);
}

/* The sum of each state's batch and its squares. */
static void team_gradients(call *c)
{
    size_t most = 0, rounds = 0;
    for (size_t i = 0; i < c->n_states; i++) {
        gnt_train_state *s = &c->states[i];
        size_t n = (gnt_train_blocks(s->n) + s->held - 1) / s->held;
        if (n > rounds) rounds = n;
        if (s->held > most) most = s->held;
    }
    for (size_t round = 0; round < rounds; round++) {
        run(c, most, gradient_task);
        run_slices(c, reduce_task);
        for (size_t i = 0; i < c->n_states; i++) c->states[i].first_block += c->states[i].held;
    }
}

static void team_step(call *c)
{
    for (size_t i = 0; i < c->n_states; i++)
        if (c->states[i].n) gnt_train_prepare(&c->states[i]);
    run_slices(c, adam_task);
    for (size_t i = 0; i < c->n_states; i++) gnt_train_derive(&c->states[i]);
}

/* Batch number b of every state; false when none has one. */
static bool team_select(call *c, size_t b)
{
    bool any = false;
    for (size_t i = 0; i < c->n_states; i++) any = gnt_train_select(&c->states[i], b) || any;
    return any;
}

static void team_epoch(call *c, size_t first, size_t n)
{
    size_t val = 0;
    c->n_states = n;
    for (size_t i = 0; i < n; i++) {
        gnt_train_job *job = &c->jobs[c->rank[first + i].job];
        place_state(c, i, job, &c->states[i]);
        if (gnt_train_blocks(job->val.n) > val) val = gnt_train_blocks(job->val.n);
    }
    run(c, 1, begin_task);
    for (size_t b = 0; team_select(c, b); b++) {
        team_gradients(c);
        team_step(c);
    }
    if (val) run(c, val, val_task);
    run(c, 1, finish_task);
}

/* ---- calls ---------------------------------------------------------------------------------------------------- */

static call call_of(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs)
{
    size_t threads = gnt_threads_count(dev->pool);
    return (call){
        .dev = dev, .jobs = jobs, .n_jobs = n_jobs, .threads = threads, .at_once = n_jobs < threads ? n_jobs : threads};
}

gnt_status gnt_cpu_train(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs)
{
    call c = call_of(dev, jobs, n_jobs);
    if (n_jobs == 0) return GNT_OK;
    gnt_status st = place_call(&c);
    if (st) return st;
    for (size_t i = 0; i < n_jobs; i++) jobs[i].n_run = 0;
    while (plan(&c)) {
        for (size_t first = 0; first < c.n_team; first += c.at_once)
            team_epoch(&c, first, c.n_team - first < c.at_once ? c.n_team - first : c.at_once);
        gnt_threads_for(dev->pool, c.n_active - c.n_team, solo_task, &c);
    }
    return GNT_OK;
}

gnt_status gnt_cpu_gradient(gnt_device *dev, const gnt_train_job *job, float *gradient, float *logit)
{
    gnt_train_options options = *job->options;
    gnt_train_job copy = *job;
    copy.options = &options;
    copy.moment1 = copy.moment2 = copy.weights; /* packed, not looked at */
    options.batch = (uint32_t)job->train.n;
    call c = call_of(dev, &copy, 1);
    gnt_status st = place_call(&c);
    if (st) return st;
    gnt_train_state *s = &c.states[0];
    place_state(&c, 0, &copy, s);
    gnt_train_begin(s);
    memcpy(s->order, job->train.row, job->train.n * sizeof *s->order);
    c.n_states = 1;
    team_select(&c, 0);
    team_gradients(&c);
    gnt_layout_unpack(&s->layout, s->sum, gradient);
    memcpy(logit, s->logit, job->train.n * sizeof *logit);
    return GNT_OK;
}
