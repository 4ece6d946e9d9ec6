#include "host/sweep/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/base/mem.h"

/* The shard files in order. */
typedef struct order {
    const char **path; /* [n_shards] */
    uint64_t n_shards;
    json_t *spec; /* of the first file read */
    const char *first;
} order;

/* Which key of two descriptions differs; NULL: none. */
static const char *difference(json_t *a, json_t *b)
{
    const char *key;
    json_t *value;
    json_object_foreach(a, key, value)
    {
        if (!json_equal(value, json_object_get(b, key))) return key;
    }
    return NULL;
}

static gnt_status place(order *o, const char *path, const gnt_sweep_collection *c, size_t n_given, gnt_error *why)
{
    gnt_status st = GNT_OK;
    json_t *spec = gnt_sweep_spec_json(&c->spec);
    if (!o->spec) {
        o->spec = json_incref(spec);
        o->first = path;
        o->n_shards = c->n_shards;
        if (n_given > o->n_shards) {
            st = c->n_shards == 1 ? gnt_fail(why, GNT_EUSAGE, "merge: %s is a whole sweep, not a shard of one", path)
                                  : gnt_fail(why, GNT_EUSAGE, "merge: %zu files, but %s is one of %llu shards", n_given,
                                             path, (unsigned long long)o->n_shards);
            goto out;
        }
        GNT_ALLOC(o->path, o->n_shards);
    }
    const char *key = difference(o->spec, spec);
    if (key)
        st =
            gnt_fail(why, GNT_EVALUE, "merge: %s and %s are of different sweeps: their %s differ", o->first, path, key);
    else if (c->n_shards != o->n_shards)
        st = gnt_fail(why, GNT_EVALUE, "merge: %s is one of %llu shards, %s one of %llu", o->first,
                      (unsigned long long)o->n_shards, path, (unsigned long long)c->n_shards);
    else if (o->path[c->shard])
        st = gnt_fail(why, GNT_EUSAGE, "merge: %s and %s are both shard %llu of %llu", o->path[c->shard], path,
                      (unsigned long long)c->shard, (unsigned long long)c->n_shards);
    else
        o->path[c->shard] = path;
out:
    json_decref(spec);
    return st;
}

static gnt_status check_whole(const order *o, gnt_error *why)
{
    char list[128] = "";
    size_t used = 0, missing = 0;
    for (uint64_t i = 0; i < o->n_shards; i++) {
        if (o->path[i]) continue;
        if (missing++ < 10)
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%llu", used ? ", " : "", (unsigned long long)i);
    }
    if (!missing) return GNT_OK;
    return gnt_fail(why, GNT_EUSAGE, "merge: %zu of %llu shards are missing: %s%s", missing,
                    (unsigned long long)o->n_shards, list, missing > 10 ? ", ..." : "");
}

static gnt_status put_in_order(const char *const *path, size_t n, const char *out, order *o, gnt_error *why)
{
    gnt_sweep_collection c = {0};
    for (size_t i = 0; i < n; i++) {
        if (gnt_same_file(path[i], out))
            return gnt_fail(why, GNT_EUSAGE, "merge: %s is both a shard and --out", path[i]);
        GNT_TRY(gnt_sweep_file_read(path[i], &c, why));
        gnt_status st = place(o, path[i], &c, n, why);
        gnt_sweep_collection_free(&c);
        if (st) return st;
    }
    return check_whole(o, why);
}

/* One shard's counts, best and rows into the whole. */
static gnt_status add(const char *path, gnt_sweep_collection *whole, const gnt_sweep_sink *sink, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_sweep_collection part = {0};
    GNT_GOTO(gnt_sweep_file_read(path, &part, why));
    GNT_GOTO(gnt_sweep_collection_merge(whole, &part, why));
    if (whole->spec.full) GNT_GOTO(gnt_sweep_file_rows(path, &part, sink, why));
out:
    gnt_sweep_collection_free(&part);
    return st;
}

gnt_status gnt_sweep_merge(const char *const *path, size_t n, const char *out, gnt_sweep_collection *c,
                           const gnt_progress *progress, gnt_error *why)
{
    gnt_status st = GNT_OK;
    order o = {0};
    gnt_sweep_spec spec = {0};
    gnt_sweep_writer writer = {0};
    *c = (gnt_sweep_collection){0};
    GNT_GOTO(put_in_order(path, n, out, &o, why));
    GNT_GOTO(gnt_sweep_spec_parse(o.spec, o.first, &spec, why));
    GNT_GOTO(gnt_sweep_collection_init(c, &spec, why));
    GNT_GOTO(gnt_sweep_writer_open(&writer, out, c, why));
    gnt_sweep_sink sink = gnt_sweep_writer_sink(&writer);
    for (uint64_t i = 0; i < o.n_shards; i++) {
        GNT_GOTO(add(o.path[i], c, &sink, why));
        if (!gnt_progress_report(progress, "merge", (double)(i + 1), (double)o.n_shards, "")) {
            st = gnt_fail(why, GNT_EINTERRUPTED, "merge: stopped");
            goto out;
        }
    }
    if (!c->n_tried) {
        st = gnt_fail(why, GNT_EVALUE, "merge: none of the grid's %llu points could be simulated",
                      (unsigned long long)c->n_skipped);
        goto out;
    }
    GNT_GOTO(gnt_sweep_writer_commit(&writer, why));
out:
    gnt_sweep_writer_close(&writer);
    gnt_sweep_spec_free(&spec);
    json_decref(o.spec);
    free(o.path);
    if (st) gnt_sweep_collection_free(c);
    return st;
}
