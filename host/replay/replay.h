/* Offline A/B replay (layer 5; SPEC 6, 7, 10): what a live router would have seen, on recorded windows.
 *
 * Both arms have scored every request; the split only decides whose answer counts. Arm 0 is `baseline`, arm 1
 * `enhanced`. Everything is a pure function of the inputs: the same bits for any thread count and device.
 *
 * Requests: one per unique window row (or per units-file line) in time order, cycled when n_requests is larger.
 * A repeat is no new evidence: accuracies, intervals, McNemar and the always-valid p count a window once per arm;
 * counts and the request-wise SRM count requests, the sticky SRM counts units. */
#ifndef GNT_REPLAY_H
#define GNT_REPLAY_H

#include "host/eval/backtest.h"
#include "host/eval/proportion.h"
#include "host/store/h5.h"

#define GNT_REPLAY_EXPERIMENT "financial-ab-test-experiment"

enum { GNT_BASELINE = 0, GNT_ENHANCED = 1, GNT_N_ARMS = 2 };
extern const char *const gnt_arm_name[GNT_N_ARMS]; /* "baseline", "enhanced" */

typedef struct gnt_replay_options {
    const char *experiment; /* hashed into the seed */
    double weight;          /* share of requests for `enhanced`, [0, 1] */
    uint64_t seed;
    uint64_t n_requests;   /* 0: every request once */
    uint64_t n_replicates; /* R re-randomised splits */
} gnt_replay_options;
gnt_replay_options gnt_replay_default(void); /* GNT_REPLAY_EXPERIMENT, 0.3, 42, 0, 0 */

/* Sticky assignment: line i asks for the window ending at row[i] on behalf of unit[i]. Rows rise. */
typedef struct gnt_replay_units {
    uint32_t *row; /* [n], owned */
    char **unit;   /* [n], pointers into text, owned */
    char *text;    /* owned */
    size_t n;      /* 0: not sticky */
} gnt_replay_units;
/* CSV with columns date and unit; date is the row a score is made from (as in a scores file). Lines of bars outside
 * the window are ignored, every window row needs a line, several lines of one date are several requests.
 * EPARSE: syntax; EVALUE: a date that is no bar, dates that fall, an empty unit, a row without a unit. */
GNT_MUST_CHECK gnt_status gnt_replay_units_read(const char *path, const gnt_bars *bars, size_t begin, size_t end,
                                                gnt_replay_units *units, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_replay_units_parse(const char *data, size_t n, const char *name, const gnt_bars *bars,
                                                 size_t begin, size_t end, gnt_replay_units *units, gnt_error *why);
void gnt_replay_units_free(gnt_replay_units *units);

typedef struct gnt_replay_input {
    const gnt_bars *bars;           /* price-adjusted already where wanted; borrowed */
    size_t begin, end;              /* window bars, begin >= 1; its rows are begin-1 .. end-2 */
    const double *prob[GNT_N_ARMS]; /* [T] probability scored from row t; only the window's rows are read */
    const gnt_replay_units *units;  /* NULL: the request number decides the arm */
} gnt_replay_input;

typedef struct gnt_replay_arm {
    gnt_accuracy accuracy;    /* unique windows, Wilson 95 % */
    bool constant_prediction; /* every answer the same: not a model, whatever its accuracy */
    gnt_figure total_return;  /* after SPEC 5's default costs; a window that was not the arm's is a missing score */
} gnt_replay_arm;

/* One number per re-randomised split r = 1..R; NaN where undefined. */
typedef struct gnt_replay_replicates {
    size_t n;
    double *share_enhanced, *srm_p, *accuracy[GNT_N_ARMS], *diff, *always_valid_p, *total_return[GNT_N_ARMS];
    double *block; /* owned: the arrays above lie in it */
} gnt_replay_replicates;

typedef struct gnt_replay {
    char experiment[128];
    double weight;
    uint64_t seed;
    gnt_provenance data; /* of the bars; the replay itself is `replay`, or `synthetic` on synthetic bars */
    bool sticky;
    size_t n, n_unique;         /* requests; distinct windows */
    uint64_t count[GNT_N_ARMS]; /* requests an arm got */
    uint64_t units[GNT_N_ARMS]; /* distinct units an arm got; sticky only */
    double share_enhanced;      /* of requests */
    gnt_figure srm_p;           /* below 0.001: the split is broken, read no effect */
    gnt_replay_arm all[GNT_N_ARMS], routed[GNT_N_ARMS];
    gnt_figure buy_hold, diff, diff_lo, diff_hi; /* diff: routed enhanced - routed baseline, Newcombe 95 % */
    gnt_mcnemar mcnemar;                         /* a = baseline, b = enhanced, every unique window */
    gnt_figure always_valid_p;                   /* after the last request */
    int64_t first_crossing;                      /* request (1-based) at which it fell to 0.05; -1 never */
    gnt_figure power;                            /* of this split to see 2 points over the baseline's accuracy */
    gnt_figure requests_for_80_power;            /* total, both arms */
    /* in request order, [n], owned */
    uint32_t *row;                /* the row the score was made from; its outcome is bar row + 1 */
    uint8_t *arm, *up;            /* 1: enhanced; 1: close[row+1] > close[row] */
    double *prob[GNT_N_ARMS];     /* both arms' probabilities */
    double *always_valid_p_after; /* mSPRT p after each request */
    gnt_replay_replicates replicates;
} gnt_replay;

/* EINVAL: weight, experiment or counts out of range; EVALUE: a probability that is missing or outside [0, 1]. */
GNT_MUST_CHECK gnt_status gnt_replay_run(gnt_engine *engine, const gnt_replay_options *options,
                                         const gnt_replay_input *input, gnt_replay *out, gnt_error *why);
void gnt_replay_free(gnt_replay *replay);

/* The object of `replay --json` (SPEC 7): what result.json holds under `ab`. NULL when memory is out. */
json_t *gnt_replay_json(const gnt_replay *replay);

/* Writes <group>/day, arm, up, prob_baseline, prob_enhanced, always_valid_p and <group>/replicates/... (FORMATS). */
GNT_MUST_CHECK gnt_status gnt_replay_store(const gnt_replay *replay, const gnt_bars *bars, gnt_h5 *file,
                                           const char *group, gnt_error *why);

#endif
