#include "features_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/store/h5.h"
#include "host/store/npy.h"

gnt_feature_rows gnt_feature_rows_valid(const gnt_features *features, const gnt_bars *bars, size_t n_bars)
{
    size_t first = features->schema.first_valid;
    return (gnt_feature_rows){features, first, features->n_rows - first, bars, n_bars};
}

static const float *values(const gnt_feature_rows *rows)
{
    return rows->features->x + rows->first * rows->features->schema.n_features;
}

/* ---- what the rows are ------------------------------------------------------------------------------ */

static gnt_provenance least_real(const gnt_feature_rows *rows)
{
    gnt_provenance least = GNT_REAL;
    for (size_t i = 0; i < rows->n_bars; i++)
        if (rows->bars[i].provenance > least) least = rows->bars[i].provenance;
    return least;
}

static const char *price_name(const gnt_feature_rows *rows)
{
    return rows->bars[0].adjusted ? "adj" : "close";
}

json_t *gnt_features_describe(const gnt_feature_rows *rows)
{
    const gnt_schema *schema = &rows->features->schema;
    const gnt_day *day = rows->features->day + rows->first;
    char first[GNT_DATE_ROOM], last[GNT_DATE_ROOM];
    json_t *object = json_object(), *symbols = json_array(), *sources = json_array();
    for (size_t i = 0; i < rows->n_bars; i++) {
        json_array_append_new(symbols, json_string(rows->bars[i].symbol));
        json_array_append_new(sources, json_string(rows->bars[i].sha256));
    }
    gnt_json_text(object, "schema", schema->name);
    gnt_json_count(object, "version", schema->version);
    gnt_json_text(object, "hash", schema->hash);
    gnt_json_put(object, "symbols", symbols);
    gnt_json_count(object, "rows", rows->n);
    gnt_json_count(object, "features", schema->n_features);
    gnt_json_text(object, "first", gnt_date_format(day[0], first));
    gnt_json_text(object, "last", gnt_date_format(day[rows->n - 1], last));
    gnt_json_text(object, "price", price_name(rows));
    gnt_json_text(object, "provenance", gnt_provenance_name(least_real(rows)));
    gnt_json_put(object, "source_sha256", sources);
    return object;
}

static gnt_status write_manifest(const char *path, const gnt_feature_rows *rows, gnt_error *why)
{
    char manifest[1100];
    int n = snprintf(manifest, sizeof manifest, "%s.manifest.json", path);
    if (n < 0 || (size_t)n >= sizeof manifest) return gnt_fail(why, GNT_EIO, "%.80s...: path too long", path);
    json_t *object = gnt_features_describe(rows);
    gnt_status st = gnt_json_write(manifest, object, why);
    json_decref(object);
    return st;
}

/* ---- CSV -------------------------------------------------------------------------------------------- */

/* A column name holds a ticker, and a ticker may hold a comma or a quote. */
static void put_cell(FILE *out, const char *text)
{
    bool plain = !strpbrk(text, ",\"");
    if (!plain) fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    if (!plain) fputc('"', out);
}

static void put_rows(FILE *out, const gnt_feature_rows *rows, const uint8_t *up)
{
    const gnt_schema *schema = &rows->features->schema;
    const float *x = values(rows);
    char date[GNT_DATE_ROOM];
    fputs("date", out);
    for (size_t k = 0; k < schema->n_features; k++) {
        fputc(',', out);
        put_cell(out, schema->names[k]);
    }
    fputs(up ? ",target\n" : "\n", out);
    for (size_t i = 0; i < rows->n; i++) {
        fputs(gnt_date_format(rows->features->day[rows->first + i], date), out);
        for (size_t k = 0; k < schema->n_features; k++) fprintf(out, ",%.9g", (double)*x++);
        if (up) fprintf(out, ",%d", up[i]);
        fputc('\n', out);
    }
}

gnt_status gnt_features_write_csv(const char *path, const gnt_feature_rows *rows, const uint8_t *up, gnt_error *why)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out) return gnt_fail(why, GNT_ENOMEM, "%s: out of memory for its text", path);
    put_rows(out, rows, up);
    bool bad = ferror(out);
    if (fclose(out)) bad = true;
    gnt_status st =
        bad ? gnt_fail(why, GNT_ENOMEM, "%s: out of memory for its text", path) : gnt_file_write(path, text, n, why);
    free(text);
    return st;
}

static gnt_status write_csv(const char *path, const gnt_feature_rows *rows, gnt_error *why)
{
    GNT_TRY(write_manifest(path, rows, why));
    return gnt_features_write_csv(path, rows, NULL, why);
}

/* ---- NumPy ------------------------------------------------------------------------------------------ */

