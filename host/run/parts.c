/* Parts of a result that look at finished windows: cost curve, regimes, A/B, claims. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/replay/replay.h"
#include "host/run/metric.h"
#include "host/run/regimes.h"
#include "inside.h"

/* ---- cost curve: every (window, arm, cost) is a lane ------------------------------------------------------ */

static void cost_row(gnt_run *run, const gnt_run_window *w, int arm, double bp, const gnt_sim_totals *t)
{
    const gnt_strategy *s = &run->experiment->strategy;
    json_t *row = json_object();
    double n = (double)t->n_bars, growth = t->equity / s->capital, mean = t->sum_r / n;
    double var = t->n_bars > 1 ? (t->sum_r2 - n * mean * mean) / (n - 1) : NAN;
    bool year = t->n_bars >= 126;
    json_array_append_new(json_object_get(run->result, "cost_curve"), row);
    gnt_json_text(row, "window", w->name);
    gnt_json_text(row, "arm", gnt_arm_names[arm]);
    gnt_json_figure(row, "cost_bp", bp, NULL);
    gnt_json_figure(row, "total_return", growth - 1, NULL);
    gnt_json_figure(row, "annual_return", year ? pow(growth, s->periods / n) - 1 : NAN, "fewer_than_126_bars");
    gnt_json_figure(row, "sharpe",
                    year && var > 0 ? (mean - s->cash_rate / s->periods) / sqrt(var) * sqrt(s->periods) : NAN,
                    year ? "zero_variance" : "fewer_than_126_bars");
    gnt_json_figure(row, "turnover", t->turnover, NULL);
    gnt_json_figure(row, "cost_paid", t->cost_paid, NULL);
}

static gnt_status window_curve(gnt_run *run, const gnt_run_window *w, const gnt_sim_market *market, gnt_error *why)
{
    const gnt_exp_cost_curve *curve = &run->experiment->cost_curve;
    gnt_strategy strategy[GNT_MAX_COSTS];
    gnt_sim_lane lane[GNT_MAX_ARMS * GNT_MAX_COSTS];
    gnt_sim_totals totals[GNT_MAX_ARMS * GNT_MAX_COSTS];
    int arm_of[GNT_MAX_ARMS * GNT_MAX_COSTS];
    size_t n = 0;
    for (size_t i = 0; i < curve->n_bp; i++) {
        strategy[i] = run->experiment->strategy;
        strategy[i].commission_bp = curve->bp[i];
        strategy[i].half_spread_bp = strategy[i].slippage_bp = 0;
    }
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++)
        for (size_t i = 0; (w->arms & 1u << arm) && i < curve->n_bp; i++) {
            arm_of[n] = arm;
            lane[n++] = (gnt_sim_lane){
                .market = market, .strategy = &strategy[i], .score = w->prob[arm], .begin = w->begin, .end = w->end};
        }
    GNT_TRY(gnt_engine_simulate(run->engine, lane, n, totals, NULL, why));
    for (size_t i = 0; i < n; i++) cost_row(run, w, arm_of[i], curve->bp[i % curve->n_bp], &totals[i]);
    return GNT_OK;
}

gnt_status gnt_run_cost_curve(gnt_run *run, gnt_error *why)
{
    const gnt_exp_cost_curve *curve = &run->experiment->cost_curve;
    gnt_sim_market market = {.bars = gnt_bars_as_view(&run->market->bars)};
    for (size_t i = 0; i < curve->n_windows; i++)
        GNT_TRY(window_curve(run, gnt_run_find_window(run, curve->windows[i]), &market, why));
    return GNT_OK;
}

/* ---- regimes ------------------------------------------------------------------------------------------------ */

