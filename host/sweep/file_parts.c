#include "host/sweep/file_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/sweep/file.h"

static const char *const figure_names[GNT_SWEEP_N_FIGURES] = {
#define X(name, kind) #name,
    GNT_SWEEP_FIGURES(X)
#undef X
};

/* ---- 128-bit integers as pairs of int64: high, low ------------------------------------------------------------- */

static void wide_put(int64_t pair[2], gnt_u128 x)
{
    pair[0] = (int64_t)(uint64_t)(x >> 64);
    pair[1] = (int64_t)(uint64_t)x;
}

static gnt_u128 wide_get(const int64_t pair[2])
{
    return (gnt_u128)(uint64_t)pair[0] << 64 | (uint64_t)pair[1];
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static gnt_status put_spec(gnt_h5 *file, const gnt_sweep_collection *c, gnt_error *why)
{
    gnt_text text = {0};
    json_t *json = gnt_sweep_spec_json(&c->spec);
    gnt_status st = gnt_json_dump(json, false, &text, why);
    if (!st) st = gnt_h5_put(file, "/spec", GNT_H5_U8, text.data, text.n, 0, why);
    json_decref(json);
    gnt_text_free(&text);
    return st;
}

static gnt_status put_counts(gnt_h5 *file, const gnt_sweep_collection *c, gnt_error *why)
{
    uint64_t bars = gnt_sweep_spec_bars(&c->spec);
    const char *provenance = gnt_provenance_name(gnt_sweep_spec_provenance(&c->spec));
    GNT_TRY(gnt_h5_put_text(file, "/", "provenance", provenance, why));
    GNT_TRY(gnt_h5_put_text(file, "/", "by", gnt_sweep_metric_name(c->spec.by), why));
    GNT_TRY(gnt_h5_put_count(file, "/", "grid_points", (int64_t)c->spec.grid.n_points, why));
    GNT_TRY(gnt_h5_put_count(file, "/", "configurations", (int64_t)c->n_tried, why));
    GNT_TRY(gnt_h5_put_count(file, "/", "skipped", (int64_t)c->n_skipped, why));
    return gnt_h5_put_count(file, "/", "bars", (int64_t)bars, why);
}

static gnt_status put_dim(gnt_h5 *file, const gnt_grid_dim *dim, const char *path, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *value = NULL;
    GNT_ALLOC(value, dim->n);
    for (uint64_t k = 0; k < dim->n; k++) value[k] = gnt_grid_value(dim, k);
    GNT_GOTO(gnt_h5_put(file, path, GNT_H5_F64, value, dim->n, 0, why));
out:
    free(value);
    return st;
}

/* Words by their place in the parameter's list, which stands beside them. */
static gnt_status put_grid(gnt_h5 *file, const gnt_grid *grid, gnt_error *why)
{
    char order[GNT_GRID_DIMS * 32] = "", path[64];
    for (size_t d = 0; d < grid->n_dims; d++) {
        const gnt_parameter *p = grid->dim[d].parameter;
        size_t used = strlen(order);
        snprintf(order + used, sizeof order - used, "%s%s", d ? "," : "", p->name);
        snprintf(path, sizeof path, "/grid/%s", p->name);
        GNT_TRY(put_dim(file, &grid->dim[d], path, why));
        if (gnt_parameter_is_words(p)) GNT_TRY(gnt_h5_put_text(file, path, "words", p->value_hint, why));
    }
    return gnt_h5_put_text(file, "/grid", "order", order, why);
}

/* The order of every array of slices. */
static gnt_status put_slices(gnt_h5 *file, const gnt_sweep_spec *spec, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = spec->n_slices;
    char(*symbol)[GNT_SYMBOL_ROOM] = NULL;
    int32_t *x = NULL;
    int64_t *bars = NULL;
    GNT_ALLOC(symbol, n);
    GNT_ALLOC(x, n);
    GNT_ALLOC(bars, n);
    for (size_t i = 0; i < n; i++) snprintf(symbol[i], sizeof symbol[i], "%s", spec->slice[i].symbol);
    GNT_GOTO(gnt_h5_put_words(file, "/slices/symbol", symbol[0], n, GNT_SYMBOL_ROOM, why));
    for (size_t i = 0; i < n; i++) x[i] = (int32_t)spec->slice[i].fold;
    GNT_GOTO(gnt_h5_put(file, "/slices/fold", GNT_H5_I32, x, n, 0, why));
    for (size_t i = 0; i < n; i++) x[i] = spec->slice[i].from;
    GNT_GOTO(gnt_h5_put(file, "/slices/from", GNT_H5_I32, x, n, 0, why));
    for (size_t i = 0; i < n; i++) x[i] = spec->slice[i].to;
    GNT_GOTO(gnt_h5_put(file, "/slices/to", GNT_H5_I32, x, n, 0, why));
    for (size_t i = 0; i < n; i++) bars[i] = (int64_t)spec->slice[i].n_bars;
    GNT_GOTO(gnt_h5_put(file, "/slices/n_bars", GNT_H5_I64, bars, n, 0, why));
out:
    free(symbol);
    free(x);
    free(bars);
    return st;
}

static gnt_status put_trials(gnt_h5 *file, const gnt_sweep_collection *c, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = c->spec.n_slices;
    int64_t *count = NULL, (*sum)[2] = NULL, (*squares)[2] = NULL;
    double *mean = NULL, *variance = NULL;
    GNT_ALLOC(count, n);
    GNT_ALLOC(sum, n);
    GNT_ALLOC(squares, n);
    GNT_ALLOC(mean, n);
    GNT_ALLOC(variance, n);
    for (size_t i = 0; i < n; i++) {
        const gnt_sweep_trials *t = &c->trials[i];
        count[i] = (int64_t)t->n;
        wide_put(sum[i], (gnt_u128)t->sum);
        wide_put(squares[i], t->squares);
        mean[i] = gnt_sweep_trials_mean(t);
        variance[i] = gnt_sweep_trials_variance(t);
    }
    GNT_GOTO(gnt_h5_put(file, "/trials/n", GNT_H5_I64, count, n, 0, why));
    GNT_GOTO(gnt_h5_put(file, "/trials/sharpe_mean", GNT_H5_F64, mean, n, 0, why));
    GNT_GOTO(gnt_h5_put(file, "/trials/sharpe_variance", GNT_H5_F64, variance, n, 0, why));
    GNT_GOTO(gnt_h5_put(file, "/trials/sharpe_sum", GNT_H5_I64, sum, n, 2, why));
    GNT_GOTO(gnt_h5_put(file, "/trials/sharpe_squares", GNT_H5_I64, squares, n, 2, why));
out:
    free(count);
    free(sum);
    free(squares);
    free(mean);
    free(variance);
    return st;
}

/* Of the whole only: a shard doesn't know all trials. */
static gnt_status put_luck(gnt_h5 *file, const gnt_sweep_collection *c, double *x, gnt_error *why)
{
    size_t n = c->n_best, slices = c->spec.n_slices;
    for (size_t s = 0; s < slices; s++) x[s] = gnt_sweep_luck(c, s);
    GNT_TRY(gnt_h5_put(file, "/trials/sharpe_of_luck", GNT_H5_F64, x, slices, 0, why));
    for (size_t i = 0; i < n * slices; i++) x[i] = gnt_sweep_psr(c, i / slices, i % slices, 0).value;
    GNT_TRY(gnt_h5_put(file, "/best/psr", GNT_H5_F64, x, n, slices, why));
    for (size_t i = 0; i < n * slices; i++)
        x[i] = gnt_sweep_psr(c, i / slices, i % slices, gnt_sweep_luck(c, i % slices)).value;
    return gnt_h5_put(file, "/best/dsr", GNT_H5_F64, x, n, slices, why);
}

static gnt_status put_best(gnt_h5 *file, const gnt_sweep_collection *c, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = c->n_best, slices = c->spec.n_slices;
    int64_t *number = NULL;
    double *x = NULL;
    GNT_ALLOC(number, n);
    GNT_ALLOC(x, (n + 1) * slices);
    for (size_t k = 0; k < n; k++) number[k] = (int64_t)c->best[k].number;
    GNT_GOTO(gnt_h5_put(file, "/best/configuration", GNT_H5_I64, number, n, 0, why));
    for (size_t k = 0; k < n; k++) x[k] = c->best[k].value;
    GNT_GOTO(gnt_h5_put(file, "/best/value", GNT_H5_F64, x, n, 0, why));
    for (int f = 0; f < GNT_SWEEP_N_FIGURES; f++) {
        char path[64];
        for (size_t i = 0; i < n * slices; i++) x[i] = ((const double *)&c->figures[i])[f];
        snprintf(path, sizeof path, "/best/%s", figure_names[f]);
        GNT_GOTO(gnt_h5_put(file, path, GNT_H5_F64, x, n, slices, why));
    }
    if (c->n_shards == 1) GNT_GOTO(put_luck(file, c, x, why));
out:
    free(number);
    free(x);
    return st;
}

static gnt_status put_heatmap(gnt_h5 *file, const gnt_sweep_collection *c, size_t h, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_grid_dim *x = &c->spec.grid.dim[c->spec.heatmap[h][0]], *y = &c->spec.grid.dim[c->spec.heatmap[h][1]];
    uint64_t n = x->n * y->n;
    char group[32], path[64];
    int64_t *count = NULL, (*sum)[2] = NULL;
    double *mean = NULL, *best = NULL;
    GNT_ALLOC(count, n);
    GNT_ALLOC(sum, n);
    GNT_ALLOC(mean, n);
    GNT_ALLOC(best, n);
    for (uint64_t i = 0; i < n; i++) {
        const gnt_sweep_cell *cell = &c->cell[h][i];
        count[i] = (int64_t)cell->n;
        wide_put(sum[i], (gnt_u128)cell->sum);
        mean[i] = gnt_sweep_cell_mean(cell);
        best[i] = cell->best;
    }
    snprintf(group, sizeof group, "/heatmaps/%zu", h);
    const struct {
        const char *name;
        gnt_h5_type type;
        const void *data;
        size_t rows, cols;
    } part[] = {{"n", GNT_H5_I64, count, y->n, x->n},
                {"mean", GNT_H5_F64, mean, y->n, x->n},
                {"best", GNT_H5_F64, best, y->n, x->n},
                {"sum", GNT_H5_I64, sum, n, 2}};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        snprintf(path, sizeof path, "%s/%s", group, part[i].name);
        GNT_GOTO(gnt_h5_put(file, path, part[i].type, part[i].data, part[i].rows, part[i].cols, why));
    }
    GNT_GOTO(gnt_h5_put_text(file, group, "x", x->parameter->name, why));
    GNT_GOTO(gnt_h5_put_text(file, group, "y", y->parameter->name, why));
out:
    free(count);
    free(sum);
    free(mean);
    free(best);
    return st;
}

