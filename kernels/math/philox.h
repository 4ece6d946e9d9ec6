/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011) and the conversions of statistics.md 15.
 *
 * A value is a pure function of (seed, stream, replicate, block): any thread, order or device gives the same bits.
 * key = (seed low, seed high); counter = (block, stream, replicate low, replicate high). Class exact. */
#ifndef GNT_MATH_PHILOX_H
#define GNT_MATH_PHILOX_H

#include <stdint.h>

#include "fn.h"

typedef struct gnt_philox {
    uint32_t w[4];
} gnt_philox;

/* Where a stream of draws lies; a block is four words. */
typedef struct gnt_random {
    uint64_t seed, replicate;
    uint32_t stream;
} gnt_random;

GNT_FN gnt_philox gnt_philox_rounds(gnt_philox c, uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53u * c.w[0], b = (uint64_t)0xCD9E8D57u * c.w[2];
        gnt_philox next;
        next.w[0] = (uint32_t)(b >> 32) ^ c.w[1] ^ k0;
        next.w[1] = (uint32_t)b;
        next.w[2] = (uint32_t)(a >> 32) ^ c.w[3] ^ k1;
        next.w[3] = (uint32_t)a;
        c = next;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

GNT_FN gnt_random gnt_random_at(uint64_t seed, uint32_t stream, uint64_t replicate)
{
    gnt_random at;
    at.seed = seed;
    at.replicate = replicate;
    at.stream = stream;
    return at;
}

GNT_FN gnt_philox gnt_philox_block(gnt_random at, uint32_t block)
{
    gnt_philox c;
    c.w[0] = block;
    c.w[1] = at.stream;
    c.w[2] = (uint32_t)at.replicate;
    c.w[3] = (uint32_t)(at.replicate >> 32);
    return gnt_philox_rounds(c, (uint32_t)at.seed, (uint32_t)(at.seed >> 32));
}

/* The two 64-bit halves of a block: x from words 0 and 1, y from words 2 and 3. */
GNT_FN uint64_t gnt_philox_x(gnt_philox block)
{
    return (uint64_t)block.w[1] << 32 | block.w[0];
}
GNT_FN uint64_t gnt_philox_y(gnt_philox block)
{
    return (uint64_t)block.w[3] << 32 | block.w[2];
}

/* ((bits >> 11) + 0.5) 2^-53, in (0, 1). Above one half the sum rounds to even; the very last value would round
 * to 1 and is kept at the largest double below it. */
GNT_FN double gnt_uniform(uint64_t bits)
{
    double u = ((double)(bits >> 11) + 0.5) * 0x1p-53;
    return u < 1 ? u : 1 - 0x1p-53;
}

/* Uniform integer in [0, n), n >= 1 (Lemire 2019): the high half of x n; a rejected x is drawn again from the same
 * block of stream + 65536 attempt. reject_below: 2^64 mod n, the same for every draw below n. */
GNT_FN uint64_t gnt_reject_below(uint64_t n)
{
    return (0 - n) % n;
}
GNT_FN uint64_t gnt_bounded_from(gnt_random at, uint32_t block, uint64_t n, uint64_t reject_below)
{
    for (;;) {
        unsigned __int128 product = (unsigned __int128)gnt_philox_x(gnt_philox_block(at, block)) * n;
        if ((uint64_t)product >= reject_below) return (uint64_t)(product >> 64);
        at.stream += 65536u;
    }
}
GNT_FN uint64_t gnt_bounded(gnt_random at, uint32_t block, uint64_t n)
{
    return gnt_bounded_from(at, block, n, gnt_reject_below(n));
}

#endif
