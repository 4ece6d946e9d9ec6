#include "host/replay/replay.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/replay/requests.h"

const char *const gnt_arm_name[GNT_N_ARMS] = {"baseline", "enhanced"};

enum { MAX_REQUESTS = 10000000, MAX_REPLICATES = 1000000, CHUNK_SCORES = 1 << 20 };
#define LIFT 0.02 /* the difference SPEC 10 plans for: 2 points of accuracy */

gnt_replay_options gnt_replay_default(void)
{
    return (gnt_replay_options){.experiment = GNT_REPLAY_EXPERIMENT, .weight = 0.3, .seed = 42};
}

static gnt_status check(const gnt_replay_options *o, const gnt_replay_input *in, gnt_error *why)
{
    if (!(o->weight >= 0 && o->weight <= 1))
        return gnt_fail(why, GNT_EINVAL, "replay: weight %g is outside [0, 1]", o->weight);
    if (!*o->experiment || strlen(o->experiment) >= sizeof((gnt_replay *)0)->experiment)
        return gnt_fail(why, GNT_EINVAL, "replay: the experiment's name must have 1 to %zu bytes",
                        sizeof((gnt_replay *)0)->experiment - 1);
    if (o->n_requests > MAX_REQUESTS)
        return gnt_fail(why, GNT_EINVAL, "replay: requests %llu; at most %d", (unsigned long long)o->n_requests,
                        MAX_REQUESTS);
    if (o->n_replicates > MAX_REPLICATES)
        return gnt_fail(why, GNT_EINVAL, "replay: replicates %llu; at most %d", (unsigned long long)o->n_replicates,
                        MAX_REPLICATES);
    if (in->begin < 1 || in->end <= in->begin || in->end > in->bars->n)
        return gnt_fail(why, GNT_EINVAL, "replay: window [%zu, %zu) is not inside bars 1 to %zu", in->begin, in->end,
                        in->bars->n);
    return GNT_OK;
}

/* ---- books ------------------------------------------------------------------------------------------------ */

/* The window's bars with the row before them, so that score arrays are as long as the window. */
static gnt_bars_view window_bars(const gnt_replay_input *in)
{
    gnt_bars_view v = gnt_bars_as_view(in->bars);
    size_t first = in->begin - 1;
    return (gnt_bars_view){in->end - first, v.open + first,  v.high + first,
                           v.low + first,   v.close + first, v.volume + first};
}

/* An arm's probabilities where mask[u] is set, missing elsewhere; score [n_windows + 1]. */
static void route(const gnt_requests *r, int arm, const uint8_t *mask, double *score)
{
    for (size_t u = 0; u < r->n_windows; u++) score[u] = mask[u] ? r->prob[arm][u] : NAN;
    score[r->n_windows] = NAN;
}

/* Total returns of n lanes under SPEC 5's defaults; score [n][n_windows + 1], a row of `hold` 1s where target. */
static gnt_status simulate(gnt_engine *engine, const gnt_replay_input *in, const double *score, size_t n, bool target,
                           double *total_return, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_strategy strategy;
    gnt_sim_market market = {window_bars(in), NULL, NULL};
    gnt_sim_lane *lane = NULL;
    gnt_sim_totals *totals = NULL;
    size_t room = market.bars.n;
    gnt_strategy_default(&strategy);
    GNT_ALLOC(lane, n);
    GNT_ALLOC(totals, n);
    for (size_t i = 0; i < n; i++)
        lane[i] = (gnt_sim_lane){.market = &market,
                                 .strategy = &strategy,
                                 .score = target ? NULL : score + i * room,
                                 .target = target ? score + i * room : NULL,
                                 .begin = 1,
                                 .end = room};
    GNT_GOTO(gnt_engine_simulate(engine, lane, n, totals, NULL, why));
    for (size_t i = 0; i < n; i++) total_return[i] = totals[i].equity / strategy.capital - 1;
out:
    free(totals);
    free(lane);
    return st;
}

/* ---- the run itself ------------------------------------------------------------------------------------------ */

