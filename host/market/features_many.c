#include "features_many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "features_write.h"
#include "host/base/mem.h"
#include "host/store/h5.h"

enum { PATH_ROOM = 128, SYMBOLS_A_THREAD = 16, LEAST_BATCH = 32, MOST_BATCH = 1024 };

/* One symbol of a batch; its memory serves batch after batch. */
typedef struct place {
    gnt_bars bars;
    float *x; /* [bars.n][F] */
    size_t room;
} place;

typedef struct stream {
    gnt_engine *engine;
    const gnt_features_job *job;
    const gnt_progress *progress;
    gnt_universe universe;
    gnt_schema schema;
    gnt_h5 *file;
    place *slot; /* [batch] */
    gnt_bars_view *view;
    float **out;
    size_t batch;
    size_t n_failed;
    gnt_error first_failure;
    json_t *symbols;
    gnt_provenance least_real;
    size_t rows;
    gnt_day first, last;
    double started; /* seconds */
} stream;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- one symbol ------------------------------------------------------------------------------------- */

static gnt_status load(const stream *s, size_t i, gnt_bars *bars, gnt_error *why)
{
    GNT_TRY(gnt_universe_load(&s->universe, i, s->job->seed, bars, why));
    if (s->job->adjust) gnt_bars_adjust(bars);
    if (bars->n > s->schema.first_valid) return GNT_OK;
    return gnt_fail(why, GNT_EFEW, "%s: schema %s needs at least %zu bars for its first row, got %zu", bars->symbol,
                    s->schema.name, s->schema.first_valid + 1, bars->n);
}

static void describe(stream *s, const gnt_bars *bars)
{
    char first[GNT_DATE_ROOM], last[GNT_DATE_ROOM];
    gnt_day from = bars->day[s->schema.first_valid], to = bars->day[bars->n - 1];
    json_t *row = json_object();
    gnt_json_text(row, "symbol", bars->symbol);
    gnt_json_count(row, "rows", bars->n - s->schema.first_valid);
    gnt_json_text(row, "first", gnt_date_format(from, first));
    gnt_json_text(row, "last", gnt_date_format(to, last));
    gnt_json_text(row, "provenance", gnt_provenance_name(bars->provenance));
    gnt_json_text(row, "source_sha256", bars->sha256);
    json_array_append_new(s->symbols, row);
    if (s->rows == 0 || from < s->first) s->first = from;
    if (s->rows == 0 || to > s->last) s->last = to;
    if (bars->provenance > s->least_real) s->least_real = bars->provenance;
    s->rows += bars->n - s->schema.first_valid;
}

static gnt_status put_symbol(stream *s, const place *slot, gnt_error *why)
{
    char path[PATH_ROOM];
    const gnt_bars *bars = &slot->bars;
    size_t first = s->schema.first_valid, n = bars->n - first, width = s->schema.n_features;
    snprintf(path, sizeof path, "/features/%s/day", bars->symbol);
    GNT_TRY(gnt_h5_put(s->file, path, GNT_H5_I32, bars->day + first, n, 0, why));
    snprintf(path, sizeof path, "/features/%s/x", bars->symbol);
    GNT_TRY(gnt_h5_put(s->file, path, GNT_H5_F32, slot->x + first * width, n, width, why));
    snprintf(path, sizeof path, "/features/%s", bars->symbol);
    GNT_TRY(gnt_h5_put_text(s->file, path, "provenance", gnt_provenance_name(bars->provenance), why));
    GNT_TRY(gnt_h5_put_text(s->file, path, "source", bars->source, why));
    return gnt_h5_put_text(s->file, path, "source_sha256", bars->sha256, why);
}

/* ---- batches ---------------------------------------------------------------------------------------- */

/* Loads symbols begin .. begin + n - 1; those that fail are counted and said, and the rest looked at all the same. */
static gnt_status load_batch(stream *s, size_t begin, size_t n, gnt_error *why)
{
    for (size_t k = 0; k < n; k++) {
        place *slot = &s->slot[k];
        gnt_error reason = {0};
        gnt_bars_free(&slot->bars);
        if (load(s, begin + k, &slot->bars, &reason)) {
            if (s->n_failed == 1) gnt_progress_log(s->progress, s->first_failure.text); /* it was not the only one */
            if (s->n_failed++)
                gnt_progress_log(s->progress, reason.text);
            else
                s->first_failure = reason;
            continue;
        }
        void *block = slot->x;
        if (gnt_grow(&block, &slot->room, slot->bars.n * s->schema.n_features, sizeof *slot->x))
            return gnt_fail(why, GNT_ENOMEM, "%s: out of memory for its features", slot->bars.symbol);
        slot->x = block;
        s->view[k] = gnt_bars_as_view(&slot->bars);
        s->out[k] = slot->x;
    }
    return GNT_OK;
}

static gnt_status write_batch(stream *s, size_t n, gnt_error *why)
{
    GNT_TRY(gnt_engine_features(s->engine, GNT_FEATURES_GAUNTLET_35, s->view, n, s->schema.n_features, s->out, why));
    for (size_t k = 0; k < n; k++) {
        GNT_TRY(put_symbol(s, &s->slot[k], why));
        describe(s, &s->slot[k].bars);
    }
    return GNT_OK;
}

