/* Rows of test_devices.c: features and scale. */
#ifndef GNT_PARITY_DEVICES_ROWS_H
#define GNT_PARITY_DEVICES_ROWS_H

#include <float.h>

#include "tests/parity/devices.h"
#include "tests/ref/ref_features.h"
#include "tests/synth.h"

/* ---- features -----------------------------------------------------------------------------------------------------
 */

/* The longest is cut into chunks on a small device. */
static const size_t rows_sizes[] = {0, 1, 31, 32, 33, 1000, 1009, 5003, PARITY_END};
enum { ROWS_SYMBOLS = 3, ROWS_STRIDE = 38, ROWS_PANEL_STRIDE = 18, ROWS_MOST_BARS = 70 };

typedef struct rows_market {
    gnt_bars_view bars;
    double *storage;
} rows_market;

/* Closes that stand still for a while, days without volume, prices that hardly move. */
static rows_market rows_symbol(size_t s, size_t n)
{
    rows_market m = {.storage = parity_array(5 * n, sizeof(double))};
    m.bars = synth_bars(s + 1, n, s % 3 == 2 ? 1e-9 : s % 2 ? .02 : .3, m.storage);
    double *close = m.storage + 3 * n, *volume = m.storage + 4 * n;
    for (size_t t = 60; t < 100 && t < n; t++) {
        if (s % 2 == 0) close[t] = close[59];
        if (s % 2 == 1) volume[t] = 0;
    }
    return m;
}

/* Output i is symbol i / 2's, of one set and the other; strides leave padding that nobody may write. */
static void rows_features(parity_run *run, const rows_market *m, size_t n_symbols)
{
    static const size_t stride[2] = {ROWS_STRIDE, ROWS_PANEL_STRIDE};
    gnt_error why = {0};
    gnt_bars_view *bars = parity_array(n_symbols, sizeof *bars);
    float **out = parity_array(n_symbols, sizeof *out);
    size_t n_rows = 0;
    for (size_t s = 0; s < n_symbols; s++) {
        bars[s] = m[s].bars;
        n_rows += bars[s].n;
    }
    for (int set = 0; set < 2; set++) {
        float *rows = parity_out(run, PARITY_F32, n_rows * stride[set]);
        for (size_t s = 0; s < n_symbols; s++) {
            out[s] = rows;
            rows += bars[s].n * stride[set];
        }
        parity_call(
            run, gnt_engine_features(run->engine, (gnt_feature_set)set, bars, n_symbols, stride[set], out, &why), &why);
    }
    free(bars);
    free(out);
}

static double rows_ulp32(double x)
{
    float f = fabsf((float)x);
    return (double)nextafterf(f, INFINITY) - (double)f;
}

/* docs/decisions/feature-bounds.md; rows are sampled, since the oracle's signal line is quadratic in t. */
static void rows_check_symbol(parity_run *run, const gnt_bars_view *bars, const float *gauntlet, const float *levels)
{
    ref_bars ref = {bars->n, bars->open, bars->high, bars->low, bars->close, bars->volume};
    for (size_t t = 0; t < bars->n && !run->failed; t++) {
        double row[35], condition[35];
        const float *got = gauntlet + t * ROWS_STRIDE, *level = levels + t * ROWS_PANEL_STRIDE;
        if (t < REF_GAUNTLET_FIRST)
            for (size_t k = 0; k < 35; k++)
                if (!isnan(got[k])) parity_fail(run, "row %zu column %zu: %.9g before the warm-up", t, k + 1, got[k]);
        if (t < REF_LEVELS_FIRST)
            for (size_t k = 0; k < 17; k++)
                if (!isnan(level[k]))
                    parity_fail(run, "row %zu level %zu: %.9g before the warm-up", t, k + 1, level[k]);
        if (t >= 1100 || (t >= 80 && t % 97 && t + 1 != bars->n)) continue;
        if (t >= REF_GAUNTLET_FIRST) {
            ref_gauntlet_35(&ref, t, row);
            ref_gauntlet_35_condition(&ref, t, condition);
            for (size_t k = 0; k < 35; k++) {
                double bound = rows_ulp32(row[k]) + 256 * 0x1p-53 * condition[k];
                parity_near(run, t * 35 + k, got[k], (double)(float)row[k], bound);
            }
        }
        if (t >= REF_LEVELS_FIRST) {
            ref_levels_17(&ref, t, row);
            for (size_t k = 0; k < 17; k++) {
                double bound = rows_ulp32(row[k]) + 256 * 0x1p-53 * fabs(row[k]);
                parity_near(run, t * 17 + k, level[k], (double)(float)row[k], bound);
            }
        }
    }
}

static void rows_check(parity_run *run, const rows_market *m, size_t n_symbols, size_t every)
{
    const float *gauntlet = parity_data(&run->out[0]), *levels = parity_data(&run->out[1]);
    for (size_t s = 0; s < n_symbols; s++) {
        size_t n = m[s].bars.n;
        if (s % every == 0) rows_check_symbol(run, &m[s].bars, gauntlet, levels);
        gauntlet += n * ROWS_STRIDE;
        levels += n * ROWS_PANEL_STRIDE;
    }
}

