#include "cache.h"

#include <stdio.h>
#include <string.h>

#include "host/base/mem.h"

static void market_free(gnt_market *market)
{
    if (!market) return;
    gnt_features_free(&market->features);
    gnt_bars_free(&market->bars);
    gnt_bars_free(&market->raw);
    free(market->up);
    free(market);
}

static void fitted_free(gnt_fitted *fitted)
{
    if (!fitted) return;
    gnt_model_free(&fitted->model);
    gnt_fit_report_free(&fitted->report);
    free(fitted);
}

void gnt_run_cache_free(gnt_run_cache *cache)
{
    for (gnt_market *m = cache->markets, *next; m; m = next) {
        next = m->next;
        market_free(m);
    }
    for (gnt_fitted *f = cache->fitted, *next; f; f = next) {
        next = f->next;
        fitted_free(f);
    }
    *cache = (gnt_run_cache){0};
}

/* The hash of every feature and label: what a model learns from. */
static gnt_status hash_data(gnt_market *m, gnt_error *why)
{
    char part[2][GNT_SHA256_ROOM], both[2 * GNT_SHA256_ROOM];
    GNT_TRY(
        gnt_sha256(m->features.x, m->features.n_rows * m->features.schema.n_features * sizeof(float), part[0], why));
    GNT_TRY(gnt_sha256(m->labels.up, m->labels.n, part[1], why));
    int n = snprintf(both, sizeof both, "%s%s", part[0], part[1]);
    return gnt_sha256(both, (size_t)n, m->data_sha256, why);
}

static gnt_status market_load(gnt_market *m, gnt_engine *engine, const char *bars, uint64_t seed, bool adjusted,
                              const char *schema, gnt_error *why)
{
    m->adjusted = adjusted;
    GNT_TRY(gnt_bars_load(bars, seed, &m->raw, why));
    GNT_TRY(gnt_bars_load(bars, seed, &m->bars, why));
    if (adjusted) gnt_bars_adjust(&m->bars);
    GNT_TRY(gnt_features_make(engine, schema, &m->bars, 1, &m->features, why));
    GNT_TRY(gnt_bars_labels(&m->bars, &m->up, &m->labels, why));
    return hash_data(m, why);
}

gnt_status gnt_cache_market(gnt_run_cache *cache, gnt_engine *engine, const char *bars, uint64_t seed, bool adjusted,
                            const char *schema, const gnt_market **market, gnt_error *why)
{
    char key[sizeof(*market)->key];
    int n = snprintf(key, sizeof key, "%llu %d %s %s", (unsigned long long)seed, adjusted, schema, bars);
    if (n < 0 || (size_t)n >= sizeof key) return gnt_fail(why, GNT_EINVAL, "the path of the bars is too long");
    for (gnt_market *m = cache->markets; m; m = m->next)
        if (strcmp(m->key, key) == 0) {
            *market = m;
            return GNT_OK;
        }
    gnt_market *m = gnt_alloc(1, sizeof *m);
    if (!m) return gnt_fail(why, GNT_ENOMEM, "out of memory for a market");
    memcpy(m->key, key, (size_t)n + 1);
    gnt_status st = market_load(m, engine, bars, seed, adjusted, schema, why);
    if (st) {
        market_free(m);
        return st;
    }
    m->next = cache->markets;
    cache->markets = m;
    *market = m;
    return GNT_OK;
}

static gnt_status hash_rows(const uint32_t *row, size_t n, char out[GNT_SHA256_ROOM], gnt_error *why)
{
    return gnt_sha256(n ? (const void *)row : "", n * sizeof *row, out, why);
}

