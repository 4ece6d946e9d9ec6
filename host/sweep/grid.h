/* Grids of strategy configurations (layer 5; SPEC 9: `--grid name=a:b:step,...`).
 *
 * A grid is a list of dimensions, each a parameter of SPEC 5 and its values. Its points are numbered row-major with the
 * dimensions in the order of gnt_strategy_parameters, the last one fastest, however they were given: costs come late in
 * that table, so neighbouring configurations trade on the same bars. Nothing here allocates. */
#ifndef GNT_SWEEP_GRID_H
#define GNT_SWEEP_GRID_H

#include "host/eval/backtest.h"

enum { GNT_GRID_DIMS = 24, GNT_GRID_LISTED = 64, GNT_GRID_TEXT = 4096 };
#define GNT_GRID_POINTS ((uint64_t)1 << 31) /* at most; collect.h's exact sums are sized for it */
#define GNT_GRID_VALUES ((uint64_t)1 << 20) /* of one dimension, at most: a file lists them all */

typedef struct gnt_grid_dim {
    const gnt_parameter *parameter;
    uint64_t n;
    bool range;                     /* first + k step; otherwise listed[k] */
    double first, last, step;       /* as given; last need not be a point */
    double listed[GNT_GRID_LISTED]; /* a word: its place in the parameter's list */
} gnt_grid_dim;

typedef struct gnt_grid {
    gnt_grid_dim dim[GNT_GRID_DIMS]; /* in the table's order */
    size_t n_dims;
    uint64_t n_points;
} gnt_grid;

/* Adds "name=a:b:step", "name=x|y" or "name=x", several joined by commas, to a zeroed or earlier grid. a <= b, step >
 * 0; floor((b-a)/step + 1e-9) + 1 points. EINVAL: an unknown name (with the nearest), a name or value that stands
 * twice, a value that gnt_strategy_set refuses, more than GNT_GRID_VALUES values or GNT_GRID_POINTS points; the grid is
 * then not to be used. */
GNT_MUST_CHECK gnt_status gnt_grid_add(gnt_grid *grid, const char *text, gnt_error *why);

/* Value k of a dimension. A range's last point may leave the parameter's limits by rounding; it is then the limit. */
double gnt_grid_value(const gnt_grid_dim *dim, uint64_t k);
/* "0.5:0.6:0.01", "flat|hold": text that gives the same dimension again. Returns out. */
char *gnt_grid_dim_text(const gnt_grid_dim *dim, char *out, size_t room);
/* Number of the dimension of that name; n_dims when the grid has none. '_' and '-' are equal. */
size_t gnt_grid_find(const gnt_grid *grid, const char *name);

/* A point: its number, its place in every dimension, its configuration. */
typedef struct gnt_grid_point {
    uint64_t number, at[GNT_GRID_DIMS];
    gnt_strategy strategy;
} gnt_grid_point;
void gnt_grid_seek(const gnt_grid *grid, const gnt_strategy *base, uint64_t number, gnt_grid_point *point);
void gnt_grid_next(const gnt_grid *grid, gnt_grid_point *point); /* beyond the last: starts again */

/* "upper 0.55, between hold": the grid's own parameters of a point. Returns out. */
char *gnt_grid_point_text(const gnt_grid *grid, const gnt_grid_point *point, char *out, size_t room);
/* One value as text: "0.55", "hold". Returns out. */
char *gnt_grid_value_text(const gnt_grid_dim *dim, uint64_t k, char *out, size_t room);

/* `strategy` with what any point needs of the market: impact when one has it, size vol_target when one has that. */
gnt_strategy gnt_grid_demand(const gnt_grid *grid, gnt_strategy strategy);

#endif