static json_t *regime_arm(const gnt_run *run, const gnt_run_window *w, int arm, const bool *pick, size_t n_picked)
{
    json_t *object = json_object();
    double sum = 0, growth = 1;
    for (size_t i = 0; i < w->end - w->begin; i++) {
        if (!pick[i]) continue;
        sum += w->book[arm].ret[i];
        growth *= 1 + w->book[arm].ret[i];
    }
    gnt_json_put(object, "accuracy", gnt_run_accuracy(run, w, arm, pick));
    gnt_json_figure(object, "mean_return_bp", n_picked ? 1e4 * sum / (double)n_picked : NAN, "no_bars");
    gnt_json_figure(object, "total_return", n_picked ? growth - 1 : NAN, "no_bars");
    return object;
}

static gnt_status regime_row(gnt_run *run, const gnt_run_window *w, size_t scheme, size_t regime, gnt_error *why)
{
    const double *close = run->market->bars.close;
    size_t n = w->end - w->begin, n_picked = 0;
    double hold = 1;
    bool *pick = gnt_alloc(n, sizeof *pick);
    if (!pick) return gnt_fail(why, GNT_ENOMEM, "out of memory for a regime");
    for (size_t i = 0; i < n; i++) {
        size_t bar = w->begin + i;
        pick[i] = run->regime[scheme][bar] == (int8_t)regime;
        n_picked += pick[i];
        if (pick[i]) hold *= close[bar] / close[bar - 1];
    }
    json_t *row = json_object(), *arms = json_object();
    json_array_append_new(json_object_get(run->result, "regimes"), row);
    gnt_json_text(row, "scheme", gnt_schemes[scheme].name);
    gnt_json_text(row, "regime", gnt_schemes[scheme].regime[regime]);
    gnt_json_text(row, "title", gnt_schemes[scheme].title[regime]);
    gnt_json_text(row, "window", w->name);
    gnt_json_count(row, "n_bars", n_picked);
    gnt_json_figure(row, "share", (double)n_picked / (double)n, NULL);
    gnt_json_figure(row, "hold_return", n_picked ? hold - 1 : NAN, "no_bars");
    gnt_json_put(row, "arms", arms);
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++)
        if (w->arms & 1u << arm) gnt_json_put(arms, gnt_arm_names[arm], regime_arm(run, w, arm, pick, n_picked));
    free(pick);
    return GNT_OK;
}

static gnt_status code_bars(gnt_run *run, size_t scheme, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_bars *bars = &run->market->bars;
    int index = gnt_experiment_split(run->experiment, run->experiment->regimes.split);
    char path[64];
    GNT_ALLOC(run->regime[scheme], bars->n);
    if (scheme == 0) gnt_regime_bull_bear(bars->close, bars->n, run->regime[scheme]);
    if (scheme == 1)
        GNT_GOTO(gnt_regime_volatility(bars->close, bars->n, run->split[index].train_row, run->split[index].n_train,
                                       run->edges, run->regime[scheme], why));
    if (scheme == 2) gnt_regime_trend(bars->close, bars->n, run->regime[scheme]);
    snprintf(path, sizeof path, "/regimes/%s", gnt_schemes[scheme].name);
    GNT_GOTO(gnt_h5_put(run->h5, path, GNT_H5_I8, run->regime[scheme], bars->n, 0, why));
    GNT_GOTO(gnt_h5_put_text(run->h5, path, "names", gnt_schemes[scheme].names, why));
out:
    return st;
}

static void scheme_row(gnt_run *run, size_t scheme)
{
    json_t *row = json_object(), *edges = json_array();
    json_array_append_new(json_object_get(run->result, "schemes"), row);
    gnt_json_text(row, "scheme", gnt_schemes[scheme].name);
    gnt_json_text(row, "definition", gnt_schemes[scheme].definition);
    for (size_t i = 0; scheme == 1 && i < 2; i++) json_array_append_new(edges, json_real(run->edges[i]));
    gnt_json_put(row, "edges", edges);
}