static gnt_status take_batches(stream *s, gnt_error *why)
{
    char rate[48] = "";
    for (size_t begin = 0; begin < s->universe.n; begin += s->batch) {
        size_t left = s->universe.n - begin, n = left < s->batch ? left : s->batch;
        GNT_TRY(load_batch(s, begin, n, why));
        if (s->n_failed == 0) GNT_TRY(write_batch(s, n, why));
        snprintf(rate, sizeof rate, "%.2f M rows/s", 1e-6 * (double)s->rows / (now() - s->started));
        if (!gnt_progress_report(s->progress, "features", (double)(begin + n), (double)s->universe.n, rate))
            return gnt_fail(why, GNT_EINTERRUPTED, "stopped while making features");
    }
    if (s->n_failed == 0) return GNT_OK;
    if (s->n_failed == 1) return gnt_fail(why, s->first_failure.status, "%s", s->first_failure.text);
    return gnt_fail(why, s->first_failure.status, "%zu of %zu symbols failed, nothing is written; the first: %.500s",
                    s->n_failed, s->universe.n, s->first_failure.text);
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static gnt_status put_root(stream *s, gnt_error *why)
{
    GNT_TRY(gnt_h5_put_text(s->file, "/", "format", "gauntlet-feature-store", why));
    GNT_TRY(gnt_h5_put_count(s->file, "/", "version", 1, why));
    GNT_TRY(gnt_h5_put_text(s->file, "/", "schema", s->schema.name, why));
    GNT_TRY(gnt_h5_put_count(s->file, "/", "schema_version", s->schema.version, why));
    GNT_TRY(gnt_h5_put_text(s->file, "/", "schema_hash", s->schema.hash, why));
    GNT_TRY(gnt_h5_put_text(s->file, "/", "price", s->job->adjust ? "adj" : "close", why));
    return gnt_h5_put_text(s->file, "/", "provenance", gnt_provenance_name(s->least_real), why);
}

static json_t *describe_all(const stream *s)
{
    char first[GNT_DATE_ROOM], last[GNT_DATE_ROOM];
    json_t *object = json_object(), *totals = json_object();
    gnt_json_count(totals, "symbols", s->universe.n);
    gnt_json_count(totals, "rows", s->rows);
    gnt_json_text(totals, "first", gnt_date_format(s->first, first));
    gnt_json_text(totals, "last", gnt_date_format(s->last, last));
    gnt_json_text(object, "schema", s->schema.name);
    gnt_json_count(object, "version", s->schema.version);
    gnt_json_text(object, "hash", s->schema.hash);
    gnt_json_put(object, "symbols", json_incref(s->symbols));
    gnt_json_put(object, "totals", totals);
    gnt_json_count(object, "features", s->schema.n_features);
    gnt_json_text(object, "price", s->job->adjust ? "adj" : "close");
    gnt_json_text(object, "provenance", gnt_provenance_name(s->least_real));
    return object;
}

static gnt_status stream_open(stream *s, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const char *ticker = s->universe.symbol[0].name; /* no part of the columns */
    GNT_GOTO(gnt_schema_open(&s->schema, GNT_SCHEMA_GAUNTLET_35, &ticker, 1, why));
    s->batch = (size_t)s->engine->info.threads * SYMBOLS_A_THREAD;
    s->batch = s->batch < LEAST_BATCH ? LEAST_BATCH : s->batch > MOST_BATCH ? MOST_BATCH : s->batch;
    if (s->batch > s->universe.n) s->batch = s->universe.n;
    GNT_ALLOC(s->slot, s->batch);
    GNT_ALLOC(s->view, s->batch);
    GNT_ALLOC(s->out, s->batch);
    s->symbols = json_array();
    GNT_GOTO(gnt_h5_create(s->job->out, &s->file, why));
    st = gnt_feature_names_put(s->file, &s->schema, why);
out:
    return st;
}

static void stream_close(stream *s)
{
    for (size_t k = 0; s->slot && k < s->batch; k++) {
        gnt_bars_free(&s->slot[k].bars);
        free(s->slot[k].x);
    }
    free(s->slot);
    free(s->view);
    free(s->out);
    gnt_h5_close(&s->file);
    gnt_schema_free(&s->schema);
    gnt_universe_close(&s->universe);
    json_decref(s->symbols);
}

gnt_status gnt_features_make_many(gnt_engine *engine, const gnt_features_job *job, json_t **said,
                                  const gnt_progress *progress, gnt_error *why)
{
    gnt_status st = GNT_OK;
    stream s = {.engine = engine, .job = job, .progress = progress, .started = now()};
    *said = NULL;
    GNT_GOTO(gnt_universe_open(job->specs, job->n_specs, &s.universe, why));
    GNT_GOTO(stream_open(&s, why));
    GNT_GOTO(take_batches(&s, why));
    GNT_GOTO(put_root(&s, why));
    GNT_GOTO(gnt_h5_commit(&s.file, why));
    *said = describe_all(&s);
out:
    stream_close(&s);
    return st;
}
