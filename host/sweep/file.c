#include "host/sweep/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/sweep/file_parts.h"

enum { VERSION = 1, CHUNK_VALUES = 1 << 17 }; /* of one column, about one HDF5 chunk */

/* ---- rows --------------------------------------------------------------------------------------------------- */

static gnt_status flush(gnt_sweep_writer *w, gnt_error *why)
{
    size_t slices = w->c->spec.n_slices;
    for (int k = 0; k < GNT_SWEEP_N_COLUMNS; k++) {
        char path[64];
        const double *x = (const double *)w->row + k;
        for (size_t i = 0; i < w->n * slices; i++) w->column[i] = x[i * GNT_SWEEP_N_COLUMNS];
        snprintf(path, sizeof path, "/full/%s", gnt_sweep_column_names[k]);
        GNT_TRY(gnt_h5_put_rows(w->file, path, GNT_H5_F64, w->column, w->written, w->n, why));
    }
    w->written += w->n;
    w->n = 0;
    return GNT_OK;
}

static gnt_status put_row(void *self, const gnt_sweep_row *row, gnt_error *why)
{
    gnt_sweep_writer *w = self;
    size_t slices = w->c->spec.n_slices;
    memcpy(w->row + w->n * slices, row, slices * sizeof *row);
    return ++w->n == w->room ? flush(w, why) : GNT_OK;
}

gnt_sweep_sink gnt_sweep_writer_sink(gnt_sweep_writer *w)
{
    return (gnt_sweep_sink){put_row, w};
}

static gnt_status open_rows(gnt_sweep_writer *w, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t slices = w->c->spec.n_slices;
    w->room = CHUNK_VALUES / slices ? CHUNK_VALUES / slices : 1;
    GNT_ALLOC(w->row, w->room * slices);
    GNT_ALLOC(w->column, w->room * slices);
    for (int k = 0; k < GNT_SWEEP_N_COLUMNS; k++) {
        char path[64];
        snprintf(path, sizeof path, "/full/%s", gnt_sweep_column_names[k]);
        GNT_GOTO(gnt_h5_put_empty(w->file, path, GNT_H5_F64, w->c->last - w->c->first, slices, why));
    }
out:
    return st;
}

/* ---- the whole file -------------------------------------------------------------------------------------------- */

static gnt_status put_head(gnt_sweep_writer *w, gnt_error *why)
{
    const gnt_sweep_collection *c = w->c;
    bool shard = c->n_shards > 1;
    GNT_TRY(gnt_h5_put_text(w->file, "/", "format", shard ? GNT_SWEEP_SHARD_FORMAT : GNT_SWEEP_FORMAT, why));
    GNT_TRY(gnt_h5_put_count(w->file, "/", "version", VERSION, why));
    if (!shard) return GNT_OK;
    GNT_TRY(gnt_h5_put_count(w->file, "/", "shard", (int64_t)c->shard, why));
    return gnt_h5_put_count(w->file, "/", "n_shards", (int64_t)c->n_shards, why);
}

gnt_status gnt_sweep_writer_open(gnt_sweep_writer *w, const char *path, const gnt_sweep_collection *c, gnt_error *why)
{
    gnt_status st = GNT_OK;
    *w = (gnt_sweep_writer){.c = c};
    GNT_GOTO(gnt_h5_create(path, &w->file, why));
    GNT_GOTO(put_head(w, why));
    if (c->spec.full) GNT_GOTO(open_rows(w, why));
out:
    if (st) gnt_sweep_writer_close(w);
    return st;
}

gnt_status gnt_sweep_writer_commit(gnt_sweep_writer *w, gnt_error *why)
{
    if (w->c->spec.full) GNT_TRY(flush(w, why));
    GNT_TRY(gnt_sweep_put_parts(w->file, w->c, why));
    return gnt_h5_commit(&w->file, why);
}

