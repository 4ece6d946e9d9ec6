#include "processed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/store/npy.h"
#include "ingest.h"
#include "scaler.h"

enum { PATH_ROOM = 1024 };

const char *const gnt_part_names[GNT_N_PARTS] = {"train", "val", "test"};

typedef struct folder {
    const char *dir;
    const gnt_feature_rows *usable; /* valid rows with a label */
    const uint8_t *up;              /* [usable->n] */
    const gnt_part *part;           /* [GNT_N_PARTS] */
    const gnt_scaler *scaler;
    const float *scaled; /* [features->n_rows][F] */
} folder;

/* The demo's shares: the last 20 % test, the last 15 % of the rest val, both rounded up as its splitter does. The last
 * train and val rows are purged: their label is made by the next part's first bar. */
static gnt_status cut(const gnt_feature_rows *usable, gnt_part part[GNT_N_PARTS], gnt_error *why)
{
    size_t n_test = (usable->n * 20 + 99) / 100, rest = usable->n - n_test;
    size_t n_val = (rest * 15 + 99) / 100, n_train = rest - n_val;
    if (n_train < 2 || n_val < 2)
        return gnt_fail(why, GNT_EFEW, "%zu rows with a label are too few for train, val and test: expected 8 or more",
                        usable->n);
    part[GNT_TRAIN_PART] = (gnt_part){usable->first, n_train - 1};
    part[GNT_VAL_PART] = (gnt_part){usable->first + n_train, n_val - 1};
    part[GNT_TEST_PART] = (gnt_part){usable->first + rest, n_test};
    return GNT_OK;
}

/* Fitted on the train part only: min-max without clip for levels-17, as the demo's; mean and sd otherwise. */
static gnt_status fit(const gnt_features *features, gnt_part train, gnt_scaler *scaler, gnt_error *why)
{
    gnt_status st = GNT_OK;
    uint32_t *row = NULL;
    bool min_max = !strcmp(features->schema.name, GNT_SCHEMA_LEVELS_17);
    GNT_ALLOC(row, train.n);
    for (size_t i = 0; i < train.n; i++) row[i] = (uint32_t)(train.first + i);
    st = gnt_scaler_fit(scaler, gnt_features_panel(features), (gnt_rows){row, train.n}, min_max, why);
out:
    free(row);
    return st;
}

static gnt_status write_part(const folder *f, size_t k, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_part part = f->part[k];
    float *target = NULL;
    char name[32], path[PATH_ROOM];
    size_t width = f->usable->features->schema.n_features;
    snprintf(name, sizeof name, "%s_features.npy", gnt_part_names[k]);
    GNT_GOTO(gnt_path_join(path, sizeof path, f->dir, name, why));
    GNT_GOTO(gnt_npy_write(path, f->scaled + part.first * width, 2, (size_t[]){part.n, width}, why));
    GNT_ALLOC(target, part.n);
    for (size_t i = 0; i < part.n; i++) target[i] = f->up[part.first - f->usable->first + i];
    snprintf(name, sizeof name, "%s_targets.npy", gnt_part_names[k]);
    GNT_GOTO(gnt_path_join(path, sizeof path, f->dir, name, why));
    st = gnt_npy_write(path, target, 1, &part.n, why);
out:
    free(target);
    return st;
}

static gnt_status write_names(const folder *f, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const gnt_schema *schema = &f->usable->features->schema;
    char path[PATH_ROOM], *text = NULL;
    size_t n = 0, room = 1;
    for (size_t k = 0; k < schema->n_features; k++) room += strlen(schema->names[k]) + 1;
    GNT_GOTO(gnt_path_join(path, sizeof path, f->dir, "feature_names.txt", why));
    GNT_ALLOC(text, room);
    for (size_t k = 0; k < schema->n_features; k++) n += (size_t)snprintf(text + n, room - n, "%s\n", schema->names[k]);
    st = gnt_file_write(path, text, n, why);
out:
    free(text);
    return st;
}

