/* The state of one run, shared by the files that compute its parts (layer 5, private to host/run). */
#ifndef GNT_RUN_INSIDE_H
#define GNT_RUN_INSIDE_H

#include "host/base/mem.h"
#include "host/eval/backtest.h"
#include "host/eval/proportion.h"
#include "host/run/run.h"
#include "host/store/h5.h"

/* A test window with both arms' scores and books. */
typedef struct gnt_run_window {
    const char *name, *title, *note, *split_name;
    bool hindsight;
    size_t begin, end;          /* bars */
    size_t in_sample;           /* bars inside the split's train or validation dates */
    uint32_t arms;              /* bits: which arms were scored */
    double *prob[GNT_MAX_ARMS]; /* [T], probability made from row t, NaN elsewhere; owned */
    gnt_backtest book[GNT_MAX_ARMS];
} gnt_run_window;

typedef struct gnt_run {
    gnt_engine *engine;
    gnt_run_cache *cache;
    const gnt_experiment *experiment;
    const gnt_run_options *options;
    const gnt_progress *progress;
    uint64_t seed;
    const gnt_market *market; /* borrowed from the cache */
    gnt_split split[GNT_MAX_SPLITS];
    const gnt_fitted *fitted[GNT_MAX_SPLITS][GNT_MAX_ARMS]; /* borrowed from the cache; NULL: not needed */
    gnt_split fold[GNT_MAX_FOLDS];                          /* walk-forward, as many as the experiment has */
    const gnt_fitted *fold_fitted[GNT_MAX_FOLDS][GNT_MAX_ARMS];
    gnt_run_window window[GNT_MAX_WINDOWS + 1]; /* the experiment's, then "folds" */
    size_t n_windows;
    int8_t *regime[GNT_N_SCHEMES]; /* [T] or NULL, owned */
    double edges[2];               /* of volatility, sd a bar */
    json_t *result;                /* owned */
    gnt_h5 *h5;                    /* open until committed */
} gnt_run;

/* ---- fit.c --------------------------------------------------------------------------------------- */

/* Rows of a split of the experiment: its test is every bar after validation, so that the same split gives the same
 * model in every experiment, whatever windows it is tested on. */
GNT_MUST_CHECK gnt_status gnt_run_split(gnt_run *run, const gnt_exp_split *from, gnt_split *split, gnt_error *why);
/* Every model the experiment needs, of its splits and of its folds, all in one go: run->fitted, run->fold_fitted. */
GNT_MUST_CHECK gnt_status gnt_run_fit(gnt_run *run, gnt_error *why);
/* models[] entry, the file beside the results and /training/<variant>_<split>. */
GNT_MUST_CHECK gnt_status gnt_run_store_model(gnt_run *run, int arm, const char *split_name, const gnt_split *split,
                                              const gnt_fitted *fitted, bool write_file, gnt_error *why);
uint32_t gnt_run_epochs(const gnt_run *run, uint32_t epochs); /* after --quick */

/* ---- window.c ------------------------------------------------------------------------------------- */

/* prob[t] for rows begin-1 .. end-2, by one model; prob [T] is NaN-filled when first used. */
GNT_MUST_CHECK gnt_status gnt_run_score(gnt_run *run, const gnt_fitted *fitted, size_t begin, size_t end, double **prob,
                                        gnt_error *why);
/* The books of every scored arm. */
GNT_MUST_CHECK gnt_status gnt_run_books(gnt_run *run, gnt_run_window *window, gnt_error *why);
/* windows[] entry and /windows/<name>. */
GNT_MUST_CHECK gnt_status gnt_run_store_window(gnt_run *run, const gnt_run_window *window, gnt_error *why);
gnt_run_window *gnt_run_find_window(gnt_run *run, const char *name);

/* ---- parts ------------------------------------------------------------------------------------------ */

GNT_MUST_CHECK gnt_status gnt_run_cost_curve(gnt_run *run, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_run_regimes(gnt_run *run, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_run_make_folds(gnt_run *run, gnt_error *why); /* run->fold */
GNT_MUST_CHECK gnt_status gnt_run_folds(gnt_run *run, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_run_ab(gnt_run *run, gnt_error *why);
void gnt_run_claims(gnt_run *run);

/* ---- small things ------------------------------------------------------------------------------------ */

/* [from, to] as dates. */
json_t *gnt_run_dates(gnt_day from, gnt_day to);
/* {value, lo, hi, n, majority} of one arm over chosen bars: pick[i] for bar begin + i; null when none. */
json_t *gnt_run_accuracy(const gnt_run *run, const gnt_run_window *window, int arm, const bool *pick);
bool gnt_run_up(const gnt_run *run, size_t bar);           /* close above the close before */
bool gnt_run_split_used(const gnt_run *run, size_t split); /* by a window */
GNT_MUST_CHECK gnt_status gnt_run_tick(const gnt_run *run, const char *what, double done, double total, gnt_error *why);

#endif