static gnt_status keep_series(const gnt_replay_input *in, const gnt_requests *r, gnt_replay *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_ALLOC(out->row, r->n);
    GNT_ALLOC(out->arm, r->n);
    GNT_ALLOC(out->up, r->n);
    GNT_ALLOC(out->prob[GNT_BASELINE], r->n);
    GNT_ALLOC(out->prob[GNT_ENHANCED], r->n);
    GNT_ALLOC(out->always_valid_p_after, r->n);
    for (size_t j = 0; j < r->n; j++) {
        uint32_t u = r->window[j];
        out->row[j] = (uint32_t)(in->begin - 1 + u);
        out->up[j] = r->up[u];
        for (int arm = 0; arm < GNT_N_ARMS; arm++) out->prob[arm][j] = r->prob[arm][u];
    }
out:
    return st;
}

static void fill_plan(gnt_replay *out)
{
    double p = out->all[GNT_BASELINE].accuracy.value, w = out->weight;
    out->power = out->requests_for_80_power = gnt_figure_none(w > 0 && w < 1 ? "no_room_above_baseline" : "no_split");
    if (!(w > 0 && w < 1 && p + LIFT <= 1)) return;
    out->requests_for_80_power = gnt_sample_size_for(p, p + LIFT, w / (1 - w), 0.05, 0.8).total;
    out->power =
        gnt_power_of(p, p + LIFT, out->routed[GNT_BASELINE].accuracy.n, out->routed[GNT_ENHANCED].accuracy.n, 0.05);
}

static void fill_view(const gnt_split_view *view, gnt_replay *out)
{
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        out->count[arm] = view->count[arm];
        out->units[arm] = view->units[arm];
        out->routed[arm].accuracy = view->accuracy[arm];
        out->routed[arm].constant_prediction = view->constant[arm];
    }
    out->share_enhanced = view->share_enhanced;
    out->srm_p = view->srm_p;
    out->diff = view->diff.diff;
    out->diff_lo = view->diff.lo;
    out->diff_hi = view->diff.hi;
    out->always_valid_p = gnt_figure_of(view->always_valid_p);
    out->first_crossing = view->first_crossing;
}

static void fill_paired(const gnt_requests *r, gnt_replay *out)
{
    uint64_t n10 = 0, n01 = 0;
    for (size_t u = 0; u < r->n_windows; u++) {
        if (!r->asked[u]) continue;
        out->n_unique++;
        n10 += r->right[GNT_BASELINE][u] > r->right[GNT_ENHANCED][u];
        n01 += r->right[GNT_BASELINE][u] < r->right[GNT_ENHANCED][u];
    }
    out->mcnemar = gnt_mcnemar_test(n10, n01);
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        out->all[arm].accuracy = gnt_requests_accuracy(r, arm, r->asked);
        out->all[arm].constant_prediction = gnt_requests_constant(r, arm, r->asked);
    }
}

static gnt_status fill_books(gnt_engine *engine, const gnt_replay_input *in, const gnt_requests *r, const uint8_t *seen,
                             gnt_replay *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double total[4], hold = NAN, *score = NULL;
    size_t room = r->n_windows + 1;
    GNT_ALLOC(score, 4 * room);
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        route(r, arm, r->asked, score + (size_t)arm * room);
        route(r, arm, seen + (size_t)arm * r->n_windows, score + (size_t)(2 + arm) * room);
    }
    GNT_GOTO(simulate(engine, in, score, 4, false, total, why));
    for (size_t i = 0; i < room; i++) score[i] = 1;
    GNT_GOTO(simulate(engine, in, score, 1, true, &hold, why));
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        out->all[arm].total_return = gnt_figure_of(total[arm]);
        out->routed[arm].total_return = gnt_figure_of(total[2 + arm]);
    }
    out->buy_hold = gnt_figure_of(hold);
out:
    free(score);
    return st;
}

/* ---- re-randomised splits --------------------------------------------------------------------------------- */

static gnt_status alloc_replicates(gnt_replay_replicates *all, size_t n, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double **array[] = {&all->share_enhanced, &all->srm_p,          &all->accuracy[0],     &all->accuracy[1],
                        &all->diff,           &all->always_valid_p, &all->total_return[0], &all->total_return[1]};
    size_t n_arrays = sizeof array / sizeof *array;
    GNT_ALLOC(all->block, n_arrays * n);
    for (size_t i = 0; i < n_arrays; i++) *array[i] = all->block + i * n;
    all->n = n;
out:
    return st;
}

