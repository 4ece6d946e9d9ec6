#include "scaler.h"

#include <math.h>

#include "host/base/mem.h"

static gnt_status check_rows(gnt_panel raw, gnt_rows rows, gnt_error *why)
{
    if (rows.n == 0) return gnt_fail(why, GNT_EFEW, "scaler: no train row to fit on");
    for (size_t i = 0; i < rows.n; i++) {
        if (rows.row[i] >= raw.n_rows)
            return gnt_fail(why, GNT_EINVAL, "scaler: train row %u is outside the panel of %zu rows", rows.row[i],
                            raw.n_rows);
        const float *x = raw.x + (size_t)rows.row[i] * raw.n_features;
        for (size_t k = 0; k < raw.n_features; k++)
            if (!isfinite(x[k]))
                return gnt_fail(why, GNT_EVALUE, "scaler: row %u, column %zu is not finite; train rows must be valid",
                                rows.row[i], k);
    }
    return GNT_OK;
}

static double value(gnt_panel raw, gnt_rows rows, size_t i, size_t k)
{
    return raw.x[(size_t)rows.row[i] * raw.n_features + k];
}

/* Two passes; the spread of equal values is exactly 0, so that no rounded mean makes a constant column vary. */
static void fit_standard(gnt_scaler *scaler, gnt_panel raw, gnt_rows rows, size_t k)
{
    double sum = 0, squares = 0, low = value(raw, rows, 0, k), high = low, n = (double)rows.n;
    for (size_t i = 0; i < rows.n; i++) {
        double x = value(raw, rows, i, k);
        sum += x;
        if (x < low) low = x;
        if (x > high) high = x;
    }
    double mean = sum / n;
    for (size_t i = 0; i < rows.n; i++) {
        double d = value(raw, rows, i, k) - mean;
        squares += d * d;
    }
    float sd = low < high ? (float)sqrt(squares / n) : 0.0f;
    scaler->center[k] = low < high ? (float)mean : (float)low;
    scaler->scale[k] = sd > 0.0f ? sd : 1.0f;
}

static void fit_min_max(gnt_scaler *scaler, gnt_panel raw, gnt_rows rows, size_t k)
{
    double low = value(raw, rows, 0, k), high = low;
    for (size_t i = 1; i < rows.n; i++) {
        double x = value(raw, rows, i, k);
        if (x < low) low = x;
        if (x > high) high = x;
    }
    float range = (float)(high - low);
    scaler->center[k] = (float)low;
    scaler->scale[k] = range > 0.0f ? range : 1.0f;
}

gnt_status gnt_scaler_fit(gnt_scaler *scaler, gnt_panel raw, gnt_rows rows, bool min_max, gnt_error *why)
{
    gnt_status st = GNT_OK;
    *scaler = (gnt_scaler){.n = raw.n_features, .limit = min_max ? INFINITY : GNT_SCALER_LIMIT};
    GNT_GOTO(check_rows(raw, rows, why));
    GNT_ALLOC(scaler->center, scaler->n);
    GNT_ALLOC(scaler->scale, scaler->n);
    for (size_t k = 0; k < scaler->n; k++) (min_max ? fit_min_max : fit_standard)(scaler, raw, rows, k);
out:
    if (st) gnt_scaler_free(scaler);
    return st;
}

void gnt_scaler_free(gnt_scaler *scaler)
{
    free(scaler->center);
    free(scaler->scale);
    *scaler = (gnt_scaler){0};
}
