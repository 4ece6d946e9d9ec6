/* One strategy on one window, with its benchmarks and figures (layer 3; SPEC 5, 7, 10). */
#ifndef GNT_BACKTEST_H
#define GNT_BACKTEST_H

#include "host/base/json.h"
#include "host/device/engine.h"
#include "host/eval/figure.h"
#include "host/market/bars.h"

void gnt_strategy_default(gnt_strategy *strategy); /* SPEC 5's defaults */

/* SPEC 5's parameters by their command-line names ("commission-bp", "upper", ...; '_' and '-' are equal): one table
 * shared by the command line, experiment files and sweeps. EINVAL names the parameter, its range and the value. */
GNT_MUST_CHECK gnt_status gnt_strategy_set(gnt_strategy *strategy, const char *name, const char *value, gnt_error *why);

typedef struct gnt_parameter {
    const char *name, *value_hint, *fallback, *help; /* "commission-bp", "BP" or "a|b|c", "0.5", "..." */
    size_t offset, size;                             /* of the field in gnt_strategy */
    double smallest, largest;                        /* both 0: one of the words in value_hint, the enum's order */
} gnt_parameter;
extern const gnt_parameter gnt_strategy_parameters[];
extern const size_t gnt_n_strategy_parameters;

/* EINVAL names the nearest one. */
GNT_MUST_CHECK gnt_status gnt_parameter_find(const char *name, const gnt_parameter **parameter, gnt_error *why);
bool gnt_parameter_is_words(const gnt_parameter *parameter);
/* One field as a number: a real as it is, a word by its place in value_hint. No check: for values that
 * gnt_strategy_set has taken. */
void gnt_parameter_put(gnt_strategy *strategy, const gnt_parameter *parameter, double value);
double gnt_parameter_get(const gnt_strategy *strategy, const gnt_parameter *parameter);
/* object.name (with '_') = the field: a number, a flag or a word. */
void gnt_parameter_json(json_t *object, const gnt_strategy *strategy, const gnt_parameter *parameter);

/* What no single value shows: thresholds in order, costs that leave something to trade with. EINVAL. */
GNT_MUST_CHECK gnt_status gnt_strategy_check(const gnt_strategy *strategy, gnt_error *why);
/* Largest exposure in absolute value that the strategy's own sizing can ask for. */
double gnt_strategy_largest(const gnt_strategy *strategy);
/* Every parameter by its name with '_', as JSON. NULL when memory is out. */
json_t *gnt_strategy_json(const gnt_strategy *strategy);

/* A proportion with its Wilson 95 % interval and the majority share beside it. n = 0: undefined. */
typedef struct gnt_accuracy {
    double value, lo, hi, majority;
    uint64_t n, n_right, n_up;
} gnt_accuracy;
gnt_accuracy gnt_accuracy_of(uint64_t n_right, uint64_t n, uint64_t n_up);
/* Rows 0 .. n-1 that have a score, against the close after them: close [n + 1], score [n]. */
gnt_accuracy gnt_accuracy_of_scores(const double *close, const double *score, size_t n);
json_t *gnt_accuracy_json(const gnt_accuracy *accuracy); /* {value, lo, hi, n, majority} or null */

typedef struct gnt_backtest {
    size_t begin, end; /* window bars */
    gnt_sim_totals totals;
    double *price_fill, *target, *units, *cash, *equity, *ret, *cost, *position; /* [end - begin], owned */
    gnt_figure total_return, annual_return, volatility, sharpe, sortino, calmar, max_drawdown, var_95, es_95, hit_rate,
        turnover, exposure, break_even_bp, break_even_vs_hold_bp;
    gnt_accuracy accuracy;
    uint64_t n_fragile;       /* scored decisions with |p - a threshold| < 1e-5 */
    bool constant_prediction; /* all p equal or all on one side of 0.5 */
    gnt_figure buy_hold, always_up, persistence, cash_only, random_p05, random_p50, random_p95; /* total returns */
    double *buy_hold_equity, *always_up_equity, *persistence_equity; /* [end - begin], owned */
} gnt_backtest;

/* score [T]: probability or NaN. bars must already be price-adjusted; raw: the unadjusted bars for impact's dollar
 * volume (may be the same). seed: benchmarks' random runs, stream 102. */
GNT_MUST_CHECK gnt_status gnt_backtest_run(gnt_engine *engine, const gnt_bars *bars, const gnt_bars *raw,
                                           const double *score, size_t begin, size_t end, const gnt_strategy *strategy,
                                           uint64_t seed, gnt_backtest *out, gnt_error *why);
void gnt_backtest_free(gnt_backtest *backtest);

/* Below this many bars a report shows no annualised figure (SPEC 10). The values stand in the JSON all the same, with
 * `annualised: false` beside them; docs/decisions/backtest-figures.md. */
#define GNT_ANNUALISE_MIN_BARS 126

/* SPEC 7's `backtest --json` keys without provenance, which only the caller knows. */
json_t *gnt_backtest_json(const gnt_backtest *backtest, const gnt_strategy *strategy);

#endif
