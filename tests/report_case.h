/* A small result folder in the documented form (docs/FORMATS.md), written through the project's own writers.
 *
 * 60 bars from 2020-02-03, a sine of a market, an arm that is right on two days of three. Figures are chosen to be
 * recognised in a report, not to be a simulation's. */
#ifndef GNT_TEST_REPORT_CASE_H
#define GNT_TEST_REPORT_CASE_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/base/date.h"
#include "host/base/file.h"
#include "host/base/json.h"
#include "host/store/h5.h"

enum { CASE_BARS = 60 };

typedef struct report_case {
    const char *title;          /* of the experiment; NULL: "Case" */
    const char *symbol;         /* NULL: "SYN-CASE" */
    bool no_regimes, ab, folds; /* parts */
    double schema_version;      /* 0: 1 */
    size_t n_bars;              /* what result.json says; 0: CASE_BARS */
} report_case;

static inline json_t *case_accuracy(double value, double lo, double hi, double majority)
{
    return json_pack("{s:f, s:f, s:f, s:i, s:f}", "value", value, "lo", lo, "hi", hi, "n", CASE_BARS, "majority",
                     majority);
}

static inline json_t *case_arm(double total_return)
{
    return json_pack("{s:f, s:f, s:f, s:n, s:{s:s}, s:o, s:{s:f, s:f, s:f, s:{s:f, s:f, s:f}}, s:{s:i, s:i, s:f}, s:i, "
                     "s:b, s:{s:f}}",
                     "total_return", total_return, "max_drawdown", -0.0768, "turnover", 12.25, "break_even_bp",
                     "reasons", "break_even_bp", "negative_at_zero_cost", "accuracy",
                     case_accuracy(0.6667, 0.5401, 0.7727, 0.55), "benchmarks", "buy_hold", 0.0432, "always_up", 0.0432,
                     "persistence", -0.0211, "random", "p05", -0.09, "p50", 0.01, "p95", 0.08, "mcnemar_always_up",
                     "n10", 17, "n01", 10, "exact_p", 0.2478, "n_fragile", 0, "constant_prediction", 0,
                     "classification", "roc_auc", 0.6123);
}

static inline json_t *case_arms(void)
{
    return json_pack("{s:o, s:o}", "baseline", case_arm(-0.0314), "enhanced", case_arm(0.0271));
}

static inline json_t *case_regime(const char *regime)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:f, s:f, s:{s:{s:o, s:f, s:f}}}", "scheme", "bull_bear", "regime",
                     regime, "title", regime, "window", "covid", "n_bars", 30, "share", 0.5, "hold_return", 0.02,
                     "arms", "baseline", "accuracy", case_accuracy(0.6, 0.42, 0.75, 0.53), "mean_return_bp", 4.2,
                     "total_return", 0.0123);
}

static inline json_t *case_fold(int fold)
{
    return json_pack("{s:i, s:[s, s], s:[s, s], s:[s, s], s:i, s:i, s:i, s:i, s:{s:{s:o, s:f, s:f}}}", "fold", fold,
                     "train", "2018-01-02", "2019-06-28", "val", "2019-07-01", "2019-12-31", "test",
                     fold == 1 ? "2020-02-03" : "2020-03-16", fold == 1 ? "2020-03-13" : "2020-04-24", "n_train", 300,
                     "n_test", 30, "purged", 1, "embargoed", 10, "arms", "baseline", "accuracy",
                     case_accuracy(0.6, 0.42, 0.75, 0.53), "total_return", 0.01, "hold_return", 0.02);
}

