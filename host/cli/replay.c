/* gauntlet replay: both arms score every request of a window; the split decides whose answer counted. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/model/model.h"
#include "host/replay/replay.h"

static const gnt_option options[] = {
    {"baseline", GNT_OPT_FILE, "MODEL.onnx", NULL, "arm 0", true, false},
    {"enhanced", GNT_OPT_FILE, "MODEL.onnx", NULL, "arm 1", true, false},
    {"bars", GNT_OPT_FILE, "FILE.csv|STORE.h5:SYMBOL", NULL, "the market, or builtin:SYN-EDGE, builtin:SYN-NULL", true,
     false},
    {"from", GNT_OPT_DATE, "DATE", NULL, "first bar whose return counts", true, false},
    {"to", GNT_OPT_DATE, "DATE", NULL, "last one", true, false},
    {"weight", GNT_OPT_REAL, "W", "0.3", "share of requests for enhanced, 0 to 1", false, false},
    {"experiment", GNT_OPT_TEXT, "NAME", GNT_REPLAY_EXPERIMENT, "name of the experiment, part of the seed", false,
     false},
    {"requests", GNT_OPT_COUNT, "N", "0", "requests in all, cycling through the window; 0: each once", false, false},
    {"units", GNT_OPT_FILE, "FILE.csv", NULL, "date, unit: a unit keeps its arm", false, false},
    {"replicates", GNT_OPT_COUNT, "R", "0", "re-randomised splits", false, false},
    {"schema", GNT_OPT_TEXT, "NAME", NULL, "feature schema of models that carry none", false, false},
    {"series", GNT_OPT_FILE, "FILE.csv", NULL, "write one line a request", false, false},
    {0},
};

/* What the verb holds while it runs. */
typedef struct job {
    gnt_engine engine;
    gnt_bars bars;
    gnt_model model[GNT_N_ARMS];
    double *prob[GNT_N_ARMS]; /* [T] */
    gnt_replay_units units;
    gnt_replay replay;
    size_t begin, end;
} job;

static void job_free(job *j)
{
    gnt_replay_free(&j->replay);
    gnt_replay_units_free(&j->units);
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        free(j->prob[arm]);
        gnt_model_free(&j->model[arm]);
    }
    gnt_bars_free(&j->bars);
    gnt_engine_close(&j->engine);
}

/* ---- scores ----------------------------------------------------------------------------------------- */

static gnt_status check_fit(const job *j, const char *path, const gnt_model *model, const gnt_features *features,
                            gnt_error *why)
{
    char date[GNT_DATE_ROOM];
    size_t first = features->schema.first_valid + model->net.window;
    if (model->schema_hash[0] && strcmp(model->schema_hash, features->schema.hash) != 0)
        return gnt_fail(why, GNT_EVALUE, "%s: made for schema %s %.12s.., these bars give %.12s..", path, model->schema,
                        model->schema_hash, features->schema.hash);
    if (model->net.n_features != features->schema.n_features)
        return gnt_fail(why, GNT_EVALUE, "%s: takes %u features, schema %s has %zu", path, model->net.n_features,
                        features->schema.name, features->schema.n_features);
    if (j->begin < first)
        return gnt_fail(why, GNT_EDATA, "%s: %zu bars of history before %s, %zu needed: choose a later --from", path,
                        j->begin, gnt_date_format(j->bars.day[j->begin], date), first);
    return GNT_OK;
}

/* An arm's probability on every row of the window, NaN on the others. */
static gnt_status score_arm(const gnt_args *args, job *j, int arm, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_features features = {0};
    uint32_t *row = NULL;
    float *score = NULL;
    size_t n = j->end - j->begin;
    gnt_model *model = &j->model[arm];
    const char *path = gnt_arg(args, gnt_arm_name[arm]);
    GNT_GOTO(gnt_onnx_read(path, model, why));
    const char *schema = model->schema[0] ? model->schema : gnt_arg(args, "schema");
    if (!schema) GNT_GOTO(gnt_fail(why, GNT_EUSAGE, "replay: %s carries no schema; give --schema gauntlet-35", path));
    GNT_GOTO(gnt_features_make(&j->engine, schema, &j->bars, 1, &features, why));
    GNT_GOTO(check_fit(j, path, model, &features, why));
    GNT_ALLOC(j->prob[arm], j->bars.n);
    GNT_ALLOC(row, n);
    GNT_ALLOC(score, n);
    for (size_t i = 0; i < n; i++) row[i] = (uint32_t)(j->begin - 1 + i);
    GNT_GOTO(
        gnt_model_score(&j->engine, model, gnt_features_panel(&features), (gnt_rows){row, n}, GNT_FLOAT32, score, why));
    for (size_t t = 0; t < j->bars.n; t++) j->prob[arm][t] = NAN;
    for (size_t i = 0; i < n; i++) j->prob[arm][row[i]] = score[i];
out:
    free(score);
    free(row);
    gnt_features_free(&features);
    return st;
}