/* Ranges are part of the key because they are written into the model's metadata. */
static gnt_status model_key(const gnt_market *m, const gnt_wanted *wanted, char key[GNT_SHA256_ROOM], gnt_error *why)
{
    char train[GNT_SHA256_ROOM], val[GNT_SHA256_ROOM], text[1600];
    const gnt_split *s = wanted->split;
    const gnt_net *net = &wanted->net;
    const gnt_fit_options *o = &wanted->options;
    const gnt_train_options *t = &o->train;
    GNT_TRY(hash_rows(s->train_row, s->n_train, train, why));
    GNT_TRY(hash_rows(s->val_row, s->n_val, val, why));
    int n = snprintf(text, sizeof text,
                     "%s %s %s %s|%d %d %d %d %d %d %d %d %u|%s %u %u %u %u %d %d %u|"
                     "%d %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g %u %llu|%u %u %d %d|%s",
                     m->data_sha256, m->raw.sha256, m->raw.symbol, m->features.schema.hash, s->train.from, s->train.to,
                     s->val.from, s->val.to, s->test.from, s->test.to, s->has_val, s->has_test, s->embargo,
                     wanted->variant, net->n_features, net->window, net->hidden, net->layers, net->bidirectional,
                     (int)net->pool, net->attention, (int)t->optimiser, t->learning_rate, t->weight_decay, t->beta1,
                     t->beta2, t->epsilon, t->clip_norm, t->dropout, t->pos_weight, t->batch,
                     (unsigned long long)t->seed, o->epochs, o->patience, (int)o->schedule, o->balanced, train);
    if (n < 0 || (size_t)n + strlen(val) >= sizeof text) return gnt_fail(why, GNT_EINVAL, "a model's key is too long");
    strcat(text, val);
    return gnt_sha256(text, strlen(text), key, why);
}

static gnt_fitted *find(gnt_fitted *list, const char *key)
{
    while (list && strcmp(list->key, key) != 0) list = list->next;
    return list;
}

/* Entries of the models that the cache lacks, in `missing`, with their tasks; every wanted one points at its entry. */
static gnt_status list_missing(gnt_run_cache *cache, const gnt_market *market, const gnt_wanted *wanted, size_t n,
                               gnt_fitted **missing, gnt_fit_task *tasks, size_t *n_tasks, gnt_error *why)
{
    *n_tasks = 0;
    for (size_t i = 0; i < n; i++) {
        char key[GNT_SHA256_ROOM];
        GNT_TRY(model_key(market, &wanted[i], key, why));
        gnt_fitted *f = find(cache->fitted, key);
        if (!f) f = find(*missing, key);
        *wanted[i].fitted = f;
        cache->n_hits += f != NULL;
        if (f) continue;
        f = gnt_alloc(1, sizeof *f);
        if (!f) return gnt_fail(why, GNT_ENOMEM, "out of memory for a model");
        memcpy(f->key, key, sizeof f->key);
        f->model.net = wanted[i].net;
        f->next = *missing;
        *missing = f;
        *wanted[i].fitted = f;
        tasks[(*n_tasks)++] = (gnt_fit_task){&market->features,  market->labels, wanted[i].split,
                                             &wanted[i].options, &f->model,      &f->report};
    }
    return GNT_OK;
}

static void adopt(gnt_run_cache *cache, gnt_fitted *missing)
{
    for (gnt_fitted *next; missing; missing = next) {
        next = missing->next;
        missing->next = cache->fitted;
        cache->fitted = missing;
        cache->n_fits++;
    }
}

gnt_status gnt_cache_models(gnt_run_cache *cache, gnt_engine *engine, const gnt_market *market,
                            const gnt_wanted *wanted, size_t n, const gnt_progress *progress, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_fit_task *tasks = NULL;
    gnt_fitted *missing = NULL;
    size_t n_tasks;
    if (!n) return GNT_OK;
    GNT_ALLOC(tasks, n);
    GNT_GOTO(list_missing(cache, market, wanted, n, &missing, tasks, &n_tasks, why));
    GNT_GOTO(gnt_model_fit_many(engine, tasks, n_tasks, progress, why));
    adopt(cache, missing);
    missing = NULL;
out:
    for (gnt_fitted *next; missing; missing = next) {
        next = missing->next;
        fitted_free(missing);
    }
    free(tasks);
    return st;
}
