/* Parts of a backtest: the window as lanes see it, and the books that need many lanes (layer 3). */
#ifndef GNT_BOOK_H
#define GNT_BOOK_H

#include "host/eval/backtest.h"

/* Rows begin-1 .. end-1 of a symbol as a market of their own: row 0 decides for the first window bar, bar i of the
 * window is row i + 1. Per-lane arrays then have n + 1 elements, however long the history is. */
typedef struct gnt_book_window {
    gnt_sim_market market;              /* bars borrowed from the gnt_bars it was made of */
    size_t n;                           /* window bars */
    double *dollar_volume, *vol, *ones; /* [n + 1], owned; ones: the target of buy-and-hold */
} gnt_book_window;

/* EDATA when impact or vol_target needs bars before the window that aren't there. raw: unadjusted prices. */
GNT_MUST_CHECK gnt_status gnt_book_window_open(gnt_book_window *window, const gnt_bars *bars, const gnt_bars *raw,
                                               size_t begin, size_t end, const gnt_strategy *strategy, gnt_error *why);
void gnt_book_window_close(gnt_book_window *window);

/* A lane over the whole window; score or target [n + 1], the other NULL. */
gnt_sim_lane gnt_book_lane(const gnt_book_window *window, const gnt_strategy *strategy, const double *score,
                           const double *target);

/* The figures of one book, by the formulas of `stats trading`, from its totals, its ret [end - begin] and what it was
 * run with; benchmarks, break-even and accuracy are left alone. */
GNT_MUST_CHECK gnt_status gnt_backtest_figures(gnt_backtest *backtest, const gnt_strategy *strategy, gnt_error *why);

/* ---- random benchmark (random_book.c) ----------------------------------------------------------------- */

#define GNT_RANDOM_BOOKS 1000

/* Exposure the book held at each mark: the target traded to last, 0 without a position. exposure [n]. */
void gnt_book_exposure(const double *target, const double *position, size_t n, double *exposure);

/* Total returns of the strategy's runs and gaps in random order, rising; total_return [GNT_RANDOM_BOOKS]. */
GNT_MUST_CHECK gnt_status gnt_random_books(gnt_engine *engine, const gnt_book_window *window,
                                           const gnt_strategy *strategy, const double *exposure, uint64_t seed,
                                           double *total_return, gnt_error *why);

/* One replicate's exposures [n]: runs in random order in the places of runs, gaps in those of gaps. scratch [2n + 1].
 */
void gnt_random_exposure(const double *exposure, size_t n, uint64_t seed, uint64_t replicate, size_t *scratch,
                         double *out);

/* ---- break-even costs (break_even.c) -------------------------------------------------------------------- */

/* Smallest one-way proportional cost in bp at which the strategy's final equity equals its capital (against_hold:
 * buy-and-hold's at the same cost). totals: the strategy as run. */
GNT_MUST_CHECK gnt_status gnt_break_even(gnt_engine *engine, const gnt_book_window *window,
                                         const gnt_strategy *strategy, const double *score,
                                         const gnt_sim_totals *totals, bool against_hold, gnt_figure *figure,
                                         gnt_error *why);

#endif
