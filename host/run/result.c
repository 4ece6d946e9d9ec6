#include "result.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/base/version.h"

json_t *gnt_run_dates(gnt_day from, gnt_day to)
{
    char a[GNT_DATE_ROOM], b[GNT_DATE_ROOM];
    json_t *pair = json_array();
    json_array_append_new(pair, json_string(gnt_date_format(from, a)));
    json_array_append_new(pair, json_string(gnt_date_format(to, b)));
    return pair;
}

static json_t *experiment_object(const gnt_run *run)
{
    const gnt_experiment *e = run->experiment;
    json_t *o = json_object();
    gnt_json_text(o, "name", e->name);
    gnt_json_text(o, "title", e->title);
    gnt_json_text(o, "question", e->question);
    gnt_json_text(o, "success_rule", e->success_rule);
    gnt_json_text(o, "config_sha256", e->sha256);
    gnt_json_text(o, "overrides", run->options->overrides);
    return o;
}

static json_t *data_object(const gnt_run *run)
{
    const gnt_bars *bars = &run->market->raw;
    char date[GNT_DATE_ROOM];
    json_t *o = json_object();
    gnt_json_text(o, "symbol", bars->symbol);
    gnt_json_text(o, "provenance", gnt_provenance_name(bars->provenance));
    gnt_json_text(o, "source_sha256", bars->sha256);
    gnt_json_count(o, "rows", bars->n);
    gnt_json_text(o, "first", gnt_date_format(bars->day[0], date));
    gnt_json_text(o, "last", gnt_date_format(bars->day[bars->n - 1], date));
    gnt_json_text(o, "price", run->experiment->data.price ? "adj" : "close");
    return o;
}

static json_t *tuning_object(const gnt_experiment *e)
{
    json_t *o = json_object();
    gnt_json_count(o, "configurations_per_arm", 1);
    gnt_json_text(
        o, "note",
        "every arm got the same budget: one configuration, the same epochs, patience, batch and learning rate, "
        "none of them adjusted to a test window");
    gnt_json_count(o, "epochs", e->training.epochs);
    gnt_json_count(o, "patience", e->training.patience);
    gnt_json_count(o, "batch", e->training.batch);
    gnt_json_figure(o, "learning_rate", e->training.learning_rate, NULL);
    gnt_json_text(o, "pos_weight", e->training.balanced ? "balanced" : "calibrated");
    return o;
}

json_t *gnt_result_frame(const gnt_run *run)
{
    static const char *const parts[] = {"models", "windows", "schemes", "regimes", "cost_curve",
                                        "folds",  "ab",      "claims",  "checks"};
    const gnt_experiment *e = run->experiment;
    json_t *o = json_object();
    gnt_json_text(o, "schema", "gauntlet-result");
    gnt_json_count(o, "schema_version", 1);
    gnt_json_put(o, "experiment", experiment_object(run));
    gnt_json_put(o, "data", data_object(run));
    gnt_json_count(o, "seed", run->seed);
    gnt_json_count(o, "n_configurations", (uint64_t)__builtin_popcount(e->variants));
    gnt_json_flag(o, "quick", run->options->quick);
    gnt_json_put(o, "strategy", gnt_strategy_json(&e->strategy));
    gnt_json_put(o, "tuning", tuning_object(e));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        gnt_json_put(o, parts[i], strcmp(parts[i], "ab") == 0 ? json_null() : json_array());
    return o;
}

/* ---- the manifest ------------------------------------------------------------------------------------------- */

gnt_run_start gnt_run_start_now(void)
{
    struct timespec wall = {0}, steady = {0};
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &steady);
    return (gnt_run_start){(int64_t)wall.tv_sec, (double)steady.tv_sec + 1e-9 * (double)steady.tv_nsec};
}

void gnt_manifest_machine(json_t *o, const gnt_engine *engine, const gnt_run_start *start)
{
    char text[32] = "", host[256] = "";
    gethostname(host, sizeof host - 1);
    gnt_json_text(o, "version", gnt_version());
    gnt_json_text(o, "commit", gnt_commit());
    if (engine) {
        gnt_json_text(o, "device", engine->info.name);
        gnt_json_text(o, "simd", engine->info.simd);
        gnt_json_count(o, "threads", engine->info.threads);
    }
    gnt_json_text(o, "host", host);
    time_t at = (time_t)start->unix_s;
    struct tm utc;
    if (gmtime_r(&at, &utc)) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    gnt_json_text(o, "start", text);
    gnt_json_figure(o, "wall_seconds", gnt_run_start_now().monotonic_s - start->monotonic_s, NULL);
}

gnt_status gnt_manifest_write(const gnt_run *run, const gnt_run_start *start, gnt_error *why)
{
    char path[1024];
    const gnt_bars *bars = &run->market->raw;
    json_t *o = json_object(), *inputs = json_array(), *input = json_object();
    gnt_json_text(o, "schema", "gauntlet-manifest");
    gnt_json_count(o, "schema_version", 1);
    gnt_json_text(o, "experiment", run->experiment->name);
    gnt_json_text(o, "provenance", gnt_provenance_name(bars->provenance));
    gnt_json_text(input, "path", run->options->bars ? run->options->bars : run->experiment->data.bars);
    gnt_json_text(input, "sha256", bars->sha256);
    json_array_append_new(inputs, input);
    gnt_json_put(o, "inputs", inputs);
    gnt_json_text(o, "config_sha256", run->experiment->sha256);
    gnt_json_count(o, "seed", run->seed);
    gnt_json_flag(o, "quick", run->options->quick);
    gnt_manifest_machine(o, run->engine, start);
    gnt_status st = gnt_path_join(path, sizeof path, run->options->out, "manifest.json", why);
    if (!st) st = gnt_json_write(path, o, why);
    json_decref(o);
    return st;
}
