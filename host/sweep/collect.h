/* What a sweep keeps of all its configurations (layer 5). Every part is exact under any split: integers, fixed-point
 * sums, and an order with no ties. So shards merge to the bits of one run, whatever their number and order. */
#ifndef GNT_SWEEP_COLLECT_H
#define GNT_SWEEP_COLLECT_H

#include "host/sweep/spec.h"

#define GNT_SWEEP_SHARDS 1000000

__extension__ typedef __int128 gnt_i128;
__extension__ typedef unsigned __int128 gnt_u128;

/* Trial Sharpe ratios of one slice, per bar, as integers: round(s 2^44), s cut to +-16 (a per-bar Sharpe of 16 is 254 a
 * year). A square is below 2^96 and GNT_GRID_POINTS is 2^31, so no sum can overflow. */
typedef struct gnt_sweep_trials {
    uint64_t n; /* with a defined Sharpe */
    gnt_i128 sum;
    gnt_u128 squares;
} gnt_sweep_trials;
void gnt_sweep_trials_add(gnt_sweep_trials *trials, double sharpe); /* NaN: not counted */
double gnt_sweep_trials_mean(const gnt_sweep_trials *trials);       /* NaN for n = 0 */
double gnt_sweep_trials_variance(const gnt_sweep_trials *trials);   /* ddof 1; NaN below two */

/* One cell of a heatmap: the ranking's values of all configurations with these two parameters. */
typedef struct gnt_sweep_cell {
    uint64_t n;   /* with a defined value */
    gnt_i128 sum; /* of round(value 2^40), value cut to +-2^40 */
    double best;  /* NaN: none */
} gnt_sweep_cell;
void gnt_sweep_cell_add(gnt_sweep_cell *cell, double value); /* NaN: not counted */
double gnt_sweep_cell_mean(const gnt_sweep_cell *cell);      /* NaN for n = 0 */

/* One of the best. */
typedef struct gnt_sweep_best {
    uint64_t number; /* of the configuration */
    double value;    /* what it is ranked by: mean of the metric over the slices */
} gnt_sweep_best;

/* Everything of a range of configurations. Arrays are owned. */
typedef struct gnt_sweep_collection {
    gnt_sweep_spec spec;
    uint64_t first, last;        /* configurations [first, last) of the grid */
    uint64_t shard, n_shards;    /* 0 of 1: the whole */
    uint64_t n_tried, n_skipped; /* skipped: lower above upper, or costs that take the whole trade */
    gnt_sweep_trials *trials;    /* [n_slices] */
    gnt_sweep_best *best;        /* [top], n_best of them; best first once sorted */
    size_t n_best;
    gnt_sweep_figures *figures;               /* [top][n_slices] of the best, once sorted */
    gnt_sweep_cell *cell[GNT_SWEEP_HEATMAPS]; /* [ny][nx] */
} gnt_sweep_collection;

/* Takes over `spec` (zeroed afterwards). On failure nothing is held. */
GNT_MUST_CHECK gnt_status gnt_sweep_collection_init(gnt_sweep_collection *c, gnt_sweep_spec *spec, gnt_error *why);
void gnt_sweep_collection_free(gnt_sweep_collection *c);
/* Its range becomes shard i of n: points i N/n to (i + 1) N/n, rounded down. i < n <= GNT_SWEEP_SHARDS. */
void gnt_sweep_collection_cut(gnt_sweep_collection *c, uint64_t shard, uint64_t n_shards);

uint64_t gnt_sweep_cells(const gnt_sweep_spec *spec, size_t heatmap);
/* Cell of a point. */
uint64_t gnt_sweep_cell_of(const gnt_sweep_spec *spec, size_t heatmap, const gnt_grid_point *point);

/* A configuration's place among the best: larger value first, then the lower number. NaN is not ranked. */
void gnt_sweep_best_add(gnt_sweep_collection *c, uint64_t number, double value);
void gnt_sweep_best_sort(gnt_sweep_collection *c);

/* Has the k-th best the very figures of the one before it, on every slice? Grids are full of such twins: a threshold
 * that no score lies between, a parameter that is never looked at. */
bool gnt_sweep_best_is_twin(const gnt_sweep_collection *c, size_t k);

/* Adds `from`'s counts, trials, cells and best (with their figures) to `to`; both sorted. Ranges are the caller's. */
GNT_MUST_CHECK gnt_status gnt_sweep_collection_merge(gnt_sweep_collection *to, const gnt_sweep_collection *from,
                                                     gnt_error *why);

#endif
