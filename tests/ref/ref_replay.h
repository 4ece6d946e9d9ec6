/* Oracle of the A/B replay: SPEC 6 and 10 read once more, slowly: ref_draws.h's Philox, own hashes, every statistic
 * from its textbook form and every look of the always-valid test from scratch. Shares types (kernels.h), no arithmetic.
 */
#ifndef REF_REPLAY_H
#define REF_REPLAY_H

#include "kernels/kernels.h"

typedef struct ref_replay_case {
    gnt_bars_view bars;
    size_t begin, end;
    const double *prob[2]; /* [T] */
    const char *experiment;
    double weight;
    uint64_t seed, replicate;
    size_t n;                /* requests */
    const uint32_t *row;     /* [cycle] row of each request, cycled */
    const char *const *unit; /* [cycle] or NULL */
    size_t cycle;
} ref_replay_case;

typedef struct ref_replay_result {
    uint64_t count[2], n_routed[2], n_unique;
    double share, srm_p;
    double all[2], routed[2]; /* accuracies, NaN when empty */
    double routed_lo[2], routed_hi[2];
    double diff, diff_lo, diff_hi; /* enhanced - baseline */
    double mcnemar_p;
    double return_all[2], return_routed[2];
} ref_replay_result;

/* arm [n], p_after [n]: out, may be NULL. */
void ref_replay(const ref_replay_case *c, ref_replay_result *out, uint8_t *arm, double *p_after);

#endif
