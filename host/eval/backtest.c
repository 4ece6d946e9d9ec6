#include "host/eval/backtest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/eval/book.h"
#include "host/eval/moments.h"
#include "host/eval/trading.h"

/* What one call works on. */
typedef struct work {
    gnt_engine *engine;
    const gnt_strategy *strategy;
    gnt_strategy hold; /* buy-and-hold trades on change, whatever the strategy does */
    gnt_book_window window;
    const double *score; /* [n + 1] from the row before the window; borrowed */
    double *certain;     /* [n + 1] the score of always_up: 1 */
    double *persistent;  /* [n + 1] target of persistence */
    double *scratch;     /* [GNT_RANDOM_BOOKS] */
    double *exposure;    /* [n] */
} work;

void gnt_backtest_free(gnt_backtest *b)
{
    double *const owned[] = {b->price_fill,
                             b->target,
                             b->units,
                             b->cash,
                             b->equity,
                             b->ret,
                             b->cost,
                             b->position,
                             b->buy_hold_equity,
                             b->always_up_equity,
                             b->persistence_equity};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    *b = (gnt_backtest){0};
}

static gnt_status paths_alloc(gnt_backtest *b, size_t n, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double **const owned[] = {&b->price_fill,
                              &b->target,
                              &b->units,
                              &b->cash,
                              &b->equity,
                              &b->ret,
                              &b->cost,
                              &b->position,
                              &b->buy_hold_equity,
                              &b->always_up_equity,
                              &b->persistence_equity};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) GNT_ALLOC(*owned[i], n);
out:
    return st;
}

static gnt_status work_open(work *w, const gnt_bars *bars, const gnt_bars *raw, const gnt_backtest *b, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = b->end - b->begin;
    GNT_GOTO(gnt_book_window_open(&w->window, bars, raw, b->begin, b->end, w->strategy, why));
    GNT_ALLOC(w->certain, n + 1);
    GNT_ALLOC(w->persistent, n + 1);
    GNT_ALLOC(w->scratch, GNT_RANDOM_BOOKS);
    GNT_ALLOC(w->exposure, n);
    for (size_t i = 0; i <= n; i++) {
        size_t t = b->begin - 1 + i;
        double rise = t > 0 ? bars->close[t] - bars->close[t - 1] : 0; /* the first bar has no return: flat */
        w->certain[i] = 1;
        w->persistent[i] = rise > 0 ? 1 : rise < 0 && w->strategy->shorts ? -1 : 0;
    }
out:
    return st;
}

static void work_close(work *w)
{
    gnt_book_window_close(&w->window);
    free(w->certain);
    free(w->persistent);
    free(w->scratch);
    free(w->exposure);
}

/* The strategy and its three deterministic benchmarks, as four lanes. */
static gnt_status run_books(work *w, gnt_backtest *b, gnt_error *why)
{
    gnt_sim_totals totals[4];
    const gnt_sim_lane lanes[4] = {
        gnt_book_lane(&w->window, w->strategy, w->score, NULL),
        gnt_book_lane(&w->window, &w->hold, NULL, w->window.ones),
        gnt_book_lane(&w->window, w->strategy, w->certain, NULL),
        gnt_book_lane(&w->window, w->strategy, NULL, w->persistent),
    };
    const gnt_sim_path paths[4] = {
        {b->price_fill, b->target, b->units, b->cash, b->equity, b->ret, b->cost, b->position},
        {.equity = b->buy_hold_equity},
        {.equity = b->always_up_equity},
        {.equity = b->persistence_equity},
    };
    GNT_TRY(gnt_engine_simulate(w->engine, lanes, 4, totals, paths, why));
    b->totals = totals[0];
    double capital = w->strategy->capital;
    b->buy_hold = gnt_figure_of(totals[1].equity / capital - 1);
    b->always_up = gnt_figure_of(totals[2].equity / capital - 1);
    b->persistence = gnt_figure_of(totals[3].equity / capital - 1);
    double rate = w->strategy->cash_rate / w->strategy->periods;
    b->cash_only = gnt_figure_of(pow(1 + rate, (double)w->window.n) - 1);
    return GNT_OK;
}

