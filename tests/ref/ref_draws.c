#include "ref_draws.h"

#include <math.h>

static void block_words(ref_at at, uint32_t w[4])
{
    uint32_t k0 = (uint32_t)at.seed, k1 = (uint32_t)(at.seed >> 32);
    uint32_t c0 = at.block, c1 = at.stream, c2 = (uint32_t)at.replicate, c3 = (uint32_t)(at.replicate >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t m0 = 0xD2511F53ull * c0, m1 = 0xCD9E8D57ull * c2;
        uint32_t n0 = (uint32_t)(m1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(m0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)m1;
        c3 = (uint32_t)m0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    w[0] = c0;
    w[1] = c1;
    w[2] = c2;
    w[3] = c3;
}

/* Halfway between neighbours of 2^-53: at the top that would round to 1. */
static double uniform(uint32_t low, uint32_t high)
{
    uint64_t x = (uint64_t)high * 4294967296u + low;
    return fmin(ldexp((double)(x / 2048) + 0.5, -53), nextafter(1, 0));
}

double ref_uniform_first(ref_at at)
{
    uint32_t w[4];
    block_words(at, w);
    return uniform(w[0], w[1]);
}

double ref_uniform_second(ref_at at)
{
    uint32_t w[4];
    block_words(at, w);
    return uniform(w[2], w[3]);
}

/* x n / 2^64 in 32-bit digits: whole part and the fraction that decides on rejection, against 2^64 mod n. */
uint32_t ref_bounded(ref_at at, uint32_t n)
{
    for (;; at.stream += 65536) {
        uint32_t w[4];
        block_words(at, w);
        uint64_t low = (uint64_t)w[0] * n, high = (uint64_t)w[1] * n + (low >> 32);
        uint64_t fraction = high << 32 | (low & 0xFFFFFFFFu);
        if (fraction >= (UINT64_MAX % n + 1) % n) return (uint32_t)(high >> 32);
    }
}

static int block_starts(const gnt_resample_plan *plan, ref_at at, uint32_t t)
{
    if (t == 0 || plan->method == GNT_RESAMPLE_IID) return 1;
    if (plan->method == GNT_RESAMPLE_CIRCULAR) return t % (uint64_t)plan->block == 0;
    at.block = t;
    return ref_uniform_second(at) < 1 / plan->block;
}

void ref_resample(const gnt_resample_plan *plan, uint64_t r, uint32_t n, uint32_t *index)
{
    ref_at at = {plan->seed, plan->first_replicate + r, plan->stream, 0};
    for (uint32_t t = 0; t < n; t++) {
        at.block = plan->method == GNT_RESAMPLE_CIRCULAR ? (uint32_t)(t / (uint64_t)plan->block) : t;
        index[t] = block_starts(plan, at, t) ? ref_bounded(at, n) : (index[t - 1] + 1) % n;
    }
}
