#include "experiment_check.h"

#include <stdio.h>
#include <string.h>

#include "host/base/nearest.h"
#include "host/run/metric.h"

/* "FILE:LINE: key: text"; `key` may hold an index. */
#define FAIL(line, key, ...)                                               \
    do {                                                                   \
        gnt_field_at at_ = {.file = file};                                 \
        snprintf(at_.path, sizeof at_.path, "%s", key);                    \
        return gnt_field_fail(&at_, (line), why, GNT_EVALUE, __VA_ARGS__); \
    } while (0)

static bool has_arm(const gnt_experiment *e, const char *arm)
{
    int index = gnt_word_index(GNT_ARM_WORDS, arm);
    return index >= 0 && (e->variants & 1u << index);
}

/* A window's name that exists, or an error naming the nearest. */
static gnt_status need_window(const gnt_experiment *e, const char *file, size_t line, const char *key,
                              const char *window, gnt_error *why)
{
    const char *names[GNT_MAX_WINDOWS];
    if (gnt_experiment_window(e, window) >= 0) return GNT_OK;
    for (size_t i = 0; i < e->n_windows; i++) names[i] = e->windows[i].name;
    const char *near = gnt_nearest(window, names, e->n_windows);
    FAIL(line, key, "no test window is called %s%s%s%s", window, near ? "; did you mean " : "", near ? near : "",
         near ? "?" : "");
}

static gnt_status check_splits(const gnt_experiment *e, const char *file, gnt_error *why)
{
    for (size_t i = 0; i < e->n_splits; i++) {
        const gnt_exp_split *s = &e->splits[i];
        bool dates = s->train.to != 0 || s->val.to != 0;
        if (gnt_experiment_split(e, s->name) != (int)i) FAIL(s->line, "splits", "two splits are called %s", s->name);
        if (dates == (s->n_shares > 0))
            FAIL(s->line, "splits", "%s: either train and val dates or shares expected", s->name);
        if (s->n_shares && s->n_shares != 2)
            FAIL(s->line, "splits", "%s: shares are two numbers, where train and where validation ends", s->name);
        if (dates && (s->train.to == 0 || s->val.to == 0))
            FAIL(s->line, "splits", "%s: both train and val are needed", s->name);
        if (dates && s->val.from <= s->train.to)
            FAIL(s->line, "splits", "%s: validation must begin after train ends", s->name);
    }
    return GNT_OK;
}

static gnt_status check_windows(gnt_experiment *e, const char *file, gnt_error *why)
{
    for (size_t i = 0; i < e->n_windows; i++) {
        gnt_exp_window *w = &e->windows[i];
        bool dates = w->from != GNT_NO_DAY || w->to != GNT_NO_DAY;
        if (gnt_experiment_window(e, w->name) != (int)i) FAIL(w->line, "windows", "two windows are called %s", w->name);
        if (gnt_word_index("folds|ab", w->name) >= 0) FAIL(w->line, "windows", "%s is a reserved name", w->name);
        if (gnt_experiment_split(e, w->split) < 0)
            FAIL(w->line, "windows", "%s: no split is called %s", w->name, w->split);
        if (dates == w->rest) FAIL(w->line, "windows", "%s: either from and to or rest: true expected", w->name);
        if (dates && (w->from == GNT_NO_DAY || w->to == GNT_NO_DAY))
            FAIL(w->line, "windows", "%s: both from and to are needed", w->name);
        if (dates && w->from > w->to) FAIL(w->line, "windows", "%s: from is after to", w->name);
        if (w->hindsight && !*w->note)
            FAIL(w->line, "windows", "%s: a hindsight window needs a note that says how it was chosen", w->name);
        if (!*w->title) memcpy(w->title, w->name, sizeof w->name);
    }
    return GNT_OK;
}

static gnt_status check_names(const gnt_experiment *e, const char *file, size_t line, const char *key,
                              const char (*names)[GNT_FIELD_NAME_ROOM], size_t n, gnt_error *why)
{
    for (size_t i = 0; i < n; i++) GNT_TRY(need_window(e, file, line, key, names[i], why));
    return GNT_OK;
}

/* A part that is asked for needs its section; a section nobody asked for is an error too. */
static gnt_status check_parts(gnt_experiment *e, const char *file, gnt_error *why)
{
    const struct {
        uint32_t part;
        const char *key;
        size_t line;
    } section[] = {
        {GNT_PART_COST_CURVE, "cost_curve", e->cost_curve.line},
        {GNT_PART_REGIMES, "regimes", e->regimes.line},
        {GNT_PART_FOLDS, "walk_forward", e->walk_forward.line},
        {GNT_PART_AB, "ab", e->ab.line},
        {GNT_PART_CLAIMS, "claims", e->n_claims ? e->claims[0].line : 0},
        {GNT_PART_WINDOWS, "windows", e->n_windows ? e->windows[0].line : 0},
    };
    for (size_t i = 0; i < sizeof section / sizeof *section; i++) {
        bool asked = e->parts & section[i].part, there = section[i].line;
        if (asked && !there) FAIL(e->line, section[i].key, "this key is missing: parts asks for it");
        if (!asked && there) FAIL(section[i].line, section[i].key, "parts does not ask for it");
    }
    uint32_t needs_windows = GNT_PART_COST_CURVE | GNT_PART_REGIMES | GNT_PART_AB | GNT_PART_CLAIMS;
    if (e->parts & needs_windows && !(e->parts & GNT_PART_WINDOWS))
        FAIL(e->line, "parts", "cost_curve, regimes, ab and claims need windows");
    if (e->n_windows && !e->n_splits) FAIL(e->windows[0].line, "windows", "test windows need splits");
    return GNT_OK;
}

