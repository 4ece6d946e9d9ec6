/* Trading figures of one return stream (layer 3; statistics.md 1, every formula there under the same name).
 *
 * All sums are compensated. Undefined figures carry their reason: `too_few_observations`, `zero_variance`,
 * `no_drawdown`, `no_losses`, `no_turnover`, `no_trades`, `no_nonzero_returns`. */
#ifndef GNT_TRADING_H
#define GNT_TRADING_H

#include <stdbool.h>
#include <stddef.h>

#include "host/eval/figure.h"

typedef struct gnt_trading_input {
    const double *ret;   /* [n] simple net return a period, oldest first */
    const double *bench; /* [n] benchmark return, or NULL */
    const double *pos;   /* [n] fraction of equity held during the period, decided before it, or NULL */
    size_t n;            /* >= 1 */
    double periods;      /* a year, > 0 (252) */
    double rf, mar;      /* per period (0) */
} gnt_trading_input;

typedef struct gnt_trading {
    gnt_figure total_return, annual_return, volatility, downside_deviation, sharpe, sortino;
    gnt_figure max_drawdown, max_drawdown_duration, calmar, var_95, es_95, var_99, es_99, hit_rate, profit_factor;
    bool has_bench, has_pos; /* the figures below are filled only then */
    gnt_figure beta, alpha, alpha_annual, tracking_error, information_ratio;
    gnt_figure turnover, turnover_annual, n_trades, avg_trade_length, exposure, gross_exposure, breakeven_cost_bp;
} gnt_trading;

/* EVALUE: a value that is not finite; EFEW: n = 0; EINVAL: periods, rf or mar out of range; ENOMEM. */
GNT_MUST_CHECK gnt_status gnt_trading_run(const gnt_trading_input *input, gnt_trading *out, gnt_error *why);

/* The flat object of `stats trading`, into `object`. */
void gnt_trading_json(const gnt_trading *trading, json_t *object);

#endif