gnt_status gnt_sweep_put_parts(gnt_h5 *file, const gnt_sweep_collection *c, gnt_error *why)
{
    GNT_TRY(put_counts(file, c, why));
    GNT_TRY(put_spec(file, c, why));
    GNT_TRY(put_grid(file, &c->spec.grid, why));
    GNT_TRY(put_slices(file, &c->spec, why));
    GNT_TRY(put_trials(file, c, why));
    GNT_TRY(put_best(file, c, why));
    for (size_t h = 0; h < c->spec.n_heatmaps; h++) GNT_TRY(put_heatmap(file, c, h, why));
    return GNT_OK;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* [rows][cols] of exactly that shape. */
static gnt_status get(gnt_h5 *file, const char *path, gnt_h5_type type, size_t rows, size_t cols, void *out,
                      gnt_error *why)
{
    void *data = NULL;
    size_t n, m;
    GNT_TRY(gnt_h5_get(file, path, type, &data, &n, &m, why));
    bool fits = n == rows && m == cols;
    if (fits) memcpy(out, data, rows * (cols ? cols : 1) * 8);
    free(data);
    return fits ? GNT_OK
                : gnt_fail(why, GNT_EVALUE, "%s: %zu x %zu values, expected %zu x %zu", path, n, m, rows, cols);
}

static gnt_status get_counts(gnt_h5 *file, gnt_sweep_collection *c, gnt_error *why)
{
    int64_t tried, skipped;
    GNT_TRY(gnt_h5_get_count(file, "/", "configurations", &tried, why));
    GNT_TRY(gnt_h5_get_count(file, "/", "skipped", &skipped, why));
    uint64_t n = c->last - c->first;
    if (tried < 0 || skipped < 0 || (uint64_t)tried > n || (uint64_t)skipped != n - (uint64_t)tried)
        return gnt_fail(why, GNT_EVALUE, "%lld configurations and %lld skipped don't make %llu", (long long)tried,
                        (long long)skipped, (unsigned long long)n);
    c->n_tried = (uint64_t)tried;
    c->n_skipped = (uint64_t)skipped;
    return GNT_OK;
}

static gnt_status get_trials(gnt_h5 *file, gnt_sweep_collection *c, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = c->spec.n_slices;
    int64_t *count = NULL, (*sum)[2] = NULL, (*squares)[2] = NULL;
    GNT_ALLOC(count, n);
    GNT_ALLOC(sum, n);
    GNT_ALLOC(squares, n);
    GNT_GOTO(get(file, "/trials/n", GNT_H5_I64, n, 0, count, why));
    GNT_GOTO(get(file, "/trials/sharpe_sum", GNT_H5_I64, n, 2, sum, why));
    GNT_GOTO(get(file, "/trials/sharpe_squares", GNT_H5_I64, n, 2, squares, why));
    for (size_t i = 0; i < n; i++) {
        if (count[i] < 0 || (uint64_t)count[i] > c->n_tried) {
            st = gnt_fail(why, GNT_EVALUE, "/trials/n: %lld of %llu configurations", (long long)count[i],
                          (unsigned long long)c->n_tried);
            goto out;
        }
        c->trials[i] = (gnt_sweep_trials){(uint64_t)count[i], (gnt_i128)wide_get(sum[i]), wide_get(squares[i])};
    }
out:
    free(count);
    free(sum);
    free(squares);
    return st;
}

/* Numbers in the range, values in order. */
static gnt_status check_best(const gnt_sweep_collection *c, gnt_error *why)
{
    for (size_t k = 0; k < c->n_best; k++) {
        const gnt_sweep_best *b = &c->best[k];
        bool first = k == 0 || b[-1].value > b->value || (b[-1].value == b->value && b[-1].number < b->number);
        if (b->number < c->first || b->number >= c->last || isnan(b->value) || !first)
            return gnt_fail(why, GNT_EVALUE, "/best: entry %zu is out of range or out of order", k);
    }
    return GNT_OK;
}

static gnt_status get_best(gnt_h5 *file, gnt_sweep_collection *c, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t slices = c->spec.n_slices, cols, n;
    void *numbers = NULL;
    double *x = NULL;
    GNT_GOTO(gnt_h5_get(file, "/best/configuration", GNT_H5_I64, &numbers, &n, &cols, why));
    if (n > c->spec.top || cols) {
        st = gnt_fail(why, GNT_EVALUE, "/best/configuration: %zu entries, at most %llu expected", n,
                      (unsigned long long)c->spec.top);
        goto out;
    }
    GNT_ALLOC(x, (n + 1) * slices);
    GNT_GOTO(get(file, "/best/value", GNT_H5_F64, n, 0, x, why));
    for (size_t k = 0; k < n; k++) c->best[k] = (gnt_sweep_best){(uint64_t)((int64_t *)numbers)[k], x[k]};
    c->n_best = n;
    GNT_GOTO(check_best(c, why));
    for (int f = 0; f < GNT_SWEEP_N_FIGURES; f++) {
        char path[64];
        snprintf(path, sizeof path, "/best/%s", figure_names[f]);
        GNT_GOTO(get(file, path, GNT_H5_F64, n, slices, x, why));
        for (size_t i = 0; i < n * slices; i++) ((double *)&c->figures[i])[f] = x[i];
    }
out:
    free(numbers);
    free(x);
    return st;
}

static gnt_status get_heatmap(gnt_h5 *file, gnt_sweep_collection *c, size_t h, gnt_error *why)
{
    gnt_status st = GNT_OK;
    uint64_t nx = c->spec.grid.dim[c->spec.heatmap[h][0]].n, ny = c->spec.grid.dim[c->spec.heatmap[h][1]].n;
    char path[64];
    int64_t *count = NULL, (*sum)[2] = NULL;
    double *best = NULL;
    GNT_ALLOC(count, nx * ny);
    GNT_ALLOC(sum, nx * ny);
    GNT_ALLOC(best, nx * ny);
    snprintf(path, sizeof path, "/heatmaps/%zu/n", h);
    GNT_GOTO(get(file, path, GNT_H5_I64, ny, nx, count, why));
    snprintf(path, sizeof path, "/heatmaps/%zu/best", h);
    GNT_GOTO(get(file, path, GNT_H5_F64, ny, nx, best, why));
    snprintf(path, sizeof path, "/heatmaps/%zu/sum", h);
    GNT_GOTO(get(file, path, GNT_H5_I64, nx * ny, 2, sum, why));
    for (uint64_t i = 0; i < nx * ny; i++) {
        if (count[i] < 0 || (uint64_t)count[i] > c->n_tried || isnan(best[i]) != (count[i] == 0)) {
            st = gnt_fail(why, GNT_EVALUE, "/heatmaps/%zu: cell %llu can't be", h, (unsigned long long)i);
            goto out;
        }
        c->cell[h][i] = (gnt_sweep_cell){(uint64_t)count[i], (gnt_i128)wide_get(sum[i]), best[i]};
    }
out:
    free(count);
    free(sum);
    free(best);
    return st;
}

gnt_status gnt_sweep_get_parts(gnt_h5 *file, const char *path, gnt_sweep_collection *c, gnt_error *why)
{
    gnt_status st = get_counts(file, c, why);
    if (!st) st = get_trials(file, c, why);
    if (!st) st = get_best(file, c, why);
    for (size_t h = 0; !st && h < c->spec.n_heatmaps; h++) st = get_heatmap(file, c, h, why);
    if (st == GNT_EVALUE) gnt_error_prefix(why, "%s", path);
    return st;
}
