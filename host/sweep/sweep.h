/* Running a sweep (layer 5; SPEC 5 and 7): slices x configurations as lanes, in blocks of a few thousand (a
 * GPU: a hundred thousand).
 *
 * Memory is O(bars + slices + top + heatmap cells), whatever the number of configurations. Results depend on nothing
 * but the spec: not on blocks, threads, shards or device. */
#ifndef GNT_SWEEP_H
#define GNT_SWEEP_H

#include "host/eval/book.h"
#include "host/sweep/collect.h"

/* ---- the market: what every lane reads ---------------------------------------------------------------------- */

typedef struct gnt_sweep_inputs {
    const char *const *bars, *const *scores; /* [n], each bars with its scores */
    size_t n;
    gnt_range window;
} gnt_sweep_inputs;

typedef struct gnt_sweep_symbol {
    gnt_bars bars, raw;
    double *score; /* [bars.n] */
} gnt_sweep_symbol;

typedef struct gnt_sweep_market {
    gnt_sweep_symbol *symbol; /* [n_symbols], owned */
    size_t n_symbols;
    gnt_book_window *window; /* [n_slices], owned */
    const double **score;    /* [n_slices]: [n_bars + 1] from the row before the slice; the array is owned */
    size_t n_slices;
} gnt_sweep_market;

/* Loads and checks everything, cuts the window into spec->n_folds contiguous pieces whose lengths differ by at most one
 * bar, and fills spec->slice. spec has its grid, base, folds, price and seed. */
GNT_MUST_CHECK gnt_status gnt_sweep_market_open(const gnt_sweep_inputs *inputs, gnt_sweep_spec *spec,
                                                gnt_sweep_market *market, gnt_error *why);
void gnt_sweep_market_close(gnt_sweep_market *market); /* fine on a zeroed one */

/* ---- the run -------------------------------------------------------------------------------------------------- */

/* Takes each configuration's figures as they come, in order of configurations: row [n_slices]. */
typedef struct gnt_sweep_sink {
    gnt_status (*put)(void *self, const gnt_sweep_row *row, gnt_error *why);
    void *self;
} gnt_sweep_sink;

/* Simulates configurations [first, last) of the collection, fills its counts, sums, cells and best. sink NULL: no rows.
 * EINVAL: no configuration of the whole grid can be simulated. EINTERRUPTED: progress said stop. */
GNT_MUST_CHECK gnt_status gnt_sweep_run(gnt_engine *engine, const gnt_sweep_market *market,
                                        gnt_sweep_collection *collection, const gnt_sweep_sink *sink,
                                        const gnt_progress *progress, gnt_error *why);

#endif