gnt_status gnt_backtest_figures(gnt_backtest *b, const gnt_strategy *strategy, gnt_error *why)
{
    gnt_trading t;
    size_t n_bars = b->end - b->begin;
    double periods = strategy->periods, n = (double)n_bars;
    const gnt_trading_input in = {.ret = b->ret, .n = n_bars, .periods = periods, .rf = strategy->cash_rate / periods};
    GNT_TRY(gnt_trading_run(&in, &t, why));
    b->total_return = gnt_figure_of(b->totals.equity / strategy->capital - 1);
    b->annual_return = gnt_figure_of(pow(b->totals.equity / strategy->capital, periods / n) - 1);
    b->volatility = t.volatility;
    b->sharpe = t.sharpe;
    b->sortino = t.sortino;
    b->var_95 = t.var_95;
    b->es_95 = t.es_95;
    b->max_drawdown = gnt_figure_of(b->totals.max_drawdown);
    b->calmar = gnt_figure_ratio(b->annual_return.value, -b->totals.max_drawdown, "no_drawdown");
    b->hit_rate = gnt_figure_ratio((double)b->totals.n_up, (double)b->totals.n_nonzero, "no_nonzero_returns");
    b->turnover = gnt_figure_of(b->totals.turnover);
    b->exposure = gnt_figure_of((double)b->totals.n_exposed / n);
    return GNT_OK;
}

/* Scores beside what came: rows whose next bar is in the window. */
static void fill_accuracy(const work *w, gnt_backtest *b)
{
    uint64_t n_called_up = 0;
    double lowest = INFINITY, highest = -INFINITY;
    for (size_t i = 0; i < w->window.n; i++) {
        double p = w->score[i];
        if (isnan(p)) continue;
        n_called_up += p >= 0.5;
        lowest = fmin(lowest, p);
        highest = fmax(highest, p);
        b->n_fragile += fabs(p - w->strategy->upper) < 1e-5 || fabs(p - w->strategy->lower) < 1e-5;
    }
    b->accuracy = gnt_accuracy_of_scores(w->window.market.bars.close, w->score, w->window.n);
    uint64_t n = b->accuracy.n;
    b->constant_prediction = n > 0 && (lowest == highest || n_called_up == 0 || n_called_up == n);
}

static gnt_status fill_random(work *w, gnt_backtest *b, uint64_t seed, gnt_error *why)
{
    gnt_book_exposure(b->target, b->position, w->window.n, w->exposure);
    GNT_TRY(gnt_random_books(w->engine, &w->window, w->strategy, w->exposure, seed, w->scratch, why));
    b->random_p05 = gnt_figure_of(gnt_quantile_sorted(w->scratch, GNT_RANDOM_BOOKS, 0.05));
    b->random_p50 = gnt_figure_of(gnt_quantile_sorted(w->scratch, GNT_RANDOM_BOOKS, 0.50));
    b->random_p95 = gnt_figure_of(gnt_quantile_sorted(w->scratch, GNT_RANDOM_BOOKS, 0.95));
    return GNT_OK;
}

static gnt_status check_scores(const gnt_bars *bars, const double *score, size_t begin, size_t end, gnt_error *why)
{
    char date[GNT_DATE_ROOM];
    if (begin < 1 || begin >= end || end > bars->n)
        return gnt_fail(why, GNT_EINVAL, "window [%zu, %zu) of %zu bars; at least one bar, and one before it, expected",
                        begin, end, bars->n);
    for (size_t t = begin - 1; t < end; t++)
        if (!isnan(score[t]) && !(score[t] >= 0 && score[t] <= 1))
            return gnt_fail(why, GNT_EVALUE, "score %g of %s is outside [0, 1]", score[t],
                            gnt_date_format(bars->day[t], date));
    return GNT_OK;
}

gnt_status gnt_backtest_run(gnt_engine *engine, const gnt_bars *bars, const gnt_bars *raw, const double *score,
                            size_t begin, size_t end, const gnt_strategy *strategy, uint64_t seed, gnt_backtest *out,
                            gnt_error *why)
{
    gnt_status st = GNT_OK;
    work w = {.engine = engine, .strategy = strategy, .hold = *strategy, .score = score + begin - 1};
    w.hold.rebalance = GNT_REBALANCE_ON_CHANGE;
    *out = (gnt_backtest){.begin = begin, .end = end};
    GNT_GOTO(gnt_strategy_check(strategy, why));
    GNT_GOTO(check_scores(bars, score, begin, end, why));
    GNT_GOTO(paths_alloc(out, end - begin, why));
    GNT_GOTO(work_open(&w, bars, raw, out, why));
    GNT_GOTO(run_books(&w, out, why));
    GNT_GOTO(gnt_backtest_figures(out, strategy, why));
    fill_accuracy(&w, out);
    GNT_GOTO(fill_random(&w, out, seed, why));
    GNT_GOTO(gnt_break_even(engine, &w.window, strategy, w.score, &out->totals, false, &out->break_even_bp, why));
    GNT_GOTO(
        gnt_break_even(engine, &w.window, strategy, w.score, &out->totals, true, &out->break_even_vs_hold_bp, why));
out:
    work_close(&w);
    if (st) gnt_backtest_free(out);
    return st;
}
