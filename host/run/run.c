#include "run.h"

#include <string.h>

#include "inside.h"
#include "result.h"
#include "verdict.h"

gnt_status gnt_run_tick(const gnt_run *run, const char *what, double done, double total, gnt_error *why)
{
    if (gnt_progress_report(run->progress, what, done, total, "")) return GNT_OK;
    return gnt_fail(why, GNT_EINTERRUPTED, "stopped while at %s", what);
}

static gnt_status load(gnt_run *run, gnt_error *why)
{
    const gnt_experiment *e = run->experiment;
    const char *schema = e->schema == GNT_FEATURES_LEVELS_17 ? "levels-17" : "gauntlet-35";
    const char *bars = run->options->bars ? run->options->bars : e->data.bars;
    run->seed = run->options->has_seed ? run->options->seed : e->seed;
    GNT_TRY(gnt_run_tick(run, "bars and features", 0, 1, why));
    return gnt_cache_market(run->cache, run->engine, bars, run->seed, e->data.price == 1, schema, &run->market, why);
}

/* ---- windows ------------------------------------------------------------------------------------------------- */

/* From the first row to the label bar of the last one. */
static bool inside(const gnt_day *day, const uint32_t *row, size_t n, gnt_day d)
{
    return n && day[row[0]] <= d && d <= day[row[n - 1] + 1];
}

/* Bars of the window that lie in the dates its models trained or validated on (SPEC 9.3). */
static size_t count_in_sample(const gnt_run *run, const gnt_run_window *w, const gnt_split *s)
{
    const gnt_day *day = run->market->bars.day;
    size_t n = 0;
    for (size_t bar = w->begin; bar < w->end; bar++)
        n += inside(day, s->train_row, s->n_train, day[bar]) || inside(day, s->val_row, s->n_val, day[bar]);
    return n;
}

static gnt_status place_window(gnt_run *run, const gnt_exp_window *from, gnt_run_window *w, gnt_error *why)
{
    const gnt_bars *bars = &run->market->bars;
    const gnt_split *split = &run->split[gnt_experiment_split(run->experiment, from->split)];
    *w = (gnt_run_window){.name = from->name,
                          .title = from->title,
                          .note = from->note,
                          .split_name = from->split,
                          .hindsight = from->hindsight,
                          .arms = run->experiment->variants};
    gnt_range range = {from->from, from->to};
    if (from->rest) range = (gnt_range){split->val.to + 1, bars->day[bars->n - 1]};
    gnt_status st = gnt_bars_window(bars, range, &w->begin, &w->end, why);
    if (st) {
        (void)gnt_error_prefix(why, "window %s", from->name);
        return st;
    }
    w->in_sample = count_in_sample(run, w, split);
    if (w->in_sample && !run->options->allow_in_sample)
        return gnt_fail(why, GNT_EGATE,
                        "window %s: %zu of its %zu bars lie in the train or validation dates of split %s; "
                        "--allow-in-sample runs it all the same, marked in-sample",
                        from->name, w->in_sample, w->end - w->begin, from->split);
    return GNT_OK;
}

static gnt_status place(gnt_run *run, gnt_error *why)
{
    const gnt_experiment *e = run->experiment;
    for (size_t i = 0; i < e->n_splits; i++) GNT_TRY(gnt_run_split(run, &e->splits[i], &run->split[i], why));
    for (size_t i = 0; i < e->n_windows; i++) {
        run->n_windows = i + 1;
        GNT_TRY(place_window(run, &e->windows[i], &run->window[i], why));
    }
    return GNT_OK;
}

bool gnt_run_split_used(const gnt_run *run, size_t split)
{
    for (size_t i = 0; i < run->experiment->n_windows; i++)
        if (strcmp(run->experiment->windows[i].split, run->experiment->splits[split].name) == 0) return true;
    return false;
}

static gnt_status fit(gnt_run *run, gnt_error *why)
{
    const gnt_experiment *e = run->experiment;
    if (e->parts & GNT_PART_FOLDS) GNT_TRY(gnt_run_make_folds(run, why));
    GNT_TRY(gnt_run_fit(run, why));
    for (size_t s = 0; s < e->n_splits; s++)
        for (int arm = 0; arm < GNT_MAX_ARMS; arm++)
            if (run->fitted[s][arm])
                GNT_TRY(
                    gnt_run_store_model(run, arm, e->splits[s].name, &run->split[s], run->fitted[s][arm], true, why));
    return GNT_OK;
}

