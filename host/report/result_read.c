#include "result_read.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/base/mem.h"

struct gnt_kept {
    char *path; /* owned */
    double *value;
    size_t n;
};

/* ---- JSON by path ----------------------------------------------------------------------------- */

json_t *gnt_at(const json_t *object, const char *path)
{
    const json_t *at = object;
    while (at && *path) {
        size_t n = strcspn(path, ".");
        at = json_object_getn(at, path, n);
        path += n + (path[n] == '.');
    }
    return (json_t *)at;
}

double gnt_at_real(const json_t *object, const char *path)
{
    const json_t *value = gnt_at(object, path);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *gnt_at_text(const json_t *object, const char *path)
{
    return json_string_value(gnt_at(object, path));
}

bool gnt_at_flag(const json_t *object, const char *path)
{
    return json_is_true(gnt_at(object, path));
}

const char *gnt_at_reason(const json_t *object, const char *key)
{
    const char *code = json_string_value(json_object_get(json_object_get(object, "reasons"), key));
    return code ? code : "";
}

/* ---- what a result must have ------------------------------------------------------------------ */

/* Kinds: t text, n number, o object, a array; lower case: must be there, upper case: may be absent or null. */
typedef struct part {
    const char *path;
    char kind;
} part;

static const part result_parts[] = {
    {"experiment.name", 't'},
    {"experiment.title", 'T'},
    {"experiment.question", 'T'},
    {"data.symbol", 't'},
    {"data.provenance", 't'},
    {"data.rows", 'n'},
    {"seed", 'n'},
    {"n_configurations", 'n'},
    {"strategy", 'o'},
    {"tuning", 'O'},
    {"models", 'A'},
    {"windows", 'a'},
    {"schemes", 'A'},
    {"regimes", 'A'},
    {"cost_curve", 'A'},
    {"folds", 'A'},
    {"folds_pooled", 'O'},
    {"ab", 'O'},
    {"claims", 'A'},
    {"checks", 'A'},
    {"verdict", 'o'},
};
static const part window_parts[] = {
    {"name", 't'}, {"from", 't'}, {"to", 't'}, {"n_bars", 'n'}, {"arms", 'o'}, {"mcnemar", 'O'},
};
static const part arm_parts[] = {{"total_return", 'N'}, {"accuracy", 'O'}, {"benchmarks", 'o'}};

static bool is_kind(const json_t *value, char kind)
{
    switch (kind) {
    case 't':
    case 'T':
        return json_is_string(value);
    case 'n':
    case 'N':
        return json_is_number(value);
    case 'o':
    case 'O':
        return json_is_object(value);
    default:
        return json_is_array(value);
    }
}

static gnt_status check_parts(const json_t *object, const part *parts, size_t n, const char *file, const char *where,
                              gnt_error *why)
{
    static const char words[] = "t text, n number, o object, a list";
    for (size_t i = 0; i < n; i++) {
        const json_t *value = gnt_at(object, parts[i].path);
        char kind = parts[i].kind, lower = (char)(kind | 0x20);
        if (is_kind(value, kind) || (kind != lower && (!value || json_is_null(value)))) continue;
        const char *word = strchr(words, lower) + 2;
        return gnt_fail(why, GNT_EPARSE,
                        "%s: %s%s: expected %s%.*s, found %s; write the folder again with gauntlet run", file, where,
                        parts[i].path, lower == 'o' ? "an " : "a ", (int)strcspn(word, ","), word,
                        value ? "something else" : "nothing");
    }
    return GNT_OK;
}
#define CHECK(object, parts, file, where, why) \
    check_parts(object, parts, sizeof(parts) / sizeof *(parts), file, where, why)

static gnt_status check_windows(const json_t *windows, const char *file, gnt_error *why)
{
    size_t w;
    const json_t *window, *arm;
    const char *name;
    char where[256];
    json_array_foreach(windows, w, window)
    {
        snprintf(where, sizeof where, "windows[%zu].", w);
        GNT_TRY(CHECK(window, window_parts, file, where, why));
        json_object_foreach((json_t *)json_object_get(window, "arms"), name, arm)
        {
            snprintf(where, sizeof where, "windows[%zu].arms.%.80s.", w, name);
            GNT_TRY(CHECK(arm, arm_parts, file, where, why));
        }
    }
    return GNT_OK;
}

static gnt_status check_json(const json_t *json, const char *file, gnt_error *why)
{
    const char *schema = gnt_at_text(json, "schema");
    double version = gnt_at_real(json, "schema_version");
    if (!schema || strcmp(schema, GNT_RESULT_SCHEMA) != 0)
        return gnt_fail(why, GNT_EUNSUPPORTED, "%s: schema is \"%s\", expected \"" GNT_RESULT_SCHEMA "\"", file,
                        schema ? schema : "missing");
    if (!(version == GNT_RESULT_VERSION))
        return gnt_fail(why, GNT_EUNSUPPORTED, "%s: schema version %g, this build reads %d; write the folder again",
                        file, version, GNT_RESULT_VERSION);
    GNT_TRY(CHECK(json, result_parts, file, "", why));
    return check_windows(json_object_get(json, "windows"), file, why);
}

/* The two files of one run agree on every window's length. */
static gnt_status check_series(gnt_result *result, gnt_error *why)
{
    size_t w;
    const json_t *window;
    json_array_foreach(json_object_get(result->json, "windows"), w, window)
    {
        gnt_series day;
        double n = gnt_at_real(window, "n_bars");
        const char *name = gnt_at_text(window, "name");
        GNT_TRY(gnt_result_series(result, 0, &day, why, "/windows/%s/day", name));
        if (day.n && (double)day.n == n) continue;
        return gnt_fail(why, GNT_EDATA,
                        "%s/result.h5: /windows/%s/day has %zu bars, result.json says %g: not one run's", result->dir,
                        name, day.n, n);
    }
    return GNT_OK;
}

gnt_status gnt_result_open(const char *dir, gnt_result *result, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char path[1024];
    *result = (gnt_result){0};
    GNT_GOTO(gnt_path_join(result->dir, sizeof result->dir, dir, "", why));
    result->dir[strlen(result->dir) - 1] = 0; /* the slash that joined nothing */
    GNT_GOTO(gnt_path_join(path, sizeof path, result->dir, "result.json", why));
    GNT_GOTO(gnt_json_read(path, &result->json, why));
    GNT_GOTO(check_json(result->json, path, why));
    GNT_GOTO(gnt_path_join(path, sizeof path, result->dir, "manifest.json", why));
    GNT_GOTO(gnt_json_read(path, &result->manifest, why));
    if (!json_is_object(result->manifest)) {
        st = gnt_fail(why, GNT_EPARSE, "%s: not a JSON object; write the folder again with gauntlet run", path);
        goto out;
    }
    GNT_GOTO(gnt_path_join(path, sizeof path, result->dir, "result.h5", why));
    GNT_GOTO(gnt_h5_open(path, &result->h5, why));
    GNT_GOTO(check_series(result, why));
out:
    if (st) gnt_result_close(result);
    return st;
}

void gnt_result_close(gnt_result *result)
{
    for (size_t i = 0; i < result->n_kept; i++) {
        free(result->kept[i].path);
        free(result->kept[i].value);
    }
    free(result->kept);
    json_decref(result->json);
    json_decref(result->manifest);
    gnt_h5_close(&result->h5);
    *result = (gnt_result){0};
}

/* ---- series ----------------------------------------------------------------------------------- */

static gnt_status load(gnt_result *result, const char *path, struct gnt_kept **kept, gnt_error *why)
{
    for (size_t i = 0; i < result->n_kept; i++)
        if (strcmp(result->kept[i].path, path) == 0) {
            *kept = &result->kept[i];
            return GNT_OK;
        }
    if (gnt_grow((void **)&result->kept, &result->kept_room, result->n_kept + 1, sizeof *result->kept))
        return gnt_fail(why, GNT_ENOMEM, "out of memory for the series of a result");
    struct gnt_kept *next = &result->kept[result->n_kept];
    *next = (struct gnt_kept){.path = gnt_strdup(path)};
    if (!next->path) return gnt_fail(why, GNT_ENOMEM, "out of memory for the series of a result");
    result->n_kept++;
    *kept = next;
    if (!gnt_h5_has(result->h5, path)) return GNT_OK;
    void *value = NULL;
    size_t cols = 0;
    GNT_TRY(gnt_h5_get(result->h5, path, GNT_H5_F64, &value, &next->n, &cols, why));
    next->value = value;
    if (cols) return gnt_fail(why, GNT_EDATA, "%s/result.h5: %s: expected one column", result->dir, path);
    return GNT_OK;
}

gnt_status gnt_result_series(gnt_result *result, size_t n, gnt_series *series, gnt_error *why, const char *format, ...)
{
    char path[512];
    struct gnt_kept *kept = NULL;
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    *series = (gnt_series){0};
    GNT_TRY(load(result, path, &kept, why));
    if (n && kept->n && kept->n != n)
        return gnt_fail(why, GNT_EDATA, "%s/result.h5: %s has %zu values, expected %zu", result->dir, path, kept->n, n);
    *series = (gnt_series){kept->n ? kept->value : NULL, kept->n};
    return GNT_OK;
}