void gnt_sweep_writer_close(gnt_sweep_writer *w)
{
    gnt_h5_close(&w->file);
    free(w->row);
    free(w->column);
    *w = (gnt_sweep_writer){0};
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

/* A shard's place; a whole sweep is shard 0 of 1. */
static gnt_status get_head(gnt_h5 *file, const char *path, int64_t *shard, int64_t *n_shards, gnt_error *why)
{
    char format[64];
    int64_t version;
    *shard = 0;
    *n_shards = 1;
    GNT_TRY(gnt_h5_get_text(file, "/", "format", format, sizeof format, why));
    GNT_TRY(gnt_h5_get_count(file, "/", "version", &version, why));
    bool whole = !strcmp(format, GNT_SWEEP_FORMAT);
    if (!whole && strcmp(format, GNT_SWEEP_SHARD_FORMAT) != 0)
        return gnt_fail(why, GNT_EVALUE, "%s: format \"%s\" is no sweep", path, format);
    if (version != VERSION)
        return gnt_fail(why, GNT_EVALUE, "%s: version %lld of a sweep file; this program reads %d", path,
                        (long long)version, VERSION);
    if (whole) return GNT_OK;
    GNT_TRY(gnt_h5_get_count(file, "/", "shard", shard, why));
    GNT_TRY(gnt_h5_get_count(file, "/", "n_shards", n_shards, why));
    if (*n_shards < 2 || *n_shards > GNT_SWEEP_SHARDS || *shard < 0 || *shard >= *n_shards)
        return gnt_fail(why, GNT_EVALUE, "%s: shard %lld of %lld can't be", path, (long long)*shard,
                        (long long)*n_shards);
    return GNT_OK;
}

static gnt_status get_spec(gnt_h5 *file, const char *path, gnt_sweep_spec *spec, gnt_error *why)
{
    void *text = NULL;
    size_t n, cols;
    json_error_t error;
    GNT_TRY(gnt_h5_get(file, "/spec", GNT_H5_U8, &text, &n, &cols, why));
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!json) return gnt_fail(why, GNT_EVALUE, "%s:/spec: not JSON: %.80s", path, error.text);
    gnt_status st = gnt_sweep_spec_parse(json, path, spec, why);
    json_decref(json);
    return st;
}

gnt_status gnt_sweep_file_read(const char *path, gnt_sweep_collection *c, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_h5 *file = NULL;
    gnt_sweep_spec spec = {0};
    int64_t shard, n_shards;
    *c = (gnt_sweep_collection){0};
    GNT_GOTO(gnt_h5_open(path, &file, why));
    GNT_GOTO(get_head(file, path, &shard, &n_shards, why));
    GNT_GOTO(get_spec(file, path, &spec, why));
    GNT_GOTO(gnt_sweep_collection_init(c, &spec, why));
    gnt_sweep_collection_cut(c, (uint64_t)shard, (uint64_t)n_shards);
    GNT_GOTO(gnt_sweep_get_parts(file, path, c, why));
out:
    gnt_h5_close(&file);
    gnt_sweep_spec_free(&spec);
    if (st) gnt_sweep_collection_free(c);
    return st;
}

gnt_status gnt_sweep_file_rows(const char *path, const gnt_sweep_collection *c, const gnt_sweep_sink *sink,
                               gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_h5 *file = NULL;
    gnt_sweep_row *row = NULL;
    double *column = NULL;
    size_t slices = c->spec.n_slices, room = CHUNK_VALUES / slices ? CHUNK_VALUES / slices : 1;
    GNT_GOTO(gnt_h5_open(path, &file, why));
    GNT_ALLOC(row, room * slices);
    GNT_ALLOC(column, room * slices);
    for (uint64_t at = 0, n_rows = c->last - c->first; at < n_rows; at += room) {
        size_t n = n_rows - at < room ? n_rows - at : room;
        for (int k = 0; k < GNT_SWEEP_N_COLUMNS; k++) {
            char name[64];
            double *x = (double *)row + k;
            snprintf(name, sizeof name, "/full/%s", gnt_sweep_column_names[k]);
            GNT_GOTO(gnt_h5_get_rows(file, name, GNT_H5_F64, slices, at, n, column, why));
            for (size_t i = 0; i < n * slices; i++) x[i * GNT_SWEEP_N_COLUMNS] = column[i];
        }
        for (size_t i = 0; i < n; i++) GNT_GOTO(sink->put(sink->self, row + i * slices, why));
    }
out:
    gnt_h5_close(&file);
    free(row);
    free(column);
    return st;
}