static gnt_status test(gnt_run *run, gnt_error *why)
{
    for (size_t i = 0; i < run->n_windows; i++) {
        gnt_run_window *w = &run->window[i];
        int split = gnt_experiment_split(run->experiment, w->split_name);
        GNT_TRY(gnt_run_tick(run, w->title, (double)i, (double)run->n_windows, why));
        for (int arm = 0; arm < GNT_MAX_ARMS; arm++)
            if (w->arms & 1u << arm)
                GNT_TRY(gnt_run_score(run, run->fitted[split][arm], w->begin, w->end, &w->prob[arm], why));
        GNT_TRY(gnt_run_books(run, w, why));
        GNT_TRY(gnt_run_store_window(run, w, why));
    }
    return GNT_OK;
}

/* ---- parts and files ------------------------------------------------------------------------------------------ */

static gnt_status parts(gnt_run *run, gnt_error *why)
{
    uint32_t asked = run->experiment->parts;
    if (asked & GNT_PART_FOLDS) GNT_TRY(gnt_run_folds(run, why));
    if (asked & GNT_PART_COST_CURVE) GNT_TRY(gnt_run_cost_curve(run, why));
    if (asked & GNT_PART_REGIMES) GNT_TRY(gnt_run_regimes(run, why));
    if (asked & GNT_PART_AB) GNT_TRY(gnt_run_ab(run, why));
    if (asked & GNT_PART_CLAIMS) gnt_run_claims(run);
    return GNT_OK;
}

static gnt_status open_files(gnt_run *run, gnt_error *why)
{
    char path[1024];
    const gnt_bars *bars = &run->market->bars;
    GNT_TRY(gnt_make_dirs(run->options->out, why));
    GNT_TRY(gnt_path_join(path, sizeof path, run->options->out, "result.h5", why));
    GNT_TRY(gnt_h5_create(path, &run->h5, why));
    GNT_TRY(gnt_h5_put_text(run->h5, "/", "schema", "gauntlet-result", why));
    GNT_TRY(gnt_h5_put_text(run->h5, "/", "provenance", gnt_provenance_name(bars->provenance), why));
    GNT_TRY(gnt_h5_put(run->h5, "/bars/day", GNT_H5_I32, bars->day, bars->n, 0, why));
    return gnt_h5_put(run->h5, "/bars/close", GNT_H5_F64, bars->close, bars->n, 0, why);
}

/* The manifest comes last: a folder with one is complete. */
static gnt_status close_files(gnt_run *run, const gnt_run_start *start, gnt_error *why)
{
    char path[1024];
    const gnt_run_options *o = run->options;
    GNT_TRY(gnt_h5_commit(&run->h5, why));
    GNT_TRY(gnt_path_join(path, sizeof path, o->out, "result.json", why));
    GNT_TRY(gnt_json_write(path, run->result, why));
    GNT_TRY(gnt_path_join(path, sizeof path, o->out, "experiment.yaml", why));
    if (o->text) GNT_TRY(gnt_file_write(path, o->text, o->n_text, why));
    return gnt_manifest_write(run, start, why);
}

static void run_free(gnt_run *run)
{
    gnt_h5_close(&run->h5);
    for (size_t i = 0; i < GNT_MAX_SPLITS; i++) gnt_split_free(&run->split[i]);
    for (size_t i = 0; i < GNT_MAX_FOLDS; i++) gnt_split_free(&run->fold[i]);
    for (size_t i = 0; i <= GNT_MAX_WINDOWS; i++)
        for (int arm = 0; arm < GNT_MAX_ARMS; arm++) {
            free(run->window[i].prob[arm]);
            gnt_backtest_free(&run->window[i].book[arm]);
        }
    for (size_t i = 0; i < GNT_N_SCHEMES; i++) free(run->regime[i]);
    json_decref(run->result);
    free(run);
}

gnt_status gnt_run_experiment(gnt_engine *engine, gnt_run_cache *cache, const gnt_experiment *experiment,
                              const gnt_run_options *options, const gnt_progress *progress, json_t **result,
                              gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_run_start start = gnt_run_start_now();
    gnt_run *run = gnt_alloc(1, sizeof *run);
    if (!run) return gnt_fail(why, GNT_ENOMEM, "out of memory for a run");
    run->engine = engine;
    run->cache = cache;
    run->experiment = experiment;
    run->options = options;
    run->progress = progress;
    GNT_GOTO(load(run, why));
    GNT_GOTO(place(run, why));
    run->result = gnt_result_frame(run);
    GNT_GOTO(open_files(run, why));
    GNT_GOTO(fit(run, why));
    GNT_GOTO(test(run, why));
    GNT_GOTO(parts(run, why));
    gnt_verdict_make(experiment, run->result);
    GNT_GOTO(close_files(run, &start, why));
    if (result) *result = json_incref(run->result);
out:
    run_free(run);
    return st;
}