gnt_status gnt_run_regimes(gnt_run *run, gnt_error *why)
{
    const gnt_exp_regimes *r = &run->experiment->regimes;
    for (size_t scheme = 0; scheme < GNT_N_SCHEMES; scheme++) {
        if (!(r->schemes & 1u << scheme)) continue;
        GNT_TRY(code_bars(run, scheme, why));
        scheme_row(run, scheme);
        for (size_t i = 0; i < r->n_windows; i++)
            for (size_t regime = 0; regime < gnt_schemes[scheme].n; regime++)
                GNT_TRY(regime_row(run, gnt_run_find_window(run, r->windows[i]), scheme, regime, why));
    }
    return GNT_OK;
}

/* ---- A/B ----------------------------------------------------------------------------------------------------- */

/* Requests by regime of the bar they act on. */
static json_t *requests_by_regime(const gnt_run *run, const gnt_replay *replay)
{
    json_t *rows = json_array();
    for (size_t scheme = 0; scheme < GNT_N_SCHEMES; scheme++)
        for (size_t regime = 0; run->regime[scheme] && regime < gnt_schemes[scheme].n; regime++) {
            uint64_t count[GNT_MAX_ARMS] = {0};
            for (size_t j = 0; j < replay->n; j++)
                if (run->regime[scheme][replay->row[j] + 1] == (int8_t)regime) count[replay->arm[j]]++;
            json_t *row = json_object();
            gnt_json_text(row, "scheme", gnt_schemes[scheme].name);
            gnt_json_text(row, "regime", gnt_schemes[scheme].regime[regime]);
            gnt_json_count(row, "baseline", count[GNT_ARM_BASELINE]);
            gnt_json_count(row, "enhanced", count[GNT_ARM_ENHANCED]);
            json_array_append_new(rows, row);
        }
    return rows;
}

gnt_status gnt_run_ab(gnt_run *run, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_exp_ab *ab = &run->experiment->ab;
    const gnt_run_window *w = gnt_run_find_window(run, ab->window);
    gnt_replay_options options = {
        .experiment = ab->name, .weight = ab->weight, .seed = run->seed, .n_replicates = ab->replicates};
    gnt_replay_input input = {.bars = &run->market->bars,
                              .begin = w->begin,
                              .end = w->end,
                              .prob = {w->prob[GNT_ARM_BASELINE], w->prob[GNT_ARM_ENHANCED]}};
    gnt_replay replay = {0};
    GNT_GOTO(gnt_run_tick(run, "A/B replay", 0, 1, why));
    GNT_GOTO(gnt_replay_run(run->engine, &options, &input, &replay, why));
    json_t *object = gnt_replay_json(&replay);
    if (!object) GNT_GOTO(gnt_fail(why, GNT_ENOMEM, "out of memory for the replay's figures"));
    gnt_json_put(run->result, "ab", object);
    gnt_json_text(object, "window", w->name);
    gnt_json_figure(object, "target_share", ab->weight, NULL);
    gnt_json_put(object, "regimes", requests_by_regime(run, &replay));
    GNT_GOTO(gnt_replay_store(&replay, &run->market->bars, run->h5, "/ab", why));
out:
    gnt_replay_free(&replay);
    return st;
}

/* ---- claims ---------------------------------------------------------------------------------------------------- */

void gnt_run_claims(gnt_run *run)
{
    for (size_t i = 0; i < run->experiment->n_claims; i++) {
        const gnt_exp_claim *c = &run->experiment->claims[i];
        json_t *row = json_object();
        gnt_json_text(row, "claim", c->claim);
        gnt_json_text(row, "source", c->source);
        gnt_json_text(row, "window", c->window);
        gnt_json_text(row, "arm", c->arm);
        gnt_json_text(row, "metric", c->metric);
        gnt_json_figure(row, "claimed", c->claimed, NULL);
        gnt_json_figure(row, "ours", gnt_metric_value(run->result, c->window, c->arm, c->metric), NULL);
        gnt_json_text(row, "note", *c->note ? c->note : NULL);
        json_array_append_new(json_object_get(run->result, "claims"), row);
    }
}