static gnt_status check_sections(gnt_experiment *e, const char *file, gnt_error *why)
{
    GNT_TRY(check_names(e, file, e->cost_curve.line, "cost_curve.windows", e->cost_curve.windows,
                        e->cost_curve.n_windows, why));
    if (e->cost_curve.line && (e->strategy.impact_bp > 0 || e->strategy.size == GNT_SIZE_VOL_TARGET))
        FAIL(e->cost_curve.line, "cost_curve", "a strategy with impact or volatility sizing has no cost curve");
    GNT_TRY(check_names(e, file, e->regimes.line, "regimes.windows", e->regimes.windows, e->regimes.n_windows, why));
    if (e->regimes.line && gnt_experiment_split(e, e->regimes.split) < 0)
        FAIL(e->regimes.line, "regimes.split", "no split is called %s", e->regimes.split);
    gnt_exp_walk *walk = &e->walk_forward;
    if (!walk->epochs) walk->epochs = e->training.epochs;
    if (!walk->arms) walk->arms = e->variants;
    if (walk->arms & ~e->variants) FAIL(walk->line, "walk_forward.arms", "an arm that variants does not list");
    if (!e->ab.line) return GNT_OK;
    if (e->variants != 3) FAIL(e->ab.line, "ab", "an A/B comparison needs both variants");
    return need_window(e, file, e->ab.line, "ab.window", e->ab.window, why);
}

static gnt_status check_metric(const char *file, size_t line, const char *key, gnt_metric_scope scope, const char *name,
                               gnt_error *why)
{
    const char *names[64];
    size_t n = 0;
    if (gnt_metric_find(scope, name)) return GNT_OK;
    for (size_t i = 0; i < gnt_n_metrics && n < 64; i++)
        if (gnt_metrics[i].scope == scope) names[n++] = gnt_metrics[i].name;
    const char *near = gnt_nearest(name, names, n);
    FAIL(line, key, "no metric %s there%s%s%s; docs/EXPERIMENTS.md lists all", name, near ? ", did you mean " : "",
         near ? near : "", near ? "?" : "");
}

/* The window or pseudo-window of a rule or claim, and whether an arm belongs to it. */
static gnt_status check_place(const gnt_experiment *e, const char *file, size_t line, const char *key,
                              const char *window, const char *arm, bool any, gnt_error *why)
{
    bool folds = strcmp(window, "folds") == 0, ab = strcmp(window, "ab") == 0;
    if (folds && !(e->parts & GNT_PART_FOLDS)) FAIL(line, key, "folds: parts does not ask for folds");
    if (ab && !(e->parts & GNT_PART_AB)) FAIL(line, key, "ab: parts does not ask for ab");
    if (!folds && !ab) GNT_TRY(need_window(e, file, line, key, window, why));
    if (ab && *arm) FAIL(line, key, "the metrics of ab have no arm");
    if (folds && !*arm) FAIL(line, key, "an arm is needed: baseline, enhanced%s", any ? " or any" : "");
    if (*arm && !(any && strcmp(arm, "any") == 0) && !has_arm(e, arm))
        FAIL(line, key, "no variant %s; variants are %s%s", arm,
             e->variants == 3 ? "baseline and enhanced" : gnt_arm_names[e->variants - 1], any ? ", or any" : "");
    return GNT_OK;
}

static gnt_status check_rules(const gnt_experiment *e, const char *file, const char *key, const gnt_exp_rule *rules,
                              size_t n, gnt_error *why)
{
    for (size_t i = 0; i < n; i++) {
        const gnt_exp_rule *r = &rules[i];
        gnt_metric_scope scope = gnt_metric_scope_of(r->window, r->arm);
        char at[32];
        snprintf(at, sizeof at, "%s[%zu]", key, i + 1);
        GNT_TRY(check_place(e, file, r->line, at, r->window, r->arm, true, why));
        GNT_TRY(check_metric(file, r->line, at, scope, r->metric, why));
        if (!r->has_bound) FAIL(r->line, at, "above or below is missing");
        if (*r->bound) GNT_TRY(check_metric(file, r->line, at, scope, r->bound, why));
    }
    return GNT_OK;
}

static gnt_status check_claims(const gnt_experiment *e, const char *file, gnt_error *why)
{
    for (size_t i = 0; i < e->n_claims; i++) {
        const gnt_exp_claim *c = &e->claims[i];
        char at[32];
        snprintf(at, sizeof at, "claims[%zu]", i + 1);
        GNT_TRY(check_place(e, file, c->line, at, c->window, c->arm, false, why));
        GNT_TRY(check_metric(file, c->line, at, gnt_metric_scope_of(c->window, c->arm), c->metric, why));
    }
    return GNT_OK;
}

gnt_status gnt_experiment_check(gnt_experiment *e, const char *file, gnt_error *why)
{
    if (e->schema == GNT_FEATURES_LEVELS_17 && e->data.price == 1)
        FAIL(e->data.line ? e->data.line : e->line, "data.price",
             "levels-17 needs price: close (later dividends would leak into adjusted levels)");
    GNT_TRY(check_parts(e, file, why));
    GNT_TRY(check_splits(e, file, why));
    GNT_TRY(check_windows(e, file, why));
    GNT_TRY(check_sections(e, file, why));
    GNT_TRY(check_rules(e, file, "success", e->success, e->n_success, why));
    GNT_TRY(check_rules(e, file, "gates", e->gates, e->n_gates, why));
    return check_claims(e, file, why);
}
