/* Oracle of the counter-based draws: statistics.md 15 and SPEC 10 read once more. Own Philox (Salmon et al. 2011, as
 * printed), one draw at a time; shares types (kernels.h), no arithmetic. */
#ifndef REF_DRAWS_H
#define REF_DRAWS_H

#include "kernels/kernels.h"

typedef struct ref_at {
    uint64_t seed, replicate;
    uint32_t stream, block;
} ref_at;

/* The block's two uniforms, in (0, 1). */
double ref_uniform_first(ref_at at);
double ref_uniform_second(ref_at at);
/* Uniform integer in [0, n) from the block's first half. */
uint32_t ref_bounded(ref_at at, uint32_t n);

/* Replicate r of the plan, counted from 0; index [n]. */
void ref_resample(const gnt_resample_plan *plan, uint64_t r, uint32_t n, uint32_t *index);

#endif
