/* Inputs of the benchmarks: numbers without meaning, the same on every machine. */
#include <math.h>

#include "host/bench/ops.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

static double uniform_at(uint64_t seed, uint64_t which, uint32_t block)
{
    return gnt_uniform(gnt_philox_x(gnt_philox_block(gnt_random_at(seed, GNT_STREAM_BENCH, which), block)));
}

void gnt_bench_fill_uniform(uint64_t seed, uint64_t which, float low, float high, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)(low + (double)(high - low) * uniform_at(seed, which, (uint32_t)i));
}

void gnt_bench_fill_weights(const gnt_net *net, uint64_t seed, uint64_t which, float *weights)
{
    float bound = 1 / sqrtf((float)net->hidden);
    gnt_bench_fill_uniform(seed, which, -bound, bound, gnt_net_n_weights(net), weights);
}

/* Scores move as a trained model's do: a baseline's on 25 years of IBB have mean 0.519, sd 0.022 and autocorrelation
 * 0.73 (694 changes of side in 6,100 rows), so a sweep meets as many trades as a real one. */
void gnt_bench_fill_bars(uint64_t seed, size_t symbol, size_t n, double *columns, gnt_bars_view *bars)
{
    enum { DRAWS = 6, BARS = 1 << 20 }; /* `which` of the bars' draws, apart from those of panels and weights */
    double *open = columns, *high = open + n, *low = high + n, *close = low + n, *volume = close + n,
           *score = volume + n, before = 100, above = 0;
    for (size_t t = 0; t < n; t++) {
        double u[DRAWS];
        for (uint32_t k = 0; k < DRAWS; k++) u[k] = uniform_at(seed, BARS + symbol * DRAWS + k, (uint32_t)t);
        open[t] = before * (1 + 0.01 * (u[0] - 0.5));
        close[t] = open[t] * (1 + 0.03 * (u[1] - 0.5));
        high[t] = fmax(open[t], close[t]) * (1 + 0.01 * u[2]);
        low[t] = fmin(open[t], close[t]) * (1 - 0.01 * u[3]);
        volume[t] = floor(1e6 * (0.5 + u[4]));
        above = 0.73 * above + 0.0521 * (u[5] - 0.5);
        score[t] = 0.519 + above;
        before = close[t];
    }
    *bars = (gnt_bars_view){.n = n, .open = open, .high = high, .low = low, .close = close, .volume = volume};
}