static gnt_status write_npy(const char *path, const gnt_feature_rows *rows, gnt_error *why)
{
    const size_t dim[2] = {rows->n, rows->features->schema.n_features};
    GNT_TRY(write_manifest(path, rows, why));
    return gnt_npy_write(path, values(rows), 2, dim, why);
}

/* ---- HDF5 ------------------------------------------------------------------------------------------- */

gnt_status gnt_feature_names_put(gnt_h5 *file, const gnt_schema *schema, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char *text = NULL;
    size_t width = 0;
    for (size_t k = 0; k < schema->n_features; k++)
        if (strlen(schema->names[k]) > width) width = strlen(schema->names[k]);
    GNT_ALLOC(text, schema->n_features * width);
    for (size_t k = 0; k < schema->n_features; k++)
        memcpy(text + k * width, schema->names[k], strlen(schema->names[k]));
    st = gnt_h5_put_words(file, "/names", text, schema->n_features, width, why);
out:
    free(text);
    return st;
}

/* The symbols, and the hashes of their sources, each joined by ','. */
static gnt_status put_sources(gnt_h5 *file, const gnt_feature_rows *rows, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char *symbols = NULL, *hashes = NULL;
    GNT_ALLOC(symbols, rows->n_bars * (GNT_SYMBOL_ROOM + 1));
    GNT_ALLOC(hashes, rows->n_bars * (GNT_SHA256_ROOM + 1));
    for (size_t i = 0; i < rows->n_bars; i++) {
        if (i) strcat(symbols, ",");
        if (i) strcat(hashes, ",");
        strcat(symbols, rows->bars[i].symbol);
        strcat(hashes, rows->bars[i].sha256);
    }
    GNT_GOTO(gnt_h5_put_text(file, "/", "symbol", symbols, why));
    st = gnt_h5_put_text(file, "/", "source_sha256", hashes, why);
out:
    free(symbols);
    free(hashes);
    return st;
}

static gnt_status put_attributes(gnt_h5 *file, const gnt_feature_rows *rows, gnt_error *why)
{
    const gnt_schema *schema = &rows->features->schema;
    GNT_TRY(gnt_h5_put_text(file, "/", "format", "gauntlet-features", why));
    GNT_TRY(gnt_h5_put_count(file, "/", "version", 1, why));
    GNT_TRY(gnt_h5_put_text(file, "/", "schema", schema->name, why));
    GNT_TRY(gnt_h5_put_count(file, "/", "schema_version", schema->version, why));
    GNT_TRY(gnt_h5_put_text(file, "/", "schema_hash", schema->hash, why));
    GNT_TRY(gnt_h5_put_text(file, "/", "provenance", gnt_provenance_name(least_real(rows)), why));
    GNT_TRY(gnt_h5_put_text(file, "/", "price", price_name(rows), why));
    return put_sources(file, rows, why);
}

static gnt_status write_h5(const char *path, const gnt_feature_rows *rows, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_h5 *file = NULL;
    const gnt_features *f = rows->features;
    GNT_GOTO(gnt_h5_create(path, &file, why));
    GNT_GOTO(gnt_h5_put(file, "/day", GNT_H5_I32, f->day + rows->first, rows->n, 0, why));
    GNT_GOTO(gnt_feature_names_put(file, &f->schema, why));
    GNT_GOTO(gnt_h5_put(file, "/x", GNT_H5_F32, values(rows), rows->n, f->schema.n_features, why));
    GNT_GOTO(put_attributes(file, rows, why));
    st = gnt_h5_commit(&file, why);
out:
    gnt_h5_close(&file);
    return st;
}

/* ---- by ending -------------------------------------------------------------------------------------- */

typedef gnt_status write_rows(const char *path, const gnt_feature_rows *rows, gnt_error *why);

static const struct {
    const char *ending;
    write_rows *write;
} forms[] = {{".csv", write_csv}, {".npy", write_npy}, {".h5", write_h5}};

static write_rows *find_form(const char *path)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t n = strlen(path), m = strlen(forms[i].ending);
        if (n > m && path[n - m - 1] != '/' && !strcmp(path + n - m, forms[i].ending)) return forms[i].write;
    }
    return NULL;
}

gnt_status gnt_features_check_ending(const char *path, gnt_error *why)
{
    if (find_form(path)) return GNT_OK;
    return gnt_fail(why, GNT_EINVAL, "%s: expected a file that ends in .csv, .npy or .h5", path);
}

gnt_status gnt_features_write(const char *path, const gnt_feature_rows *rows, gnt_error *why)
{
    GNT_TRY(gnt_features_check_ending(path, why));
    return find_form(path)(path, rows, why);
}
