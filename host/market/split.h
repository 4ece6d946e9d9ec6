/* Which rows a model may train, validate and be tested on (layer 3; SPEC 1, 3 and 10).
 *
 * A row t stands for the window t-L+1..t and the label y[t], known at the close of bar t+1 (its label bar).
 * Including this header gives schemas, features and scalers too. */
#ifndef GNT_SPLIT_H
#define GNT_SPLIT_H

#include "bars.h"
#include "features.h"
#include "scaler.h"
#include "schema.h"

/* train, val: rows t dated inside the range, with a full window of valid rows and a label bar.
 *   purge    a train or val row whose label bar lies in a later range (one that starts after its own ends) is dropped
 *   embargo  a train or val row among the first `embargo` bars after a test range is dropped
 * test: rows t with t+1 inside the range, so the first one is made on the bar before it and n_test is the number of
 *   bars in the window; every one of them needs a full window, or it is an error, not a shorter window.
 * train and val must not overlap. A test range that overlaps one of them is in-sample: nothing is purged for it, and
 * it is the caller who marks it (SPEC 9.3). */
typedef struct gnt_split {
    gnt_range train, val, test;               /* in */
    bool has_val, has_test;                   /* in */
    unsigned embargo;                         /* in, bars */
    uint32_t *train_row, *val_row, *test_row; /* out, rising, owned */
    size_t n_train, n_val, n_test;
    size_t n_purged, n_embargoed; /* train and val rows dropped by either rule */
} gnt_split;

/* day [n_rows] rising. Fills the out fields from the in fields; on failure nothing is held.
 * Errors: EINVAL ranges reversed or overlapping, EDATA a range without a usable row, a test range without history,
 * without a bar, or ending more than 7 calendar days after the last bar. */
GNT_MUST_CHECK gnt_status gnt_split_make(gnt_split *split, const gnt_day *day, size_t n_rows, size_t first_valid,
                                         unsigned window, gnt_error *why);
void gnt_split_free(gnt_split *split); /* frees the rows; fine on a zeroed one */

/* Walk-forward: consecutive test pieces, each with everything before it (or the last train_bars) to train on.
 * One fold on the time line:   train | val | embargo gap | test
 * The gap's bars are neither trained nor validated on; the label of the last val row is at most the gap's first bar.
 * docs/decisions/splits.md says why the embargo sits there. */
typedef struct gnt_walk_options {
    gnt_range test;    /* all test pieces together; cut into n_folds pieces whose lengths differ by at most 1 bar */
    size_t n_folds;    /* >= 1 */
    size_t val_bars;   /* bars of validation before the gap; 0: none */
    size_t train_bars; /* 0: from the first bar (expanding); otherwise a rolling window */
    unsigned embargo;  /* bars, 10 by default */
} gnt_walk_options;
void gnt_walk_default(gnt_walk_options *options); /* 4 folds, val 126 bars, expanding, embargo 10; test is not set */

/* fold [n_folds], each made by gnt_split_make; n_embargoed is the gap. On failure nothing is held. */
GNT_MUST_CHECK gnt_status gnt_walk_forward(const gnt_walk_options *options, const gnt_day *day, size_t n_rows,
                                           size_t first_valid, unsigned window, gnt_split *fold, gnt_error *why);

#endif
