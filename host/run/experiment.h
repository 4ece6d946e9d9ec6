/* An experiment file: one question, its success rule written before the run, and all that a run needs (layer 5).
 *
 * Every key is documented in docs/EXPERIMENTS.md. Parsing checks form and meaning; what depends on the bars
 * (a window without history, an in-sample test) is the engine's. The structure owns nothing. */
#ifndef GNT_EXPERIMENT_H
#define GNT_EXPERIMENT_H

#include "host/base/date.h"
#include "host/base/hash.h"
#include "host/run/fields.h"
#include "kernels/kernels.h"

#define GNT_EXP_NAME 48
#define GNT_EXP_TEXT 1600

enum {
    GNT_MAX_SPLITS = 6,
    GNT_MAX_WINDOWS = 12,
    GNT_MAX_ARMS = 2,
    GNT_MAX_COSTS = 64,
    GNT_MAX_RULES = 16,
    GNT_MAX_CLAIMS = 16,
    GNT_MAX_FOLDS = 24
};

/* Bits of gnt_experiment.parts, in the order of GNT_PART_WORDS. */
#define GNT_PART_WORDS "windows|cost_curve|regimes|folds|ab|claims"
enum {
    GNT_PART_WINDOWS = 1,
    GNT_PART_COST_CURVE = 2,
    GNT_PART_REGIMES = 4,
    GNT_PART_FOLDS = 8,
    GNT_PART_AB = 16,
    GNT_PART_CLAIMS = 32
};

/* Bits of schemes, in the order of GNT_SCHEME_WORDS. */
#define GNT_SCHEME_WORDS "bull_bear|volatility|trend"
enum { GNT_SCHEME_BULL_BEAR = 1, GNT_SCHEME_VOLATILITY = 2, GNT_SCHEME_TREND = 4, GNT_N_SCHEMES = 3 };

#define GNT_ARM_WORDS "baseline|enhanced"
enum { GNT_ARM_BASELINE = 0, GNT_ARM_ENHANCED = 1 };
extern const char *const gnt_arm_names[GNT_MAX_ARMS];

typedef struct gnt_exp_data {
    size_t line;
    char bars[512];
    uint32_t price; /* 0 close, 1 adj */
} gnt_exp_data;

/* Train and validation dates, or the original demo's shares of the usable rows (train, val, rest). */
typedef struct gnt_exp_split {
    size_t line;
    char name[GNT_EXP_NAME];
    gnt_range train, val;
    double shares[2]; /* of train and val; n_shares 0: dates */
    size_t n_shares;
} gnt_exp_split;

typedef struct gnt_exp_window {
    size_t line;
    char name[GNT_EXP_NAME], title[128], split[GNT_EXP_NAME], note[400];
    gnt_day from, to; /* GNT_NO_DAY when `rest` */
    bool rest;        /* everything after the split's validation rows */
    bool hindsight;
} gnt_exp_window;
#define GNT_NO_DAY INT32_MIN

/* Both arms get these: the same budget. */
typedef struct gnt_exp_training {
    size_t line;
    uint32_t epochs, quick_epochs, patience, batch;
    double learning_rate, weight_decay, clip_norm;
    uint32_t optimiser, schedule, balanced; /* indices of their words */
} gnt_exp_training;

typedef struct gnt_exp_regimes {
    size_t line;
    uint32_t schemes;         /* bits */
    char split[GNT_EXP_NAME]; /* its train rows give the volatility edges */
    char windows[GNT_MAX_WINDOWS][GNT_FIELD_NAME_ROOM];
    size_t n_windows;
} gnt_exp_regimes;

typedef struct gnt_exp_cost_curve {
    size_t line;
    double bp[GNT_MAX_COSTS];
    size_t n_bp;
    char windows[GNT_MAX_WINDOWS][GNT_FIELD_NAME_ROOM];
    size_t n_windows;
} gnt_exp_cost_curve;

typedef struct gnt_exp_walk {
    size_t line;
    gnt_range test;
    uint32_t folds, val_bars, train_bars, embargo, epochs, arms; /* arms: bits */
} gnt_exp_walk;

typedef struct gnt_exp_ab {
    size_t line;
    char window[GNT_EXP_NAME], name[128]; /* name: the routing experiment's, seeds the split */
    double weight;
    uint32_t replicates;
} gnt_exp_ab;

/* One row of the success rule or of the go/no-go gates: METRIC of ARM in WINDOW above or below a bound. */
typedef struct gnt_exp_rule {
    size_t line;
    char window[GNT_EXP_NAME]; /* a test window, "folds" or "ab" */
    char arm[GNT_EXP_NAME];    /* a variant, "any" (the same arm must hold every such row), "" where none is meant */
    char metric[GNT_EXP_NAME];
    bool above;               /* above the bound, else below */
    char bound[GNT_EXP_NAME]; /* a metric of the same window and arm, or "" */
    double value;             /* when bound is "" */
    bool has_bound;
} gnt_exp_rule;

typedef struct gnt_exp_claim {
    size_t line;
    char claim[160], source[200], note[400], window[GNT_EXP_NAME], arm[GNT_EXP_NAME], metric[GNT_EXP_NAME];
    double claimed;
} gnt_exp_claim;

typedef struct gnt_experiment {
    size_t line;
    char name[GNT_EXP_NAME], title[160], question[GNT_EXP_TEXT], success_rule[GNT_EXP_TEXT];
    uint32_t parts;
    gnt_exp_data data;
    uint32_t schema; /* gnt_feature_set */
    uint32_t window; /* L */
    uint64_t seed;
    uint32_t variants; /* bits */
    gnt_exp_split splits[GNT_MAX_SPLITS];
    gnt_exp_window windows[GNT_MAX_WINDOWS];
    gnt_exp_training training;
    gnt_strategy strategy;
    gnt_exp_cost_curve cost_curve;
    gnt_exp_regimes regimes;
    gnt_exp_walk walk_forward;
    gnt_exp_ab ab;
    gnt_exp_rule success[GNT_MAX_RULES], gates[GNT_MAX_RULES];
    gnt_exp_claim claims[GNT_MAX_CLAIMS];
    size_t n_splits, n_windows, n_success, n_gates, n_claims;
    char sha256[GNT_SHA256_ROOM]; /* of the file's bytes */
} gnt_experiment;

/* name: what errors call the file. The structure is about 60 KB: keep it on the heap.
 * EPARSE, EVALUE: "FILE:LINE: key: what was expected". */
GNT_MUST_CHECK gnt_status gnt_experiment_parse(const char *text, size_t n, const char *name, gnt_experiment *experiment,
                                               gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_experiment_read(const char *path, gnt_experiment *experiment, gnt_error *why);

/* The rows of the top-level map; sub-tables hang below. For the documentation's check. */
extern const gnt_field gnt_experiment_fields[];

/* The seven experiments that come with the program, in reading order. */
typedef struct gnt_builtin_experiment {
    const char *name, *text; /* name.yaml and its bytes */
} gnt_builtin_experiment;
extern const gnt_builtin_experiment gnt_builtin_experiments[];
extern const size_t gnt_n_builtin_experiments;

/* Position of a split, window or arm by name; -1 when there is none. */
int gnt_experiment_split(const gnt_experiment *experiment, const char *name);
int gnt_experiment_window(const gnt_experiment *experiment, const char *name);

#endif
