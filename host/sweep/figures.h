/* The figures of a sweep (layer 5): what configurations are ranked by, what a file of all of them holds, what is said
 * of the best. Formulas: statistics.md 1 and SPEC 10, as in host/eval. */
#ifndef GNT_SWEEP_FIGURES_H
#define GNT_SWEEP_FIGURES_H

#include "host/eval/backtest.h"

/* ---- from a lane's totals alone ------------------------------------------------------------------------------- */

/* Larger is better for every one of them. */
#define GNT_SWEEP_METRICS(X)        \
    X(SHARPE, sharpe)               \
    X(SORTINO, sortino)             \
    X(CALMAR, calmar)               \
    X(TOTAL_RETURN, total_return)   \
    X(ANNUAL_RETURN, annual_return) \
    X(MAX_DRAWDOWN, max_drawdown)

typedef enum gnt_sweep_metric {
#define X(id, name) GNT_BY_##id,
    GNT_SWEEP_METRICS(X)
#undef X
        GNT_N_SWEEP_METRICS
} gnt_sweep_metric;

#define GNT_SWEEP_METRIC_WORDS "sharpe|sortino|calmar|total_return|annual_return|max_drawdown"
const char *gnt_sweep_metric_name(gnt_sweep_metric metric);
bool gnt_sweep_metric_parse(const char *word, gnt_sweep_metric *metric);

/* NaN when undefined. sum_r, sum_r2 are plain sums, so these differ from a backtest's compensated ones by rounding; a
 * variance that rounding can't tell from zero is zero. */
double gnt_sweep_metric_of(gnt_sweep_metric metric, const gnt_sim_totals *totals, const gnt_strategy *strategy);
double gnt_sweep_sharpe_period(const gnt_sim_totals *totals, const gnt_strategy *strategy);

/* Columns of --full: [row] of all of them. */
#define GNT_SWEEP_COLUMNS(X) \
    X(total_return)          \
    X(annual_return)         \
    X(volatility)            \
    X(sharpe)                \
    X(sortino)               \
    X(calmar)                \
    X(max_drawdown)          \
    X(max_drawdown_bars)     \
    X(hit_rate)              \
    X(turnover)              \
    X(exposure)              \
    X(cost_paid)             \
    X(n_trades)              \
    X(n_fills)               \
    X(ruined)
typedef struct gnt_sweep_row {
#define X(name) double name;
    GNT_SWEEP_COLUMNS(X)
#undef X
} gnt_sweep_row;
enum { GNT_SWEEP_N_COLUMNS = sizeof(gnt_sweep_row) / sizeof(double) };
extern const char *const gnt_sweep_column_names[GNT_SWEEP_N_COLUMNS];
gnt_sweep_row gnt_sweep_row_of(const gnt_sim_totals *totals, const gnt_strategy *strategy);
gnt_sweep_row gnt_sweep_row_none(void); /* of a configuration that was skipped: NaN */

/* ---- of one of the best, from its path: a backtest's own figures ------------------------------------------------ */

#define GNT_SWEEP_FIGURES(X)    \
    X(total_return, REAL)       \
    X(annual_return, REAL)      \
    X(volatility, REAL)         \
    X(sharpe, REAL)             \
    X(sortino, REAL)            \
    X(calmar, REAL)             \
    X(max_drawdown, REAL)       \
    X(max_drawdown_bars, WHOLE) \
    X(hit_rate, REAL)           \
    X(turnover, REAL)           \
    X(exposure, REAL)           \
    X(cost_paid, REAL)          \
    X(n_bars, WHOLE)            \
    X(n_trades, WHOLE)          \
    X(n_fills, WHOLE)           \
    X(sharpe_per_bar, REAL)     \
    X(skew, REAL)               \
    X(kurtosis, REAL)           \
    X(buy_hold, REAL)           \
    X(ruined, FLAG)
typedef struct gnt_sweep_figures { /* NaN: undefined */
#define X(name, kind) double name;
    GNT_SWEEP_FIGURES(X)
#undef X
} gnt_sweep_figures;
enum { GNT_SWEEP_N_FIGURES = sizeof(gnt_sweep_figures) / sizeof(double) };

/* object gets every figure under its name, undefined ones with their reason. */
void gnt_sweep_figures_json(json_t *object, const gnt_sweep_figures *figures);

#endif