/* A file that holds the source's very bytes stays as it is: it may be the one that was read. */
static gnt_status write_raw(const folder *f, gnt_error *why)
{
    const gnt_feature_rows *rows = f->usable;
    const gnt_ingest job = {.n = rows->n_bars, .range = GNT_ALL_DAYS, .calendar = GNT_CALENDAR_NONE};
    char path[GNT_RAW_NAME_ROOM], sha256[GNT_SHA256_ROOM];
    for (size_t i = 0; i < rows->n_bars; i++) {
        GNT_TRY(gnt_ingest_raw_name(&job, &rows->bars[i], f->dir, path, why));
        if (gnt_file_exists(path)) {
            GNT_TRY(gnt_sha256_file(path, sha256, why));
            if (!strcmp(sha256, rows->bars[i].sha256)) continue;
        }
        GNT_TRY(gnt_ingest_write_raw(&job, i, &rows->bars[i], path, why));
    }
    return GNT_OK;
}

/* ---- the manifest ----------------------------------------------------------------------------------- */

static json_t *describe_part(const folder *f, size_t k)
{
    const gnt_day *day = f->usable->features->day + f->part[k].first;
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM];
    json_t *object = json_object();
    gnt_json_text(object, "part", gnt_part_names[k]);
    gnt_json_count(object, "rows", f->part[k].n);
    gnt_json_text(object, "first", gnt_date_format(day[0], from));
    gnt_json_text(object, "last", gnt_date_format(day[f->part[k].n - 1], to));
    return object;
}

static json_t *describe_scaler(const gnt_scaler *scaler)
{
    json_t *object = json_object(), *center = json_array(), *scale = json_array();
    for (size_t k = 0; k < scaler->n; k++) {
        json_array_append_new(center, json_real((double)scaler->center[k]));
        json_array_append_new(scale, json_real((double)scaler->scale[k]));
    }
    bool clips = isfinite(scaler->limit);
    gnt_json_text(object, "kind", clips ? "standard" : "min_max");
    gnt_json_put(object, "limit", clips ? json_real((double)scaler->limit) : json_null());
    gnt_json_put(object, "center", center);
    gnt_json_put(object, "scale", scale);
    return object;
}

static gnt_status write_manifest(const folder *f, gnt_error *why)
{
    char path[PATH_ROOM];
    GNT_TRY(gnt_path_join(path, sizeof path, f->dir, "manifest.json", why));
    json_t *object = gnt_features_describe(f->usable), *parts = json_array();
    for (size_t k = 0; k < GNT_N_PARTS; k++) json_array_append_new(parts, describe_part(f, k));
    gnt_json_put(object, "parts", parts);
    gnt_json_text(object, "target", f->usable->bars[0].symbol);
    gnt_json_put(object, "scaler", describe_scaler(f->scaler));
    gnt_status st = gnt_json_write(path, object, why);
    json_decref(object);
    return st;
}

/* ---- the folder ------------------------------------------------------------------------------------- */

static gnt_status write_folder(const folder *f, gnt_error *why)
{
    char path[PATH_ROOM];
    GNT_TRY(gnt_make_dirs(f->dir, why));
    GNT_TRY(write_raw(f, why));
    for (size_t k = 0; k < GNT_N_PARTS; k++) GNT_TRY(write_part(f, k, why));
    GNT_TRY(write_names(f, why));
    GNT_TRY(gnt_path_join(path, sizeof path, f->dir, "combined_processed_data.csv", why));
    GNT_TRY(gnt_features_write_csv(path, f->usable, f->up, why));
    return write_manifest(f, why);
}

gnt_status gnt_processed_write(gnt_engine *engine, const char *dir, const gnt_feature_rows *rows, gnt_labels labels,
                               gnt_part part[GNT_N_PARTS], gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_scaler scaler = {0};
    float *scaled = NULL;
    gnt_feature_rows usable = *rows;
    gnt_panel panel = gnt_features_panel(rows->features);
    for (size_t i = 0; i < rows->n_bars; i++)
        if (rows->bars[i].adjusted)
            return gnt_fail(why, GNT_EINVAL, "%s: the processed folder holds prices as given: use --price close",
                            rows->bars[i].symbol);
    usable.n = labels.n > usable.first ? labels.n - usable.first : 0;
    GNT_GOTO(cut(&usable, part, why));
    GNT_GOTO(fit(rows->features, part[GNT_TRAIN_PART], &scaler, why));
    GNT_ALLOC(scaled, panel.n_rows * panel.n_features);
    GNT_GOTO(gnt_engine_scale(engine, panel, scaler.center, scaler.scale, scaler.limit, scaled, why));
    const folder f = {dir, &usable, labels.up + usable.first, part, &scaler, scaled};
    st = write_folder(&f, why);
out:
    gnt_scaler_free(&scaler);
    free(scaled);
    return st;
}
