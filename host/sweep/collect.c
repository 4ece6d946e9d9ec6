#include "host/sweep/collect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"

/* ---- sums without rounding ---------------------------------------------------------------------------------- */

void gnt_sweep_trials_add(gnt_sweep_trials *t, double sharpe)
{
    if (isnan(sharpe)) return;
    int64_t q = llrint(fmin(fmax(sharpe, -16), 16) * 0x1p44);
    t->n++;
    t->sum += q;
    t->squares += (gnt_u128)((gnt_i128)q * q);
}

double gnt_sweep_trials_mean(const gnt_sweep_trials *t)
{
    return t->n ? (double)t->sum / (double)t->n * 0x1p-44 : NAN;
}

/* Squares about the whole part of the mean, m: sum q^2 - 2 m sum q + n m^2. Done modulo 2^128, which is exact: the
 * result itself is never negative and fits. */
double gnt_sweep_trials_variance(const gnt_sweep_trials *t)
{
    if (t->n < 2) return NAN;
    gnt_i128 m = t->sum / (gnt_i128)t->n, rest = t->sum - m * (gnt_i128)t->n;
    gnt_u128 about = t->squares - 2 * (gnt_u128)m * (gnt_u128)t->sum + (gnt_u128)t->n * (gnt_u128)m * (gnt_u128)m;
    double n = (double)t->n, left = (double)rest;
    return ((double)about - left * (left / n)) / (n - 1) * 0x1p-88;
}

void gnt_sweep_cell_add(gnt_sweep_cell *cell, double value)
{
    if (isnan(value)) return;
    double cut = fmin(fmax(value, -0x1p40), 0x1p40) * 0x1p40;
    cell->sum += fabs(cut) < 0x1p62 ? (gnt_i128)llrint(cut) : (gnt_i128)nearbyint(cut);
    if (!cell->n++ || value > cell->best) cell->best = value;
}

double gnt_sweep_cell_mean(const gnt_sweep_cell *cell)
{
    return cell->n ? (double)cell->sum / (double)cell->n * 0x1p-40 : NAN;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

uint64_t gnt_sweep_cells(const gnt_sweep_spec *spec, size_t h)
{
    return spec->grid.dim[spec->heatmap[h][0]].n * spec->grid.dim[spec->heatmap[h][1]].n;
}

uint64_t gnt_sweep_cell_of(const gnt_sweep_spec *spec, size_t h, const gnt_grid_point *point)
{
    size_t x = spec->heatmap[h][0], y = spec->heatmap[h][1];
    return point->at[y] * spec->grid.dim[x].n + point->at[x];
}

gnt_status gnt_sweep_collection_init(gnt_sweep_collection *c, gnt_sweep_spec *spec, gnt_error *why)
{
    gnt_status st = GNT_OK;
    *c = (gnt_sweep_collection){.spec = *spec, .n_shards = 1, .last = spec->grid.n_points};
    *spec = (gnt_sweep_spec){0};
    GNT_ALLOC(c->trials, c->spec.n_slices);
    GNT_ALLOC(c->best, c->spec.top);
    GNT_ALLOC(c->figures, c->spec.top * c->spec.n_slices);
    for (size_t h = 0; h < c->spec.n_heatmaps; h++) {
        uint64_t n = gnt_sweep_cells(&c->spec, h);
        GNT_ALLOC(c->cell[h], n);
        for (uint64_t i = 0; i < n; i++) c->cell[h][i].best = NAN;
    }
out:
    if (st) gnt_sweep_collection_free(c);
    return st;
}

void gnt_sweep_collection_free(gnt_sweep_collection *c)
{
    gnt_sweep_spec_free(&c->spec);
    free(c->trials);
    free(c->best);
    free(c->figures);
    for (size_t h = 0; h < GNT_SWEEP_HEATMAPS; h++) free(c->cell[h]);
    *c = (gnt_sweep_collection){0};
}

void gnt_sweep_collection_cut(gnt_sweep_collection *c, uint64_t shard, uint64_t n_shards)
{
    uint64_t n = c->spec.grid.n_points; /* at most 2^31: the products fit */
    c->shard = shard;
    c->n_shards = n_shards;
    c->first = shard * n / n_shards;
    c->last = (shard + 1) * n / n_shards;
}

/* ---- the best: a heap whose root is the worst of them ---------------------------------------------------------- */

static bool worse(const gnt_sweep_best *a, const gnt_sweep_best *b)
{
    return a->value < b->value || (a->value == b->value && a->number > b->number);
}

static void sink(gnt_sweep_best *heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && worse(&heap[child + 1], &heap[child])) child++;
        if (!worse(&heap[child], &heap[i])) return;
        gnt_sweep_best t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
    }
}

