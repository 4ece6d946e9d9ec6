/* A test window: scores, books, and what a result keeps of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/eval/classification.h"
#include "inside.h"

bool gnt_run_up(const gnt_run *run, size_t bar)
{
    return run->market->labels.up[bar - 1];
}

gnt_run_window *gnt_run_find_window(gnt_run *run, const char *name)
{
    for (size_t i = 0; i < run->n_windows; i++)
        if (strcmp(run->window[i].name, name) == 0) return &run->window[i];
    return NULL;
}

static gnt_status need_history(const gnt_run *run, size_t begin, gnt_error *why)
{
    size_t first =
        run->market->features.schema.first_valid + run->experiment->window; /* first bar with a score before */
    char date[GNT_DATE_ROOM];
    if (begin >= first) return GNT_OK;
    return gnt_fail(why, GNT_EDATA, "%zu bars of history before %s, %zu needed: a later start or earlier bars", begin,
                    gnt_date_format(run->market->bars.day[begin], date), first);
}

gnt_status gnt_run_score(gnt_run *run, const gnt_fitted *fitted, size_t begin, size_t end, double **prob,
                         gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = end - begin, n_bars = run->market->bars.n;
    uint32_t *row = NULL;
    float *score = NULL;
    GNT_TRY(need_history(run, begin, why));
    if (!*prob) {
        GNT_ALLOC(*prob, n_bars);
        for (size_t t = 0; t < n_bars; t++) (*prob)[t] = NAN;
    }
    GNT_ALLOC(row, n);
    GNT_ALLOC(score, n);
    for (size_t i = 0; i < n; i++) row[i] = (uint32_t)(begin - 1 + i);
    GNT_GOTO(gnt_model_score(run->engine, &fitted->model, gnt_features_panel(&run->market->features),
                             (gnt_rows){row, n}, GNT_FLOAT32, score, why));
    for (size_t i = 0; i < n; i++) (*prob)[row[i]] = score[i];
out:
    free(row);
    free(score);
    return st;
}

gnt_status gnt_run_books(gnt_run *run, gnt_run_window *w, gnt_error *why)
{
    const gnt_market *m = run->market;
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++) {
        if (!(w->arms & 1u << arm)) continue;
        GNT_TRY(gnt_backtest_run(run->engine, &m->bars, &m->raw, w->prob[arm], w->begin, w->end,
                                 &run->experiment->strategy, run->seed, &w->book[arm], why));
    }
    return GNT_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------ */

static bool is_right(const gnt_run *run, const gnt_run_window *w, int arm, size_t bar)
{
    return (w->prob[arm][bar - 1] >= 0.5) == gnt_run_up(run, bar);
}

json_t *gnt_run_accuracy(const gnt_run *run, const gnt_run_window *w, int arm, const bool *pick)
{
    gnt_accuracy a = {0};
    for (size_t i = 0; i < w->end - w->begin; i++) {
        if (pick && !pick[i]) continue;
        a.n++;
        a.n_up += gnt_run_up(run, w->begin + i);
        a.n_right += is_right(run, w, arm, w->begin + i);
    }
    if (!a.n) return json_null();
    gnt_interval wilson = gnt_wilson(a.n_right, a.n, 0.05);
    double share = (double)a.n_up / (double)a.n;
    a.value = (double)a.n_right / (double)a.n;
    a.lo = wilson.lo;
    a.hi = wilson.hi;
    a.majority = share > 0.5 ? share : 1 - share;
    return gnt_accuracy_json(&a);
}

static json_t *mcnemar_json(uint64_t n10, uint64_t n01)
{
    gnt_mcnemar test = gnt_mcnemar_test(n10, n01);
    json_t *object = json_object();
    gnt_json_count(object, "n10", n10);
    gnt_json_count(object, "n01", n01);
    gnt_figure_json(object, "exact_p", test.exact_p);
    return object;
}

/* a = the arm, b = always-up. */
static json_t *against_always_up(const gnt_run *run, const gnt_run_window *w, int arm)
{
    uint64_t n10 = 0, n01 = 0;
    for (size_t bar = w->begin; bar < w->end; bar++) {
        bool right = is_right(run, w, arm, bar), up = gnt_run_up(run, bar);
        n10 += right && !up;
        n01 += !right && up;
    }
    return mcnemar_json(n10, n01);
}

static json_t *between_arms(const gnt_run *run, const gnt_run_window *w)
{
    uint64_t n10 = 0, n01 = 0;
    if (w->arms != 3) return json_null();
    for (size_t bar = w->begin; bar < w->end; bar++) {
        bool a = is_right(run, w, GNT_ARM_BASELINE, bar), b = is_right(run, w, GNT_ARM_ENHANCED, bar);
        n10 += a && !b;
        n01 += !a && b;
    }
    return mcnemar_json(n10, n01);
}

static gnt_status classification(const gnt_run *run, const gnt_run_window *w, int arm, json_t *into, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_classification c;
    size_t n = w->end - w->begin;
    uint8_t *y = NULL;
    GNT_ALLOC(y, n);
    for (size_t i = 0; i < n; i++) y[i] = gnt_run_up(run, w->begin + i);
    GNT_GOTO(gnt_classification_run(y, w->prob[arm] + w->begin - 1, n, NULL, &c, why));
    gnt_classification_json(&c, into);
out:
    free(y);
    return st;
}