static inline json_t *case_ab(void)
{
    json_t *arm =
        json_pack("{s:o, s:f}", "accuracy", case_accuracy(0.6667, 0.5401, 0.7727, 0.55), "total_return", 0.0271);
    return json_pack("{s:i, s:{s:i, s:i}, s:f, s:f, s:f, s:O, s:O, s:{s:O, s:o}, s:{s:f, s:f, s:f}, s:f, s:f, s:i, "
                     "s:[{s:s, s:s, s:i, s:i}]}",
                     "n", CASE_BARS, "counts", "baseline", 45, "enhanced", 15, "share_enhanced", 0.25, "target_share",
                     0.3, "srm_p", 0.3979, "baseline", arm, "enhanced", arm, "routed", "baseline", arm, "enhanced", arm,
                     "diff", "value", 0.0123, "lo", -0.2, "hi", 0.22, "mcnemar_p", 0.7539, "always_valid_p", 1.0,
                     "requests_for_80_power", 23350, "regimes", "scheme", "bull_bear", "regime", "100 % 'bull'",
                     "baseline", 45, "enhanced", 15);
}

static inline json_t *case_json(const report_case *c)
{
    json_t *json = json_pack(
        "{s:s, s:f, s:{s:s, s:s, s:s, s:s}, s:{s:s, s:s, s:s, s:i, s:s, s:s, s:s}, s:i, s:i, s:{s:f, s:f, s:f, s:f, "
        "s:b}, s:{s:i, s:s}}",
        "schema", "gauntlet-result", "schema_version", c->schema_version != 0 ? c->schema_version : 1.0, "experiment",
        "name", "case", "title", c->title ? c->title : "Case", "question", "Does it work?", "success_rule", "It does.",
        "data", "symbol", c->symbol ? c->symbol : "SYN-CASE", "provenance", "synthetic", "source_sha256", "ab12",
        "rows", CASE_BARS, "first", "2020-02-03", "last", "2020-04-24", "price", "close", "seed", 42,
        "n_configurations", 7, "strategy", "capital", 1e6, "commission_bp", 0.5, "half_spread_bp", 1.0, "slippage_bp",
        1.0, "shorts", 1, "tuning", "configurations_per_arm", 1, "note", "no search");
    json_t *models =
        json_pack("[{s:s, s:s, s:i, s:i, s:i, s:f, s:f}]", "variant", "baseline", "split", "covid", "parameters", 8865,
                  "epochs_run", 3, "best_epoch", 2, "train_loss", 0.69, "val_loss", 0.693);
    json_t *windows = json_pack("[{s:s, s:s, s:s, s:s, s:i, s:b, s:s, s:b, s:o, s:{s:i, s:i, s:f}}]", "name", "covid",
                                "title", "COVID crash", "from", "2020-02-03", "to", "2020-04-24", "n_bars",
                                (int)(c->n_bars ? c->n_bars : CASE_BARS), "hindsight", 1, "in_sample", "none",
                                "annualised", 0, "arms", case_arms(), "mcnemar", "n10", 5, "n01", 4, "exact_p", 1.0);
    json_t *verdict =
        json_pack("{s:b, s:s, s:b, s:b, s:[s, s]}", "passed", 0, "answer", "No: nothing here beats a coin.", "coin", 1,
                  "always_up", 1, "sentences", "Asked: nothing new", "baseline: -3.1 % after costs");
    json_object_set_new(json, "models", models);
    json_object_set_new(json, "windows", windows);
    if (!c->no_regimes)
        json_object_set_new(json, "regimes", json_pack("[o, o]", case_regime("bull"), case_regime("bear")));
    if (c->folds) json_object_set_new(json, "folds", json_pack("[o, o]", case_fold(1), case_fold(2)));
    if (c->ab) json_object_set_new(json, "ab", case_ab());
    json_object_set_new(json, "verdict", verdict);
    return json;
}

typedef struct case_series {
    double day[CASE_BARS], close[CASE_BARS], up[CASE_BARS], equity[CASE_BARS], prob[CASE_BARS], code[CASE_BARS];
} case_series;

