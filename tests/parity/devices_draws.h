/* Rows of test_devices.c: resample and split, exact class, every draw against the oracle. */
#ifndef GNT_PARITY_DEVICES_DRAWS_H
#define GNT_PARITY_DEVICES_DRAWS_H

#include "tests/parity/devices.h"
#include "tests/ref/ref_draws.h"

/* ---- resample --------------------------------------------------------------------------------------------------- */

/* Sizes count replicates of a short series, or positions of a few replicates. */
enum { DRAWS_SHORT = 53, DRAWS_FEW = 3 };

static const gnt_resample_plan draws_plans[] = {
    {GNT_RESAMPLE_STATIONARY, 7.5, 0x123456789abcdef0ULL, 9, 3},
    {GNT_RESAMPLE_STATIONARY, 1, 11, 65535, 0},           /* every step begins a block */
    {GNT_RESAMPLE_STATIONARY, 1e9, 12, 1, 0xFFFFFFFFULL}, /* hardly any does; the replicate's high word */
    {GNT_RESAMPLE_CIRCULAR, 10.9, 13, 2, 77},             /* blocks of 10 */
    {GNT_RESAMPLE_CIRCULAR, 5000, 14, 2, 77},             /* longer than the series */
    {GNT_RESAMPLE_IID, 0, 15, 5, 123456789012ULL},
};
enum { DRAWS_PLANS = sizeof draws_plans / sizeof *draws_plans };

static void draws_resample(parity_run *run, size_t n, size_t n_replicates)
{
    gnt_error why = {0};
    for (size_t p = 0; p < DRAWS_PLANS; p++) {
        uint32_t *index = parity_out(run, PARITY_U32, n * n_replicates);
        parity_call(run, gnt_engine_resample(run->engine, &draws_plans[p], n, n_replicates, index, &why), &why);
    }
}

static void draws_check_resample(parity_run *run, size_t n, size_t n_replicates)
{
    uint32_t *want = parity_array(n, sizeof *want);
    for (size_t p = 0; p < DRAWS_PLANS; p++) {
        const uint32_t *index = parity_data(&run->out[p]);
        for (size_t r = 0; r < n_replicates; r++) {
            ref_resample(&draws_plans[p], r, (uint32_t)n, want);
            for (size_t t = 0; t < n; t++) parity_equal(run, r * n + t, index[r * n + t], want[t]);
        }
    }
    free(want);
}

static void draws_replicates(parity_run *run)
{
    draws_resample(run, DRAWS_SHORT, run->size);
}
static void draws_replicates_check(parity_run *run)
{
    draws_check_resample(run, DRAWS_SHORT, run->size);
}
static void draws_positions(parity_run *run)
{
    draws_resample(run, run->size, DRAWS_FEW);
}
static void draws_positions_check(parity_run *run)
{
    draws_check_resample(run, run->size, DRAWS_FEW);
}

/* ---- split ------------------------------------------------------------------------------------------------------ */

static const double draws_weights[] = {0, 0.3, 1};
enum { DRAWS_WEIGHTS = sizeof draws_weights / sizeof *draws_weights };
static const uint64_t draws_split_seed = 0xfedcba9876543210ULL, draws_split_first = 0xFFFFFFFEULL;

/* Request numbers and hashes of unit ids. */
static uint32_t draws_counter(size_t j)
{
    return j % 3 ? (uint32_t)j : 0xdeadbeefu * (uint32_t)(j + 1);
}

static void draws_split(parity_run *run, size_t n, size_t n_replicates)
{
    gnt_error why = {0};
    uint32_t *counter = parity_array(n, sizeof *counter);
    for (size_t j = 0; j < n; j++) counter[j] = draws_counter(j);
    for (size_t w = 0; w < DRAWS_WEIGHTS; w++) {
        uint8_t *enhanced = parity_out(run, PARITY_BYTES, n * n_replicates);
        parity_call(run,
                    gnt_engine_split(run->engine, draws_split_seed, draws_weights[w], counter, n, draws_split_first,
                                     n_replicates, enhanced, &why),
                    &why);
    }
    free(counter);
}

static void draws_check_split(parity_run *run, size_t n, size_t n_replicates)
{
    for (size_t w = 0; w < DRAWS_WEIGHTS; w++) {
        const uint8_t *enhanced = parity_data(&run->out[w]);
        for (size_t i = 0; i < n * n_replicates; i++) {
            ref_at at = {draws_split_seed, draws_split_first + i / n, 101, draws_counter(i % n)};
            parity_equal(run, i, enhanced[i], ref_uniform_first(at) < draws_weights[w]);
        }
    }
}

static void draws_split_replicates(parity_run *run)
{
    draws_split(run, DRAWS_SHORT, run->size);
}
static void draws_split_replicates_check(parity_run *run)
{
    draws_check_split(run, DRAWS_SHORT, run->size);
}
static void draws_split_requests(parity_run *run)
{
    draws_split(run, run->size, DRAWS_FEW);
}
static void draws_split_requests_check(parity_run *run)
{
    draws_check_split(run, run->size, DRAWS_FEW);
}

#endif
