/* A backtest as the object of SPEC 7. */
#include "host/eval/backtest.h"

static json_t *benchmarks(const gnt_backtest *b)
{
    json_t *object = json_object(), *random = json_object();
    gnt_figure_json(object, "buy_hold", b->buy_hold);
    gnt_figure_json(object, "always_up", b->always_up);
    gnt_figure_json(object, "persistence", b->persistence);
    gnt_figure_json(object, "cash", b->cash_only);
    gnt_figure_json(random, "p05", b->random_p05);
    gnt_figure_json(random, "p50", b->random_p50);
    gnt_figure_json(random, "p95", b->random_p95);
    gnt_json_put(object, "random", random);
    return object;
}

json_t *gnt_backtest_json(const gnt_backtest *b, const gnt_strategy *strategy)
{
    json_t *object = json_object();
    gnt_json_count(object, "n_bars", b->totals.n_bars);
    gnt_json_count(object, "n_trades", b->totals.n_trades);
    gnt_json_count(object, "n_fills", b->totals.n_fills);
    gnt_figure_json(object, "total_return", b->total_return);
    gnt_figure_json(object, "annual_return", b->annual_return);
    gnt_figure_json(object, "volatility", b->volatility);
    gnt_figure_json(object, "sharpe", b->sharpe);
    gnt_figure_json(object, "sortino", b->sortino);
    gnt_figure_json(object, "calmar", b->calmar);
    gnt_json_flag(object, "annualised", b->totals.n_bars >= GNT_ANNUALISE_MIN_BARS);
    gnt_figure_json(object, "max_drawdown", b->max_drawdown);
    gnt_json_count(object, "max_drawdown_bars", b->totals.max_drawdown_bars);
    gnt_figure_json(object, "var_95", b->var_95);
    gnt_figure_json(object, "es_95", b->es_95);
    gnt_figure_json(object, "hit_rate", b->hit_rate);
    gnt_figure_json(object, "turnover", b->turnover);
    gnt_figure_json(object, "exposure", b->exposure);
    gnt_json_figure(object, "cost_paid", b->totals.cost_paid, NULL);
    gnt_figure_json(object, "break_even_bp", b->break_even_bp);
    gnt_figure_json(object, "break_even_vs_hold_bp", b->break_even_vs_hold_bp);
    if (b->accuracy.n > 0)
        gnt_json_put(object, "accuracy", gnt_accuracy_json(&b->accuracy));
    else
        gnt_figure_json(object, "accuracy", gnt_figure_none("no_scores"));
    gnt_json_put(object, "benchmarks", benchmarks(b));
    gnt_json_figure(object, "overnight_return", b->totals.overnight / strategy->capital, NULL);
    gnt_json_figure(object, "intraday_return", b->totals.intraday / strategy->capital, NULL);
    gnt_json_count(object, "n_fragile", b->n_fragile);
    gnt_json_flag(object, "constant_prediction", b->constant_prediction);
    gnt_json_flag(object, "optimistic_fill", strategy->fill == GNT_FILL_SAME_CLOSE);
    gnt_json_flag(object, "ruined", b->totals.ruined);
    return object;
}
