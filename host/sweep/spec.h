/* What a sweep is, in one value (layer 5): enough to know whether two shards belong together, and to name every
 * configuration and slice without the market at hand. Kept in every sweep file as one line of JSON (docs/FORMATS.md).
 *
 * Slice: one symbol x one fold; configuration: one point of the grid; lane: one slice x one configuration. */
#ifndef GNT_SWEEP_SPEC_H
#define GNT_SWEEP_SPEC_H

#include "host/sweep/figures.h"
#include "host/sweep/grid.h"

enum { GNT_SWEEP_HEATMAPS = 8, GNT_SWEEP_TOP = 1000, GNT_SWEEP_SLICES = 1 << 20 };
#define GNT_SWEEP_CELLS ((uint64_t)1 << 20) /* of all heatmaps together, at most */
#define GNT_SWEEP_BEST ((uint64_t)1 << 20)  /* best configurations x slices, at most */

typedef struct gnt_sweep_slice {
    char symbol[GNT_SYMBOL_ROOM];
    gnt_provenance provenance;
    char bars_sha256[GNT_SHA256_ROOM], scores_sha256[GNT_SHA256_ROOM];
    uint64_t fold;
    gnt_day from, to; /* first and last bar */
    uint64_t n_bars;
    uint64_t n_scored, n_right, n_up; /* the scores' calls of the next close */
} gnt_sweep_slice;

typedef struct gnt_sweep_spec {
    gnt_grid grid;
    gnt_strategy base; /* what the grid doesn't vary */
    gnt_sweep_metric by;
    uint64_t top, n_folds;
    bool adjusted, full;
    uint64_t seed;                         /* of a built-in market */
    size_t heatmap[GNT_SWEEP_HEATMAPS][2]; /* dimensions: x, y */
    size_t n_heatmaps;
    gnt_sweep_slice *slice; /* [n_slices], symbol by symbol, owned */
    size_t n_slices;
} gnt_sweep_spec;

void gnt_sweep_spec_free(gnt_sweep_spec *spec);

/* Adds "x,y", two dimensions of the grid. EINVAL: no such dimension, the same twice, too many cells or maps. */
GNT_MUST_CHECK gnt_status gnt_sweep_spec_heatmap(gnt_sweep_spec *spec, const char *text, gnt_error *why);

uint64_t gnt_sweep_spec_bars(const gnt_sweep_spec *spec);             /* of all slices */
gnt_provenance gnt_sweep_spec_provenance(const gnt_sweep_spec *spec); /* the least real one */

/* NULL when memory is out. */
json_t *gnt_sweep_spec_json(const gnt_sweep_spec *spec);
/* From a file: everything is checked. `name` for messages. EVALUE. */
GNT_MUST_CHECK gnt_status gnt_sweep_spec_parse(const json_t *json, const char *name, gnt_sweep_spec *spec,
                                               gnt_error *why);

#endif