/* Few long histories, or many short ones of different lengths. */
static size_t rows_length(size_t s)
{
    static const size_t lengths[] = {ROWS_MOST_BARS, 0, 1, 19, 20, 49, 50, 51};
    return lengths[s % (sizeof lengths / sizeof *lengths)];
}

typedef void rows_fn(parity_run *run, const rows_market *m, size_t n_symbols);

static void rows_with_market(parity_run *run, bool symbols, rows_fn *fn)
{
    size_t n_symbols = symbols ? run->size : ROWS_SYMBOLS;
    rows_market *m = parity_array(n_symbols, sizeof *m);
    for (size_t s = 0; s < n_symbols; s++) m[s] = rows_symbol(s, symbols ? rows_length(s) : run->size);
    fn(run, m, n_symbols);
    for (size_t s = 0; s < n_symbols; s++) free(m[s].storage);
    free(m);
}

static void rows_check_all(parity_run *run, const rows_market *m, size_t n_symbols)
{
    rows_check(run, m, n_symbols, n_symbols > 100 ? 37 : 1); /* the rest is the yardstick's word */
}

static void rows_features_bars(parity_run *run)
{
    rows_with_market(run, false, rows_features);
}
static void rows_features_bars_check(parity_run *run)
{
    rows_with_market(run, false, rows_check_all);
}
static void rows_features_symbols(parity_run *run)
{
    rows_with_market(run, true, rows_features);
}
static void rows_features_symbols_check(parity_run *run)
{
    rows_with_market(run, true, rows_check_all);
}

/* ---- scale --------------------------------------------------------------------------------------------------------
 */

enum { ROWS_COLUMNS = 7 };
static const float rows_limits[] = {5, INFINITY, 1e-30f};
enum { ROWS_LIMITS = sizeof rows_limits / sizeof *rows_limits };

typedef struct rows_panel {
    float *x, center[ROWS_COLUMNS], scale[ROWS_COLUMNS];
    size_t n; /* numbers */
} rows_panel;

/* Ordinary numbers, every kind of NaN, infinities, zeros of both signs, subnormals. */
static rows_panel rows_make_panel(size_t n_rows)
{
    static const uint32_t odd[] = {0x7fc00000, 0xffc00000, 0x7f800001, 0xff812345, 0x7fffffff, 0x7f800000,
                                   0xff800000, 0x80000000, 0,          1,          0x807fffff, 0x7f7fffff};
    uint64_t seed = 5;
    rows_panel p = {.x = parity_array(n_rows * ROWS_COLUMNS, sizeof(float)), .n = n_rows * ROWS_COLUMNS};
    for (size_t k = 0; k < ROWS_COLUMNS; k++) {
        p.center[k] = k == 6 ? 0 : (float)(2 * parity_uniform(&seed) - 1);
        p.scale[k] = k == 5 ? 1e-38f : (float)(0.01 + parity_uniform(&seed)) * (k == 4 ? -1 : 1);
    }
    for (size_t i = 0; i < p.n; i++) {
        p.x[i] = (float)(8 * parity_uniform(&seed) - 4);
        if (i % 5 == 3) memcpy(&p.x[i], &odd[i / 5 % 12], sizeof(float));
    }
    return p;
}

static void rows_scale(parity_run *run)
{
    gnt_error why = {0};
    rows_panel p = rows_make_panel(run->size);
    gnt_panel panel = {p.x, run->size, ROWS_COLUMNS};
    for (size_t l = 0; l < ROWS_LIMITS; l++) {
        float *out = parity_out(run, PARITY_F32, p.n);
        parity_call(run, gnt_engine_scale(run->engine, panel, p.center, p.scale, rows_limits[l], out, &why), &why);
    }
    panel.x = parity_in_out(run, PARITY_F32, p.n, p.x); /* in place */
    parity_call(run, gnt_engine_scale(run->engine, panel, p.center, p.scale, 5, (float *)panel.x, &why), &why);
    free(p.x);
}

/* Two roundings of half an ulp; a result below the normals is off by half the smallest number at most. */
static void rows_scale_check(parity_run *run)
{
    rows_panel p = rows_make_panel(run->size);
    for (size_t o = 0; o <= ROWS_LIMITS; o++) {
        const float *out = parity_data(&run->out[o]);
        double limit = rows_limits[o % ROWS_LIMITS];
        for (size_t i = 0; i < p.n; i++) {
            size_t k = i % ROWS_COLUMNS;
            double z = ((double)p.x[i] - p.center[k]) / p.scale[k], want = fmin(fmax(z, -limit), limit);
            bool overflows = fabs(z) * (1 + 0x1p-23) > FLT_MAX; /* by rounding too: then infinity, or the limit */
            if (isnan(p.x[i])) {
                if (!isnan(out[i])) parity_fail(run, "element %zu: %.9g of NaN", i, (double)out[i]);
            } else if (overflows && isinf(limit)) {
                if (!isinf(out[i])) parity_fail(run, "element %zu: %.9g of %.9g", i, (double)out[i], (double)p.x[i]);
            } else
                parity_near(run, i, out[i], want, 0x1.000002p-23 * fabs(want) + 0x1p-150);
        }
    }
    free(p.x);
}

#endif
