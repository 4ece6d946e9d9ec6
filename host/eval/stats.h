/* The table of statistics (layer 3; statistics.md 16): a statistic is a row: name, columns, arguments, function.
 *
 * Rules of statistics.md 0: a value that is not allowed is EVALUE (bad_value), too few rows EFEW
 * (too_few_observations), an argument out of range or unknown EINVAL (bad_argument) that names the nearest valid
 * one; an undefined figure is null with its reason. */
#ifndef GNT_STATS_H
#define GNT_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/csv.h"
#include "host/base/json.h"
#include "host/device/engine.h"

typedef enum gnt_stat_kind { GNT_STAT_REAL, GNT_STAT_COUNT, GNT_STAT_WORD } gnt_stat_kind;

/* Every argument that any statistic takes: id, name, kind, hint (a word list for WORD), least, most, whether both
 * ends are excluded, help. `seed` comes from the caller's own option. */
#define GNT_STAT_ARGUMENTS(X)                                                                               \
    X(PERIODS, "periods", REAL, "N", 0, 1e9, true, "periods a year (252)")                                  \
    X(RF, "rf", REAL, "RATE", -1e9, 1e9, true, "risk-free return per period (0)")                           \
    X(MAR, "mar", REAL, "RATE", -1e9, 1e9, true, "minimum acceptable return per period (0)")                \
    X(THRESHOLD, "threshold", REAL, "P", 0, 1, false, "prediction is 1 from this probability on (0.5)")     \
    X(BINS, "bins", COUNT, "K", 1, 10000, false, "calibration bins of equal width (10)")                    \
    X(ALPHA, "alpha", REAL, "A", 0, 1, true, "intervals have level 1 - alpha (0.05)")                       \
    X(LAG, "lag", COUNT, "L", 0, 1e9, false, "Newey-West lag (floor(4 (n/100)^(2/9)))")                     \
    X(Q, "q", COUNT, "Q", 1, 1e9, false, "periods to aggregate to (12)")                                    \
    X(METHOD, "method", WORD, "stationary|circular", 0, 0, false, "how blocks are drawn (stationary)")      \
    X(BLOCK, "block", REAL, "B", 0, 4294967295.0, false, "block length (from the data); number for random") \
    X(STATISTIC, "statistic", WORD, "mean|sharpe", 0, 0, false, "what is resampled (mean)")                 \
    X(REPLICATES, "replicates", COUNT, "R", 1, 1e7, false, "resamples (10000)")                             \
    X(STREAM, "stream", COUNT, "S", 0, 65535, false, "random stream (1)")                                   \
    X(REPLICATE, "replicate", COUNT, "R", 0, 9.2e18, false, "number of one replicate (0)")                  \
    X(BOUND, "bound", COUNT, "N", 1, 9.2e18, false, "also draw an integer in [0, N)")                       \
    X(N, "n", COUNT, "N", 1, 1e7, false, "length of the series")                                            \
    X(P1, "p1", REAL, "P", 0, 1, false, "proportion of the first arm")                                      \
    X(P2, "p2", REAL, "P", 0, 1, false, "proportion of the second arm")                                     \
    X(RATIO, "ratio", REAL, "R", 0, 1e9, true, "n2/n1 (1)")                                                 \
    X(POWER, "power", REAL, "P", 0, 1, true, "chance to see the difference (0.8)")                          \
    X(N1, "n1", COUNT, "N", 1, 9e15, false, "observations in the first arm")                                \
    X(N2, "n2", COUNT, "N", 1, 9e15, false, "observations in the second arm")                               \
    X(TAU2, "tau2", REAL, "V", 0, 1e9, true, "variance of the mixing prior (0.0004)")                       \
    X(THETA0, "theta0", REAL, "D", -1e9, 1e9, true, "difference under the null (0)")                        \
    X(BURN_IN, "burn-in", COUNT, "N", 0, 1e9, false, "pairs before the first look (30)")                    \
    X(BENCHMARK, "benchmark", REAL, "SR", -1e9, 1e9, true, "Sharpe per period to beat (0)")

typedef enum gnt_stat_id {
    GNT_STAT_END = 0,
#define X(id, name, kind, hint, least, most, open, help) GNT_STAT_##id,
    GNT_STAT_ARGUMENTS(X)
#undef X
        GNT_STAT_N_IDS
} gnt_stat_id;

typedef enum gnt_stat_values {
    GNT_STAT_ANY,        /* any finite number */
    GNT_STAT_LABEL,      /* 0 or 1 */
    GNT_STAT_PROPORTION, /* [0, 1] */
    GNT_STAT_TALLY,      /* a whole number, 0 .. 2^53 */
    GNT_STAT_POSITIVE,   /* above 0 */
} gnt_stat_values;

enum { GNT_STAT_MAX_COLUMNS = 4, GNT_STAT_MAX_USES = 9 };

typedef struct gnt_stat_value {
    bool given;
    double real;
    uint64_t count;
    unsigned word; /* place in the argument's word list, from 0 */
} gnt_stat_value;

typedef struct gnt_stat_call {
    gnt_engine *engine;
    uint64_t seed;
    size_t n; /* rows */
    double
        *column[GNT_STAT_MAX_COLUMNS]; /* [n] as in the row's list, checked; NULL: an optional one that isn't there */
    gnt_stat_value value[GNT_STAT_N_IDS]; /* fallbacks filled in */
} gnt_stat_call;

typedef struct gnt_stat {
    const char *name, *summary;
    struct {
        const char *name;
        gnt_stat_values values;
        bool optional;
    } columns[GNT_STAT_MAX_COLUMNS + 1]; /* ends with a zero row; none: takes no file */
    struct {
        gnt_stat_id id;
        const char *fallback; /* NULL: may be left out, unless required */
        bool required;
    } uses[GNT_STAT_MAX_USES + 1]; /* ends with a zero row */
    size_t min_rows;
    bool resamples; /* needs the engine; others run with an unopened one */
    gnt_status (*run)(const gnt_stat_call *call, json_t *out, gnt_error *why);
} gnt_stat;

extern const gnt_stat gnt_stats[]; /* ends with a zero row */

/* EINVAL: no such statistic, with the nearest name. */
GNT_MUST_CHECK gnt_status gnt_stat_find(const char *name, const gnt_stat **stat, gnt_error *why);

/* An argument as text, name without dashes ('_' and '-' are equal). */
typedef struct gnt_stat_given {
    const char *name, *value;
} gnt_stat_given;

/* csv NULL: no file given. Fields go into `out`, a flat object. */
GNT_MUST_CHECK gnt_status gnt_stat_run(gnt_engine *engine, const gnt_stat *stat, const gnt_csv *csv,
                                       const gnt_stat_given *given, size_t n_given, uint64_t seed, json_t *out,
                                       gnt_error *why);

/* Statistics that only need a stat_call; the rows of the table. */
gnt_status gnt_stat_trading(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_classification(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_newey_west(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_lo_sharpe(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_psr(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_block_length(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_bootstrap(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_bootstrap_indices(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_random(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_mcnemar(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_two_proportion(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_srm(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_sample_size(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_power(const gnt_stat_call *call, json_t *out, gnt_error *why);
gnt_status gnt_stat_msprt(const gnt_stat_call *call, json_t *out, gnt_error *why);

#endif