static gnt_status prepare(const gnt_args *args, job *j, gnt_error *why)
{
    gnt_range range = {gnt_arg_date(args, "from"), gnt_arg_date(args, "to")};
    if (range.from > range.to)
        return gnt_fail(why, GNT_EUSAGE, "replay: --from %s is after --to %s", gnt_arg(args, "from"),
                        gnt_arg(args, "to"));
    GNT_TRY(gnt_bars_load(gnt_arg(args, "bars"), gnt_arg_seed(args), &j->bars, why));
    GNT_TRY(gnt_bars_window(&j->bars, range, &j->begin, &j->end, why));
    if (gnt_arg(args, "units"))
        GNT_TRY(gnt_replay_units_read(gnt_arg(args, "units"), &j->bars, j->begin, j->end, &j->units, why));
    GNT_TRY(gnt_arg_engine(args, &j->engine, why));
    for (int arm = 0; arm < GNT_N_ARMS; arm++) GNT_TRY(score_arm(args, j, arm, why));
    return GNT_OK;
}

/* ---- what comes out ------------------------------------------------------------------------------------- */

static gnt_status write_series(const char *path, const job *j, gnt_error *why)
{
    const gnt_replay *r = &j->replay;
    char *text = NULL, date[GNT_DATE_ROOM];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return gnt_fail(why, GNT_ENOMEM, "out of memory for %s", path);
    fprintf(out, "request,date,arm,up,prob_baseline,prob_enhanced,always_valid_p\n");
    for (size_t i = 0; i < r->n; i++)
        fprintf(out, "%zu,%s,%s,%d,%.9g,%.9g,%.17g\n", i, gnt_date_format(j->bars.day[r->row[i]], date),
                gnt_arm_name[r->arm[i]], r->up[i], r->prob[0][i], r->prob[1][i], r->always_valid_p_after[i]);
    gnt_status st = fclose(out) == 0 ? gnt_file_write(path, text, size, why)
                                     : gnt_fail(why, GNT_ENOMEM, "out of memory for %s", path);
    free(text);
    return st;
}

/* "52.1", or why there is none. */
static const char *percent(gnt_figure figure, char out[32])
{
    if (figure.reason)
        snprintf(out, 32, "undefined (%s)", figure.reason);
    else
        snprintf(out, 32, "%.1f", 100 * figure.value);
    return out;
}

static const char *accuracy(const gnt_accuracy *a, char out[96])
{
    if (a->n)
        snprintf(out, 96, "%" PRIu64 " of %" PRIu64 " right, %.1f %% (95 %% %.1f to %.1f)", a->n_right, a->n,
                 100 * a->value, 100 * a->lo, 100 * a->hi);
    else
        snprintf(out, 96, "no window");
    return out;
}

static void say_arms(const gnt_args *args, const gnt_replay *r)
{
    char base[96], enh[96], a[32], b[32], c[32], d[32], e[32];
    gnt_say(args, "same windows   baseline %s; enhanced %s; majority %.1f %%",
            accuracy(&r->all[GNT_BASELINE].accuracy, base), accuracy(&r->all[GNT_ENHANCED].accuracy, enh),
            100 * r->all[GNT_BASELINE].accuracy.majority);
    gnt_say(args, "               only baseline right %" PRIu64 " times, only enhanced %" PRIu64 ": McNemar p %.3g",
            r->mcnemar.n10, r->mcnemar.n01, r->mcnemar.exact_p.value);
    gnt_say(args, "routed         baseline %s; enhanced %s", accuracy(&r->routed[GNT_BASELINE].accuracy, base),
            accuracy(&r->routed[GNT_ENHANCED].accuracy, enh));
    gnt_say(args, "               difference %s points (95 %% %s to %s); p at any time %.3g", percent(r->diff, a),
            percent(r->diff_lo, b), percent(r->diff_hi, c), r->always_valid_p.value);
    gnt_say(args, "after costs    baseline %s %%, enhanced %s %%, holding %s %%; routed %s %%, %s %%",
            percent(r->all[GNT_BASELINE].total_return, a), percent(r->all[GNT_ENHANCED].total_return, b),
            percent(r->buy_hold, c), percent(r->routed[GNT_BASELINE].total_return, d),
            percent(r->routed[GNT_ENHANCED].total_return, e));
}

static void say_replicates(const gnt_args *args, const json_t *object)
{
    const json_t *all = json_object_get(object, "replicates"), *diff = json_object_get(all, "diff");
    if (!all || !json_is_number(json_object_get(diff, "p05"))) return;
    gnt_say(args,
            "other splits   over %lld re-drawn splits the routed difference runs from %.1f to %.1f points (5 to 95 %%)",
            (long long)json_integer_value(json_object_get(all, "n")),
            100 * json_number_value(json_object_get(diff, "p05")),
            100 * json_number_value(json_object_get(diff, "p95")));
}

