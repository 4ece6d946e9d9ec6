/* resample.c: bootstrap indices (statistics.md 15).
 *
 * idea     block t of (seed, stream, replicate) gives step t: y decides whether a block starts, x where. A replicate
 *          is serial in t, replicates are independent.
 * shapes   index [R][n]
 * class    exact */
#include "kernels/cpu/stages.h"
#include "kernels/math/philox.h"

static void stationary(gnt_random at, double block, size_t n, uint32_t *index)
{
    double restart = 1 / block;
    for (size_t t = 0; t < n; t++) {
        bool starts = t == 0 || gnt_uniform(gnt_philox_y(gnt_philox_block(at, (uint32_t)t))) < restart;
        if (starts)
            index[t] = (uint32_t)gnt_bounded(at, (uint32_t)t, n);
        else
            index[t] = index[t - 1] + 1 == n ? 0 : index[t - 1] + 1;
    }
}

static void circular(gnt_random at, size_t block, size_t n, uint32_t *index)
{
    for (size_t t = 0; t < n; t++) {
        if (t % block == 0)
            index[t] = (uint32_t)gnt_bounded(at, (uint32_t)(t / block), n);
        else
            index[t] = index[t - 1] + 1 == n ? 0 : index[t - 1] + 1;
    }
}

static void iid(gnt_random at, size_t n, uint32_t *index)
{
    for (size_t t = 0; t < n; t++) index[t] = (uint32_t)gnt_bounded(at, (uint32_t)t, n);
}

void gnt_cpu_resample(const gnt_resample_plan *plan, size_t n, size_t first, size_t last, uint32_t *index)
{
    for (size_t r = first; r < last; r++) {
        gnt_random at = gnt_random_at(plan->seed, plan->stream, plan->first_replicate + r);
        uint32_t *row = index + r * n;
        switch (plan->method) {
        case GNT_RESAMPLE_STATIONARY:
            stationary(at, plan->block, n, row);
            break;
        case GNT_RESAMPLE_CIRCULAR:
            circular(at, (size_t)plan->block, n, row);
            break;
        case GNT_RESAMPLE_IID:
            iid(at, n, row);
            break;
        }
    }
}
