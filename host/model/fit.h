/* Parts of the training loop, private to host/model. */
#ifndef GNT_FIT_H
#define GNT_FIT_H

#include "host/model/model.h"

/* Xavier-uniform input, attention and head weights, orthogonal recurrent weights, zero biases; a pure function of the
 * architecture and the seed (Philox stream GNT_STREAM_INIT, replicate = tensor number). weights [n_weights]. */
GNT_MUST_CHECK gnt_status gnt_init_weights(const gnt_net *net, uint64_t seed, float *weights, gnt_error *why);

/* A training run between two epochs. Everything else (best epoch, patience, schedule) follows from the curve. */
typedef struct gnt_fit_state {
    size_t n_weights;
    float *weights, *moment1, *moment2, *best; /* [n_weights], owned; best: weights of the best epoch so far */
    uint64_t step;
    unsigned epochs_run;
    gnt_epoch *epoch;      /* [epochs], owned */
    uint64_t *val_correct; /* [epochs], owned */
} gnt_fit_state;
GNT_MUST_CHECK gnt_status gnt_fit_state_alloc(gnt_fit_state *state, const gnt_net *net, unsigned epochs,
                                              gnt_error *why);
void gnt_fit_state_free(gnt_fit_state *state);

/* The curve that follows from the epochs run. */
gnt_train_curve gnt_fit_curve(const gnt_fit_state *state);
/* 0-based epoch with the lowest validation loss (the last one without validation rows). epochs_run >= 1. */
unsigned gnt_fit_best(const gnt_fit_state *state);
/* Early stopping: `patience` epochs since the best one. */
bool gnt_fit_exhausted(const gnt_fit_state *state, unsigned patience);
/* rate [options->epochs]: the table of a gnt_train_rule, by epoch or, with the plateau schedule, by halvings. */
void gnt_fit_rates(const gnt_fit_options *options, double *rate);

/* Metadata of a fitted model, from its task and filled report; train: as the last epoch used them. */
GNT_MUST_CHECK gnt_status gnt_fit_describe(const gnt_fit_task *task, const gnt_train_options *train, gnt_error *why);

/* Checkpoint file: docs/FORMATS.md. `print` is the SHA-256 of what must be equal for a resume: architecture, options,
 * rows, labels and features. */
GNT_MUST_CHECK gnt_status gnt_checkpoint_write(const char *path, const gnt_fit_state *state, const char *print,
                                               gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_checkpoint_read(const char *path, const char *print, unsigned epochs,
                                              gnt_fit_state *state, gnt_error *why);

#endif