void gnt_sweep_best_add(gnt_sweep_collection *c, uint64_t number, double value)
{
    gnt_sweep_best item = {number, value};
    if (isnan(value)) return;
    if (c->n_best == c->spec.top) {
        if (!worse(&c->best[0], &item)) return;
        c->best[0] = item;
        sink(c->best, c->n_best, 0);
        return;
    }
    size_t i = c->n_best++;
    for (; i && worse(&item, &c->best[(i - 1) / 2]); i = (i - 1) / 2) c->best[i] = c->best[(i - 1) / 2];
    c->best[i] = item;
}

static int better_first(const void *a, const void *b)
{
    return worse(a, b) ? 1 : worse(b, a) ? -1 : 0;
}

void gnt_sweep_best_sort(gnt_sweep_collection *c)
{
    qsort(c->best, c->n_best, sizeof *c->best, better_first);
}

/* ---- merging ----------------------------------------------------------------------------------------------- */

/* Two sorted lists into one, figures with them. */
static gnt_status merge_best(gnt_sweep_collection *to, const gnt_sweep_collection *from, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t width = to->spec.n_slices, top = to->spec.top, n = 0, i = 0, j = 0;
    gnt_sweep_best *best = NULL;
    gnt_sweep_figures *figures = NULL;
    GNT_ALLOC(best, top);
    GNT_ALLOC(figures, top * width);
    for (; n < top && (i < to->n_best || j < from->n_best); n++) {
        bool other = i == to->n_best || (j < from->n_best && worse(&to->best[i], &from->best[j]));
        best[n] = other ? from->best[j] : to->best[i];
        const gnt_sweep_figures *row = other ? from->figures + j++ * width : to->figures + i++ * width;
        memcpy(figures + n * width, row, width * sizeof *row);
    }
    free(to->best);
    free(to->figures);
    to->best = best;
    to->figures = figures;
    to->n_best = n;
    return GNT_OK;
out:
    free(best);
    return st;
}

bool gnt_sweep_best_is_twin(const gnt_sweep_collection *c, size_t k)
{
    size_t n = c->spec.n_slices;
    return k > 0 && memcmp(c->figures + k * n, c->figures + (k - 1) * n, n * sizeof *c->figures) == 0;
}

gnt_status gnt_sweep_collection_merge(gnt_sweep_collection *to, const gnt_sweep_collection *from, gnt_error *why)
{
    GNT_TRY(merge_best(to, from, why));
    to->n_tried += from->n_tried;
    to->n_skipped += from->n_skipped;
    for (size_t i = 0; i < to->spec.n_slices; i++) {
        to->trials[i].n += from->trials[i].n;
        to->trials[i].sum += from->trials[i].sum;
        to->trials[i].squares += from->trials[i].squares;
    }
    for (size_t h = 0; h < to->spec.n_heatmaps; h++)
        for (uint64_t k = 0; k < gnt_sweep_cells(&to->spec, h); k++) {
            gnt_sweep_cell *a = &to->cell[h][k];
            const gnt_sweep_cell *b = &from->cell[h][k];
            if (b->n && (!a->n || b->best > a->best)) a->best = b->best;
            a->n += b->n;
            a->sum += b->sum;
        }
    return GNT_OK;
}
