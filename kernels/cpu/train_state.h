/* One job while it is trained: its packed weights and the steps of an epoch on them, each step a piece of work that
 * any thread may do (train.c says which thread does what and when). The order of sums is fixed by block and slice
 * numbers, so nobody sees in the bits who did them. */
#ifndef GNT_CPU_TRAIN_STATE_H
#define GNT_CPU_TRAIN_STATE_H

#include "kernels/cpu/lstm.h"

typedef struct gnt_train_state {
    const gnt_lstm_kernels *kernels;
    gnt_train_job *job;
    gnt_layout layout;
    float *weights, *moment1, *moment2, *sum; /* [layout.n] packed */
    float *gradient;                          /* [held][layout.n_trained] */
    size_t held;                              /* blocks whose gradients are held at a time */
    size_t slices;                            /* pieces the optimiser's arrays are cut into */
    double *squares;                          /* [slices] */
    uint32_t *order;                          /* [train.n] rows in this epoch's order */
    float *logit;                             /* [train.n] as trained, in that order */
    float *val_logit;                         /* [val.n] */
    size_t first, n;                          /* the batch: positions in order; n 0: this job has no more */
    size_t first_block;                       /* of the batch's blocks, the first whose gradient is held */
    double rate;                              /* learning rate of the epoch */
    gnt_adam adam;
} gnt_train_state;

size_t gnt_train_blocks(size_t n_windows);

/* Lays the arrays out; p->base NULL: only adds up. */
void gnt_train_place(gnt_train_state *s, gnt_train_job *job, const gnt_lstm_kernels *kernels, gnt_placer *p);
/* Floats of the work area that gradient and val below need. */
size_t gnt_train_work(const gnt_train_state *s);
/* Whether the job has another epoch to run in this call. */
bool gnt_train_goes_on(const gnt_train_job *job);
/* fma of the job's epoch, for weighing jobs against each other. */
double gnt_train_cost(const gnt_train_job *job);

/* The job's numbers into the placed arrays; the epoch's order and rate. */
void gnt_train_begin(gnt_train_state *s);
/* Batch number b; false when the epoch has no such batch. */
bool gnt_train_select(gnt_train_state *s, size_t b);
/* Gradient held at `held` of block first_block + held of the batch; nothing when there is no such block. */
void gnt_train_gradient(gnt_train_state *s, size_t held, float *work);
/* The held gradients onto one slice of the batch's sum; nothing when there is no such slice or none is held. */
void gnt_train_reduce(gnt_train_state *s, size_t slice);
/* The step's factors from all slices, then the step, slice by slice, then the weights derived from others. */
void gnt_train_prepare(gnt_train_state *s);
void gnt_train_adam(gnt_train_state *s, size_t slice);
void gnt_train_derive(gnt_train_state *s);
/* Logits of one block of validation windows; nothing when there is no such block. */
void gnt_train_val(gnt_train_state *s, size_t block, float *work);
/* Weights, moments, losses and counts back into the job, best weights where the epoch is the best; its next epoch is
 * the next one. */
void gnt_train_finish(gnt_train_state *s);

#endif
