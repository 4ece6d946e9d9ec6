/* train_state.c: the pieces of work of one job's epoch (train_state.h).
 *
 * idea     a batch is cut into blocks of 16 windows, each block's gradient stands alone (lstm_backward.c); blocks are
 *          added in their order and the norm is taken over fixed slices, whoever does it. Weights and moments stay
 *          packed for the whole epoch.
 * class    reduction */
#include "kernels/cpu/train_state.h"

#include <math.h>
#include <string.h>

#include "kernels/cpu/train.h"
#include "kernels/math/curve.h"
#include "kernels/math/explog.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

#define MAX_HELD 16u /* blocks whose gradients are held at a time, a job */
#define SLICE 4096u  /* numbers in a slice */

size_t gnt_train_blocks(size_t n)
{
    return (n + GNT_BLOCK - 1) / GNT_BLOCK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool has_dropout(const gnt_train_job *job)
{
    return job->options->dropout > 0 && job->net->layers > 1;
}

/* ---- memory --------------------------------------------------------------------------------------------- */

void gnt_train_place(gnt_train_state *s, gnt_train_job *job, const gnt_lstm_kernels *kernels, gnt_placer *p)
{
    s->job = job;
    s->kernels = kernels;
    gnt_layout_init(&s->layout, job->net);
    s->held = smaller(gnt_train_blocks(smaller(job->options->batch, job->train.n)), MAX_HELD);
    s->slices = (s->layout.n_trained + SLICE - 1) / SLICE;
    s->weights = gnt_take(p, s->layout.n);
    s->moment1 = gnt_take(p, s->layout.n);
    s->moment2 = gnt_take(p, s->layout.n);
    s->sum = gnt_take(p, s->layout.n);
    s->gradient = gnt_take(p, s->held * s->layout.n_trained);
    s->squares = (double *)(void *)gnt_take(p, 2 * s->slices);
    s->order = (uint32_t *)(void *)gnt_take(p, job->train.n);
    s->logit = gnt_take(p, job->train.n);
    s->val_logit = gnt_take(p, job->val.n);
}

size_t gnt_train_work(const gnt_train_state *s)
{
    gnt_block block;
    return gnt_block_place(&block, &s->layout, true, has_dropout(s->job), NULL);
}

bool gnt_train_goes_on(const gnt_train_job *job)
{
    if (job->n_run == job->n_epochs || gnt_curve_exhausted(&job->curve, job->rule.patience)) return false;
    return job->n_run == 0 || gnt_figures_finite(&job->figures[job->n_run - 1], job->val.n > 0);
}

double gnt_train_cost(const gnt_train_job *job)
{
    const gnt_net *net = job->net;
    double hidden = net->hidden, directions = net->bidirectional ? 2 : 1, inputs = net->n_features, chain = 0;
    for (uint32_t l = 0; l < net->layers; l++, inputs = hidden * directions)
        chain += directions * 4 * hidden * (inputs + hidden) * net->window;
    return chain * (3 * (double)job->train.n + (double)job->val.n);
}

static void pack(const gnt_layout *layout, const float *flat, float *packed)
{
    memset(packed, 0, layout->n * sizeof *packed);
    gnt_layout_pack(layout, flat, packed);
}

void gnt_train_begin(gnt_train_state *s)
{
    pack(&s->layout, s->job->weights, s->weights);
    pack(&s->layout, s->job->moment1, s->moment1);
    pack(&s->layout, s->job->moment2, s->moment2);
    s->rate = gnt_curve_rate(&s->job->curve, &s->job->rule, s->job->options->learning_rate);
    gnt_train_order(s->job, s->order);
}

bool gnt_train_select(gnt_train_state *s, size_t b)
{
    size_t batch = s->job->options->batch;
    s->first = smaller(b * batch, s->job->train.n);
    s->n = smaller(batch, s->job->train.n - s->first);
    s->first_block = 0;
    return s->n > 0;
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

void gnt_train_gradient(gnt_train_state *s, size_t held, float *work)
{
    const gnt_train_job *job = s->job;
    size_t first = (s->first_block + held) * GNT_BLOCK;
    if (first >= s->n || held >= s->held) return;
    gnt_block block;
    gnt_block_place(&block, &s->layout, true, has_dropout(job), work);
    uint32_t row[GNT_BLOCK];
    size_t real = block_rows(s->order + s->first, first, s->n, row);
    s->kernels->gather(job->panel, row, s->layout.net.window, block.x);
    for (size_t l = 0; l < s->layout.net.layers; l++)
        if (block.mask[l])
            s->kernels->dropout(&s->layout, job->options->dropout, job->options->seed, job->curve.epochs, row, l,
                                block.mask[l]);
    s->kernels->forward(&s->layout, s->weights, &block);
    float d_logit[GNT_BLOCK] = {0};
    for (size_t w = 0; w < real; w++) {
        s->logit[s->first + first + w] = block.logit[w];
        d_logit[w] = loss_slope(job->options, block.logit[w], label(job, row[w]), s->n);
    }
    s->kernels->backward(&s->layout, s->weights, &block, d_logit, s->gradient + held * s->layout.n_trained);
}

void gnt_train_val(gnt_train_state *s, size_t number, float *work)
{
    size_t first = number * GNT_BLOCK;
    if (first >= s->job->val.n) return;
    gnt_block block;
    gnt_block_place(&block, &s->layout, false, false, work);
    uint32_t row[GNT_BLOCK];
    size_t real = block_rows(s->job->val.row, first, s->job->val.n, row);
    s->kernels->gather(s->job->panel, row, s->layout.net.window, block.x);
    s->kernels->forward(&s->layout, s->weights, &block);
    memcpy(s->val_logit + first, block.logit, real * sizeof(float));
}

/* ---- the optimiser ------------------------------------------------------------------------------------------ */

void gnt_train_reduce(gnt_train_state *s, size_t slice)
{
    size_t at = slice * SLICE, blocks = gnt_train_blocks(s->n);
    if (slice >= s->slices || s->first_block >= blocks) return;
    s->squares[slice] =
        s->kernels->reduce(s->gradient + at, s->layout.n_trained, smaller(s->held, blocks - s->first_block),
                           smaller(SLICE, s->layout.n_trained - at), s->first_block == 0, s->sum + at);
}

/* The batch's factors: clipping (clip_grad_norm_) and bias corrections of step t. */
void gnt_train_prepare(gnt_train_state *s)
{
    const gnt_train_options *o = s->job->options;
    double squares = 0;
    for (size_t i = 0; i < s->slices; i++) squares += s->squares[i];
    double clip = o->clip_norm > 0 ? o->clip_norm / (sqrt(squares) + 1e-6) : 1, t = (double)++s->job->step;
    bool decoupled = o->optimiser == GNT_ADAMW;
    s->adam.clip = (float)(clip > 1 ? 1 : clip);
    s->adam.decay = decoupled ? 0 : (float)o->weight_decay;
    s->adam.keep = decoupled ? (float)(1 - s->rate * o->weight_decay) : 1;
    s->adam.rate1 = (float)(1 - o->beta1);
    s->adam.keep2 = (float)o->beta2;
    s->adam.rate2 = (float)(1 - o->beta2);
    s->adam.step = (float)(s->rate / (1 - pow(o->beta1, t)));
    s->adam.root_correction = (float)sqrt(1 - pow(o->beta2, t));
    s->adam.eps = (float)o->epsilon;
}

void gnt_train_adam(gnt_train_state *s, size_t slice)
{
    size_t at = slice * SLICE;
    if (slice >= s->slices || s->n == 0) return;
    s->kernels->adam(&s->adam, smaller(SLICE, s->layout.n_trained - at), s->sum + at, s->weights + at, s->moment1 + at,
                     s->moment2 + at);
}

void gnt_train_derive(gnt_train_state *s)
{
    gnt_layout_derive(&s->layout, s->weights);
}

/* ---- the epoch's order and its figures ------------------------------------------------------------------------ */

void gnt_train_order(const gnt_train_job *job, uint32_t *order)
{
    gnt_random at = gnt_random_at(job->options->seed, GNT_STREAM_SHUFFLE, job->curve.epochs);
    memcpy(order, job->train.row, job->train.n * sizeof *order);
    for (size_t i = job->train.n; i-- > 1;) {
        size_t j = (size_t)gnt_bounded(at, (uint32_t)i, i + 1);
        uint32_t row = order[i];
        order[i] = order[j];
        order[j] = row;
    }
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

void gnt_train_finish(gnt_train_state *s)
{
    gnt_train_job *job = s->job;
    gnt_layout_unpack(&s->layout, s->weights, job->weights);
    gnt_layout_unpack(&s->layout, s->moment1, job->moment1);
    gnt_layout_unpack(&s->layout, s->moment2, job->moment2);
    gnt_train_figures *f = &job->figures[job->n_run++];
    f->learning_rate = s->rate;
    f->train_loss = mean_loss(job, s->order, s->logit, job->train.n, &f->train_correct);
    f->val_loss = mean_loss(job, job->val.row, s->val_logit, job->val.n, &f->val_correct);
    gnt_curve_step(&job->curve, f->val_loss);
    if (job->best && job->curve.best == job->curve.epochs - 1) gnt_layout_unpack(&s->layout, s->weights, job->best);
}