static const char *verdict(const gnt_replay *r)
{
    if (r->srm_p.value < 0.001) return "The split itself is broken (sample ratio mismatch): read no effect from it.";
    if (!(r->mcnemar.exact_p.value < 0.05)) return "Nothing here tells the arms apart.";
    return r->mcnemar.n01 > r->mcnemar.n10 ? "On the same windows enhanced is right more often than baseline."
                                           : "On the same windows baseline is right more often than enhanced.";
}

static void say(const gnt_args *args, const job *j, const json_t *object)
{
    const gnt_replay *r = &j->replay;
    char share[32], power[32];
    gnt_say(args, "replay of %s, %s to %s: %zu requests, %zu different windows, %s bars", j->bars.symbol,
            gnt_arg(args, "from"), gnt_arg(args, "to"), r->n, r->n_unique, gnt_provenance_name(r->data));
    gnt_say(args, "split          %.1f %% to enhanced, %.1f %% wanted; mismatch p %s", 100 * r->share_enhanced,
            100 * r->weight, r->srm_p.reason ? r->srm_p.reason : (snprintf(share, 32, "%.3g", r->srm_p.value), share));
    say_arms(args, r);
    if (!r->requests_for_80_power.reason)
        gnt_say(args, "power          %s %% to see 2 points more than baseline; 80 %% needs %.0f requests",
                percent(r->power, power), r->requests_for_80_power.value);
    say_replicates(args, object);
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        gnt_in_sample in = gnt_model_in_sample(&j->model[arm], j->bars.day + j->begin, j->end - j->begin);
        if (r->all[arm].constant_prediction)
            gnt_say(args, "caution        %s gives the same answer every time: no model, whatever its accuracy",
                    gnt_arm_name[arm]);
        if (in != GNT_IN_SAMPLE_NONE)
            gnt_say(args, "caution        inside %s's own training or validation dates: %s", gnt_arm_name[arm],
                    gnt_in_sample_name(in));
    }
    gnt_say(args, "%s", verdict(r));
}

static json_t *answer(const job *j)
{
    json_t *object = gnt_replay_json(&j->replay), *in_sample = json_object();
    char date[GNT_DATE_ROOM];
    for (int arm = 0; arm < GNT_N_ARMS; arm++)
        gnt_json_text(
            in_sample, gnt_arm_name[arm],
            gnt_in_sample_name(gnt_model_in_sample(&j->model[arm], j->bars.day + j->begin, j->end - j->begin)));
    gnt_json_put(object, "in_sample", in_sample);
    gnt_json_text(object, "symbol", j->bars.symbol);
    gnt_json_text(object, "from", gnt_date_format(j->bars.day[j->begin], date));
    gnt_json_text(object, "to", gnt_date_format(j->bars.day[j->end - 1], date));
    return object;
}

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    job j = {0};
    json_t *object = NULL;
    gnt_replay_options o = {.experiment = gnt_arg(args, "experiment"),
                            .weight = gnt_arg_real(args, "weight"),
                            .seed = gnt_arg_seed(args),
                            .n_requests = gnt_arg_count(args, "requests"),
                            .n_replicates = gnt_arg_count(args, "replicates")};
    GNT_GOTO(prepare(args, &j, why));
    gnt_replay_input in = {&j.bars, j.begin, j.end, {j.prob[0], j.prob[1]}, j.units.n ? &j.units : NULL};
    GNT_GOTO(gnt_replay_run(&j.engine, &o, &in, &j.replay, why));
    if (gnt_arg(args, "series")) GNT_GOTO(write_series(gnt_arg(args, "series"), &j, why));
    object = answer(&j);
    say(args, &j, object);
    gnt_answer(args, object);
out:
    job_free(&j);
    return st;
}

const gnt_verb gnt_verb_replay = {
    .name = "replay",
    .run = run,
    .summary = "offline A/B test of two models",
    .synopsis = "--baseline M.onnx --enhanced M.onnx --bars FILE --from DATE --to DATE [options]",
    .detail = "Every bar of the window is a request. Both models answer each; the split decides whose answer a live\n"
              "router would have shown. The routed comparison is what that router would have reported, the paired one\n"
              "uses every window for both. A repeated window is no new evidence and counts once.\n\n"
              "    gauntlet replay --baseline b.onnx --enhanced e.onnx --bars IBB.csv \\\n"
              "        --from 2021-08-02 --to 2023-12-29 --weight 0.3 --replicates 500",
    .options = options,
    .computes = true,
};
