#include "host/eval/bootstrap.h"

#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/moments.h"
#include "host/eval/sharpe.h"

enum { CHUNK_INDICES = 1 << 20, MIN_AUTOMATIC = 20 };

static double statistic_of(gnt_boot_statistic statistic, const double *x, size_t n)
{
    double mean = gnt_mean(x, n);
    if (statistic == GNT_BOOT_MEAN) return mean;
    double sd = gnt_sd(x, n, mean);
    return sd > 0 ? mean / sd : NAN;
}

/* The block length as asked for, or taken from the data: never shorter than one period, whole for circular blocks. */
static gnt_status choose_block(const double *x, size_t n, const gnt_bootstrap_options *o, double *block, gnt_error *why)
{
    *block = o->block;
    if (o->method == GNT_RESAMPLE_IID) return GNT_OK;
    if (o->block == 0) {
        if (n < MIN_AUTOMATIC)
            return gnt_fail(why, GNT_EFEW, "bootstrap: %zu rows; %d are needed to choose a block length: give one", n,
                            MIN_AUTOMATIC);
        gnt_block_length length = gnt_block_length_of(x, n);
        double chosen = o->method == GNT_RESAMPLE_STATIONARY ? length.stationary.value : ceil(length.circular.value);
        *block = chosen > 1 ? chosen : 1; /* a constant series has none: any will do */
    }
    if (!(*block >= 1 && *block <= (double)n))
        return gnt_fail(why, GNT_EINVAL, "bootstrap: block %g is outside 1 to %zu, the number of rows", *block, n);
    if (o->method == GNT_RESAMPLE_CIRCULAR && *block != floor(*block))
        return gnt_fail(why, GNT_EINVAL, "bootstrap: block %g: circular blocks have a whole length", *block);
    return GNT_OK;
}

static gnt_status replicate(gnt_engine *engine, const double *x, size_t n, const gnt_bootstrap_options *o, double block,
                            double *value, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *sample = NULL;
    uint32_t *index = NULL;
    size_t chunk = n < CHUNK_INDICES ? CHUNK_INDICES / n : 1;
    GNT_ALLOC(sample, n);
    GNT_ALLOC(index, chunk * n);
    for (size_t first = 0; first < o->n_replicates; first += chunk) {
        size_t m = o->n_replicates - first < chunk ? o->n_replicates - first : chunk;
        gnt_resample_plan plan = {o->method, block, o->seed, o->stream, first};
        GNT_GOTO(gnt_engine_resample(engine, &plan, n, m, index, why));
        for (size_t r = 0; r < m; r++) {
            for (size_t t = 0; t < n; t++) sample[t] = x[index[r * n + t]];
            value[first + r] = statistic_of(o->statistic, sample, n);
        }
    }
out:
    free(index);
    free(sample);
    return st;
}

gnt_status gnt_bootstrap_run(gnt_engine *engine, const double *x, size_t n, const gnt_bootstrap_options *options,
                             gnt_bootstrap *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *value = NULL;
    size_t R = options->n_replicates;
    gnt_figure none = gnt_figure_none("zero_variance");
    *out = (gnt_bootstrap){none, none, none, 0};
    if (n < 2) return gnt_fail(why, GNT_EFEW, "bootstrap: %zu rows; at least 2 are needed", n);
    GNT_TRY(choose_block(x, n, options, &out->block, why));
    GNT_ALLOC(value, R);
    GNT_GOTO(replicate(engine, x, n, options, out->block, value, why));
    double point = statistic_of(options->statistic, x, n);
    if (isfinite(point)) out->value = gnt_figure_of(point);
    if (gnt_first_not_finite(value, R) == R) {
        gnt_sort(value, R);
        out->lo = gnt_figure_of(gnt_quantile_sorted(value, R, options->alpha / 2));
        out->hi = gnt_figure_of(gnt_quantile_sorted(value, R, 1 - options->alpha / 2));
    }
out:
    free(value);
    return st;
}