static void keep_replicate(const gnt_split_view *view, size_t k, gnt_replay_replicates *all)
{
    all->share_enhanced[k] = view->share_enhanced;
    all->srm_p[k] = view->srm_p.value;
    all->diff[k] = view->diff.diff.value;
    all->always_valid_p[k] = view->always_valid_p;
    for (int arm = 0; arm < GNT_N_ARMS; arm++) all->accuracy[arm][k] = view->accuracy[arm].value;
}

static gnt_status run_replicates(gnt_engine *engine, const gnt_replay_input *in, const gnt_requests *r, uint64_t seed,
                                 uint8_t *seen, gnt_replay *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_replay_replicates *all = &out->replicates;
    size_t room = r->n_windows + 1, widest = room > r->n ? room : r->n;
    size_t chunk = widest < CHUNK_SCORES ? CHUNK_SCORES / widest : 1;
    if (chunk > all->n) chunk = all->n;
    uint8_t *enhanced = NULL;
    double *score = NULL, *total = NULL;
    GNT_ALLOC(enhanced, chunk * r->n);
    GNT_ALLOC(score, 2 * chunk * room);
    GNT_ALLOC(total, 2 * chunk);
    for (size_t first = 0; first < all->n; first += chunk) {
        size_t m = all->n - first < chunk ? all->n - first : chunk;
        GNT_GOTO(gnt_engine_split(engine, seed, out->weight, r->counter, r->n, first + 1, m, enhanced, why));
        for (size_t k = 0; k < m; k++) {
            gnt_split_view view;
            gnt_split_score(r, out->weight, enhanced + k * r->n, seen, &view, NULL);
            keep_replicate(&view, first + k, all);
            for (int arm = 0; arm < GNT_N_ARMS; arm++)
                route(r, arm, seen + (size_t)arm * r->n_windows, score + (2 * k + (size_t)arm) * room);
        }
        GNT_GOTO(simulate(engine, in, score, 2 * m, false, total, why));
        for (size_t k = 0; k < m; k++)
            for (int arm = 0; arm < GNT_N_ARMS; arm++) all->total_return[arm][first + k] = total[2 * k + (size_t)arm];
    }
out:
    free(total);
    free(score);
    free(enhanced);
    return st;
}

gnt_status gnt_replay_run(gnt_engine *engine, const gnt_replay_options *options, const gnt_replay_input *input,
                          gnt_replay *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_requests requests = {0};
    gnt_split_view view;
    uint8_t *seen = NULL;
    *out = (gnt_replay){0};
    GNT_TRY(check(options, input, why));
    uint64_t seed = options->seed ^ gnt_fnv1a_64(options->experiment);
    GNT_GOTO(gnt_requests_make(options, input, &requests, why));
    strcpy(out->experiment, options->experiment);
    out->weight = options->weight;
    out->seed = options->seed;
    out->data = input->bars->provenance;
    out->sticky = input->units;
    out->n = requests.n;
    GNT_ALLOC(seen, 2 * requests.n_windows);
    GNT_GOTO(keep_series(input, &requests, out, why));
    GNT_GOTO(gnt_engine_split(engine, seed, out->weight, requests.counter, out->n, 0, 1, out->arm, why));
    gnt_split_score(&requests, out->weight, out->arm, seen, &view, out->always_valid_p_after);
    fill_view(&view, out);
    fill_paired(&requests, out);
    fill_plan(out);
    GNT_GOTO(fill_books(engine, input, &requests, seen, out, why));
    if (options->n_replicates) {
        GNT_GOTO(alloc_replicates(&out->replicates, options->n_replicates, why));
        GNT_GOTO(run_replicates(engine, input, &requests, seed, seen, out, why));
    }
out:
    free(seen);
    gnt_requests_free(&requests);
    if (st) gnt_replay_free(out);
    return st;
}

void gnt_replay_free(gnt_replay *replay)
{
    free(replay->row);
    free(replay->arm);
    free(replay->up);
    free(replay->prob[0]);
    free(replay->prob[1]);
    free(replay->always_valid_p_after);
    free(replay->replicates.block);
    *replay = (gnt_replay){0};
}
