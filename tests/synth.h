/* Bars made up for tests: a random walk with gaps, from the generator of statistics.md 15 (not for production). */
#ifndef GNT_TEST_SYNTH_H
#define GNT_TEST_SYNTH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

static inline double synth_uniform(uint64_t *x)
{
    *x = *x * 6364136223846793005ULL + 1442695040888963407ULL;
    return ((double)(*x >> 11) + .5) * 0x1p-53;
}

/* storage [5][n]; daily moves of about `vol`; every 37th volume is 0. */
static inline gnt_bars_view synth_bars(uint64_t seed, size_t n, double vol, double *storage)
{
    double *o = storage, *h = o + n, *l = h + n, *c = l + n, *v = c + n, price = 100;
    for (size_t t = 0; t < n; t++) {
        o[t] = price * (1 + vol * (synth_uniform(&seed) - .5));
        c[t] = o[t] * (1 + 2 * vol * (synth_uniform(&seed) - .5));
        h[t] = fmax(o[t], c[t]) * (1 + vol * synth_uniform(&seed));
        l[t] = fmin(o[t], c[t]) * (1 - vol * .5 * synth_uniform(&seed));
        v[t] = t % 37 == 36 ? 0 : floor(1e6 * (.5 + synth_uniform(&seed)));
        price = c[t];
    }
    return (gnt_bars_view){.n = n, .open = o, .high = h, .low = l, .close = c, .volume = v};
}

#endif
