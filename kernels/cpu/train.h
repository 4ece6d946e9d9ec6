/* Training on the CPU, for tests: what one batch computes before the optimiser sees it. */
#ifndef GNT_CPU_TRAIN_H
#define GNT_CPU_TRAIN_H

#include "kernels/cpu/cpu.h"

/* Gradient [n_weights, flat order] of the mean loss over job->train's rows as one batch in the order given, with
 * the dropout of (seed, next epoch), not clipped; logit [train.n]. The job is not changed. */
gnt_status gnt_cpu_gradient(gnt_device *dev, const gnt_train_job *job, float *gradient, float *logit);

/* order [train.n]: job->train's rows as the job's next epoch visits them: Fisher-Yates from the end (statistics.md 15),
 * position i takes a place in 0..i drawn from block i of (seed, stream 105, replicate = epoch). */
void gnt_train_order(const gnt_train_job *job, uint32_t *order);

#endif