static gnt_status arm_json(const gnt_run *run, const gnt_run_window *w, int arm, json_t *arms, gnt_error *why)
{
    const gnt_backtest *book = &w->book[arm];
    const gnt_strategy *strategy = &run->experiment->strategy;
    json_t *object = gnt_backtest_json(book, strategy), *quality = json_object();
    if (!object) return gnt_fail(why, GNT_ENOMEM, "out of memory for a book's figures");
    gnt_json_put(arms, gnt_arm_names[arm], object);
    gnt_json_put(object, "classification", quality);
    gnt_json_text(object, "provenance", gnt_provenance_name(run->market->bars.provenance));
    gnt_json_put(object, "mcnemar_always_up", against_always_up(run, w, arm));
    gnt_json_count(object, "n_fragile", book->n_fragile);
    gnt_json_flag(object, "constant_prediction", book->constant_prediction);
    gnt_json_figure(object, "overnight_return", book->totals.overnight / strategy->capital, NULL);
    gnt_json_figure(object, "intraday_return", book->totals.intraday / strategy->capital, NULL);
    return classification(run, w, arm, quality, why);
}

static const char *in_sample_word(const gnt_run_window *w)
{
    return !w->in_sample ? "none" : w->in_sample == w->end - w->begin ? "all" : "partial";
}

static gnt_status window_json(gnt_run *run, const gnt_run_window *w, gnt_error *why)
{
    const gnt_day *day = run->market->bars.day;
    char date[GNT_DATE_ROOM];
    json_t *entry = json_object(), *arms = json_object();
    json_array_append_new(json_object_get(run->result, "windows"), entry);
    gnt_json_text(entry, "name", w->name);
    gnt_json_text(entry, "title", w->title);
    gnt_json_text(entry, "split", w->split_name);
    gnt_json_text(entry, "from", gnt_date_format(day[w->begin], date));
    gnt_json_text(entry, "to", gnt_date_format(day[w->end - 1], date));
    gnt_json_count(entry, "n_bars", w->end - w->begin);
    gnt_json_flag(entry, "hindsight", w->hindsight);
    gnt_json_text(entry, "note", w->note && *w->note ? w->note : NULL);
    gnt_json_text(entry, "in_sample", in_sample_word(w));
    gnt_json_flag(entry, "annualised", w->end - w->begin >= 126);
    gnt_json_put(entry, "arms", arms);
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++)
        if (w->arms & 1u << arm) GNT_TRY(arm_json(run, w, arm, arms, why));
    gnt_json_put(entry, "mcnemar", between_arms(run, w));
    return GNT_OK;
}

/* ---- HDF5 ------------------------------------------------------------------------------------------------ */

static gnt_status put(gnt_run *run, const gnt_run_window *w, const char *name, gnt_h5_type type, const void *data,
                      gnt_error *why)
{
    char path[200];
    snprintf(path, sizeof path, "/windows/%s/%s", w->name, name);
    return gnt_h5_put(run->h5, path, type, data, w->end - w->begin, 0, why);
}

static gnt_status put_arm(gnt_run *run, const gnt_run_window *w, int arm, gnt_error *why)
{
    const gnt_backtest *b = &w->book[arm];
    const struct {
        const char *name;
        const double *data;
    } series[] = {{"prob", w->prob[arm] + w->begin - 1},
                  {"equity", b->equity},
                  {"ret", b->ret},
                  {"target", b->target},
                  {"units", b->units},
                  {"cash", b->cash},
                  {"cost", b->cost}};
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%s", gnt_arm_names[arm], series[i].name);
        GNT_TRY(put(run, w, name, GNT_H5_F64, series[i].data, why));
    }
    return GNT_OK;
}

static gnt_status window_h5(gnt_run *run, const gnt_run_window *w, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_bars *bars = &run->market->bars;
    size_t n = w->end - w->begin;
    const gnt_backtest *any = &w->book[w->arms & 1u ? GNT_ARM_BASELINE : GNT_ARM_ENHANCED];
    int8_t *up = NULL;
    GNT_ALLOC(up, n);
    for (size_t i = 0; i < n; i++) up[i] = gnt_run_up(run, w->begin + i);
    GNT_GOTO(put(run, w, "day", GNT_H5_I32, bars->day + w->begin, why));
    GNT_GOTO(put(run, w, "close", GNT_H5_F64, bars->close + w->begin, why));
    GNT_GOTO(put(run, w, "up", GNT_H5_I8, up, why));
    GNT_GOTO(put(run, w, "buy_hold", GNT_H5_F64, any->buy_hold_equity, why));
    GNT_GOTO(put(run, w, "always_up", GNT_H5_F64, any->always_up_equity, why));
    GNT_GOTO(put(run, w, "persistence", GNT_H5_F64, any->persistence_equity, why));
    for (int arm = 0; arm < GNT_MAX_ARMS; arm++)
        if (w->arms & 1u << arm) GNT_GOTO(put_arm(run, w, arm, why));
out:
    free(up);
    return st;
}

gnt_status gnt_run_store_window(gnt_run *run, const gnt_run_window *w, gnt_error *why)
{
    GNT_TRY(window_json(run, w, why));
    return window_h5(run, w, why);
}