static inline void case_fill(case_series *s)
{
    gnt_day day = gnt_day_of(2020, 2, 3);
    double before = 100;
    for (int i = 0; i < CASE_BARS; i++, day++) {
        while (gnt_day_weekday(day) == 0 || gnt_day_weekday(day) == 6) day++;
        s->day[i] = day;
        s->close[i] = 100 + 10 * sin(i / 7.0) + i % 3;
        s->up[i] = s->close[i] > before;
        before = s->close[i];
        s->prob[i] = (s->up[i] > 0.5) == (i % 3 != 0) ? 0.5 + 0.01 * (i % 9) : 0.5 - 0.01 * (1 + i % 9);
        s->equity[i] = 1e6 * (1 + 0.05 * sin(i / 5.0) - 0.0005 * i);
        s->code[i] = i >= 20 && i < 40;
    }
}

static inline gnt_status case_h5(const char *path, bool ab, gnt_error *why)
{
    static const char *const arms[] = {"baseline", "enhanced"};
    static const double loss[] = {0.694, 0.692, 0.6935};
    case_series s;
    gnt_status st = GNT_OK;
    gnt_h5 *file = NULL;
    char name[96];
    case_fill(&s);
    GNT_GOTO(gnt_h5_create(path, &file, why));
#define CASE_PUT(where, values) GNT_GOTO(gnt_h5_put(file, where, GNT_H5_F64, values, CASE_BARS, 0, why))
    CASE_PUT("/bars/day", s.day);
    CASE_PUT("/bars/close", s.close);
    CASE_PUT("/regimes/bull_bear", s.code);
    GNT_GOTO(gnt_h5_put_text(file, "/regimes/bull_bear", "names", "bull|bear", why));
    CASE_PUT("/windows/covid/day", s.day);
    CASE_PUT("/windows/covid/up", s.up);
    CASE_PUT("/windows/covid/buy_hold", s.equity);
    CASE_PUT("/windows/covid/always_up", s.equity);
    for (int a = 0; a < 2; a++) {
        snprintf(name, sizeof name, "/windows/covid/%s/prob", arms[a]);
        CASE_PUT(name, s.prob);
        snprintf(name, sizeof name, "/windows/covid/%s/equity", arms[a]);
        CASE_PUT(name, s.equity);
    }
    GNT_GOTO(gnt_h5_put(file, "/training/baseline_covid/train_loss", GNT_H5_F64, loss, 3, 0, why));
    GNT_GOTO(gnt_h5_put(file, "/training/baseline_covid/val_loss", GNT_H5_F64, loss, 3, 0, why));
    if (ab) {
        CASE_PUT("/ab/day", s.day);
        CASE_PUT("/ab/arm", s.code);
        CASE_PUT("/ab/prob_baseline", s.prob);
        CASE_PUT("/ab/prob_enhanced", s.prob);
    }
#undef CASE_PUT
    GNT_GOTO(gnt_h5_commit(&file, why));
out:
    gnt_h5_close(&file);
    return st;
}

static inline gnt_status case_write(const char *dir, const report_case *c, gnt_error *why)
{
    char path[512];
    json_t *json = case_json(c),
           *manifest = json_pack("{s:s, s:i, s:s, s:s, s:f, s:[{s:s, s:s}]}", "schema", "gauntlet-manifest", "seed", 42,
                                 "version", "0.1.0", "start", "2020-05-01T12:34:56Z", "wall_seconds", 3.8, "inputs",
                                 "path", "bars.csv", "sha256", "cafe");
    gnt_status st = json && manifest ? GNT_OK : gnt_fail(why, GNT_ENOMEM, "the case's JSON can't be packed");
    if (st) goto out;
    GNT_GOTO(gnt_make_dirs(dir, why));
    GNT_GOTO(gnt_path_join(path, sizeof path, dir, "result.json", why));
    GNT_GOTO(gnt_json_write(path, json, why));
    GNT_GOTO(gnt_path_join(path, sizeof path, dir, "manifest.json", why));
    GNT_GOTO(gnt_json_write(path, manifest, why));
    GNT_GOTO(gnt_path_join(path, sizeof path, dir, "result.h5", why));
    GNT_GOTO(case_h5(path, c->ab, why));
out:
    json_decref(json);
    json_decref(manifest);
    return st;
}

#endif
