#include "bars_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/store/h5.h"
#include "validate.h"

#define FORMAT "gauntlet-bars"
#define VERSION 1
enum { PATH_ROOM = 128 };

bool gnt_symbol_valid(const char *symbol)
{
    size_t n = strlen(symbol);
    if (n == 0 || n >= GNT_SYMBOL_ROOM || strspn(symbol, ".") == n) return false;
    for (size_t i = 0; i < n; i++)
        if (symbol[i] <= ' ' || symbol[i] > '~' || strchr("/\\\"':*", symbol[i])) return false;
    return true;
}

/* "/bars/SYMBOL/name" */
static const char *at(char out[PATH_ROOM], const char *symbol, const char *name)
{
    snprintf(out, PATH_ROOM, "/bars/%s%s%s", symbol, *name ? "/" : "", name);
    return out;
}

/* ---- writing ---------------------------------------------------------------------------------------- */

static gnt_status put_warnings(gnt_h5 *file, const gnt_bars *bars, gnt_error *why)
{
    char path[PATH_ROOM];
    gnt_status st = GNT_OK;
    size_t n = bars->n_warnings;
    const gnt_warning *w = bars->warnings;
    int64_t *line = NULL;
    char *code = NULL, *text = NULL;
    GNT_ALLOC(line, n);
    GNT_ALLOC(code, n * sizeof w->code);
    GNT_ALLOC(text, n * sizeof w->text);
    for (size_t i = 0; i < n; i++) {
        line[i] = (int64_t)w[i].line;
        memcpy(code + i * sizeof w->code, w[i].code, strlen(w[i].code)); /* NUL-padded: the same bytes every time */
        memcpy(text + i * sizeof w->text, w[i].text, strlen(w[i].text));
    }
    GNT_GOTO(gnt_h5_put(file, at(path, bars->symbol, "warnings/line"), GNT_H5_I64, line, n, 0, why));
    GNT_GOTO(gnt_h5_put_words(file, at(path, bars->symbol, "warnings/code"), code, n, sizeof w->code, why));
    GNT_GOTO(gnt_h5_put_words(file, at(path, bars->symbol, "warnings/text"), text, n, sizeof w->text, why));
out:
    free(line);
    free(code);
    free(text);
    return st;
}

static const char *const column_name[] = {"open", "high", "low", "close", "adj_close", "volume"};

static gnt_status put_symbol(gnt_h5 *file, const gnt_bars *bars, gnt_error *why)
{
    char path[PATH_ROOM];
    const double *column[] = {bars->open, bars->high, bars->low, bars->close, bars->adj_close, bars->volume};
    GNT_TRY(gnt_h5_put(file, at(path, bars->symbol, "day"), GNT_H5_I32, bars->day, bars->n, 0, why));
    for (int f = 0; f < GNT_N_FIELDS; f++)
        GNT_TRY(gnt_h5_put(file, at(path, bars->symbol, column_name[f]), GNT_H5_F64, column[f], bars->n, 0, why));
    at(path, bars->symbol, "");
    GNT_TRY(gnt_h5_put_text(file, path, "provenance", gnt_provenance_name(bars->provenance), why));
    GNT_TRY(gnt_h5_put_text(file, path, "source", bars->source, why));
    GNT_TRY(gnt_h5_put_text(file, path, "source_sha256", bars->sha256, why));
    GNT_TRY(gnt_h5_put_count(file, path, "retrieved_unix", bars->retrieved_unix, why));
    return put_warnings(file, bars, why);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static gnt_status open_store(const char *path, gnt_h5 **file, gnt_error *why)
{
    char format[32];
    int64_t version = 0;
    gnt_error reason = {0};
    GNT_TRY(gnt_h5_open(path, file, why));
    if (gnt_h5_get_text(*file, "/", "format", format, sizeof format, &reason) || strcmp(format, FORMAT) ||
        gnt_h5_get_count(*file, "/", "version", &version, &reason) || version != VERSION ||
        !gnt_h5_has(*file, "/bars")) {
        gnt_h5_close(file);
        return gnt_fail(why, GNT_EIO, "%s: not a bars store, expected an HDF5 file with format '%s' version %d", path,
                        FORMAT, VERSION);
    }
    return GNT_OK;
}

static gnt_status get_column(gnt_h5 *file, const char *path, gnt_h5_type type, void **data, size_t *n, gnt_error *why)
{
    size_t rows, cols;
    GNT_TRY(gnt_h5_get(file, path, type, data, &rows, &cols, why));
    if (cols != 0 || (*n != (size_t)-1 && *n != rows))
        return gnt_fail(why, GNT_EIO, "%s: %zu values (%zu columns), expected a vector as long as the others", path,
                        rows, cols);
    *n = rows;
    return GNT_OK;
}

static gnt_status get_warnings(gnt_h5 *file, gnt_bars *bars, gnt_error *why)
{
    char path[PATH_ROOM];
    gnt_status st = GNT_OK;
    void *line = NULL;
    char *code = NULL, *text = NULL;
    size_t n = (size_t)-1, n_code, n_text, code_width, text_width;
    GNT_GOTO(get_column(file, at(path, bars->symbol, "warnings/line"), GNT_H5_I64, &line, &n, why));
    GNT_GOTO(gnt_h5_get_words(file, at(path, bars->symbol, "warnings/code"), &code, &n_code, &code_width, why));
    GNT_GOTO(gnt_h5_get_words(file, at(path, bars->symbol, "warnings/text"), &text, &n_text, &text_width, why));
    if (n_code != n || n_text != n) {
        st = gnt_fail(why, GNT_EIO, "%s: %zu lines, %zu codes, %zu texts, expected one of each a warning", path, n,
                      n_code, n_text);
        goto out;
    }
    GNT_ALLOC(bars->warnings, n);
    bars->n_warnings = n;
    for (size_t i = 0; i < n; i++) {
        gnt_warning *w = &bars->warnings[i];
        w->line = (size_t)((int64_t *)line)[i];
        snprintf(w->code, sizeof w->code, "%s", code + i * code_width);
        snprintf(w->text, sizeof w->text, "%s", text + i * text_width);
    }
out:
    free(line);
    free(code);
    free(text);
    return st;
}

/* What every bar of a store must satisfy, whoever wrote it; the calendar was ingest's business. */
static gnt_status check_bars(const char *path, const gnt_bars *b, gnt_error *why)
{
    if (b->n == 0) return gnt_fail(why, GNT_EDATA, "%s:%s: no bars", path, b->symbol);
    gnt_day first = gnt_day_of(1800, 1, 1), last = gnt_day_of(2200, 12, 31);
    for (size_t t = 0; t < b->n; t++) {
        if (b->day[t] < first || b->day[t] > last || (t && b->day[t] <= b->day[t - 1]))
            return gnt_fail(why, GNT_EDATA, "%s:%s: row %zu: day %d, expected rising dates", path, b->symbol, t,
                            (int)b->day[t]);
        double value[] = {b->open[t], b->high[t], b->low[t], b->close[t], b->adj_close[t], b->volume[t]};
        if (!gnt_bar_possible(value))
            return gnt_fail(why, GNT_EDATA,
                            "%s:%s: row %zu: prices or volume no bar can have, expected what ingest "
                            "accepts",
                            path, b->symbol, t);
    }
    return GNT_OK;
}

static gnt_status get_provenance(gnt_h5 *file, const char *path, gnt_bars *bars, gnt_error *why)
{
    char word[32];
    GNT_TRY(gnt_h5_get_text(file, path, "provenance", word, sizeof word, why));
    if (gnt_provenance_parse(word, &bars->provenance)) return GNT_OK;
    return gnt_fail(why, GNT_EIO, "%s: provenance '%s', expected real, replay or synthetic", path, word);
}

static gnt_status get_symbol(gnt_h5 *file, const char *store, const char *symbol, bool warnings, gnt_bars *bars,
                             gnt_error *why)
{
    char path[PATH_ROOM];
    gnt_status st = GNT_OK;
    size_t n = (size_t)-1;
    *bars = (gnt_bars){0};
    snprintf(bars->symbol, sizeof bars->symbol, "%s", symbol);
    double **column[] = {&bars->open, &bars->high, &bars->low, &bars->close, &bars->adj_close, &bars->volume};
    void *data = NULL;
    GNT_GOTO(get_column(file, at(path, symbol, "day"), GNT_H5_I32, &data, &n, why));
    bars->day = data;
    for (int f = 0; f < GNT_N_FIELDS; f++) {
        data = NULL;
        GNT_GOTO(get_column(file, at(path, symbol, column_name[f]), GNT_H5_F64, &data, &n, why));
        *column[f] = data;
    }
    data = NULL;
    bars->n = n;
    at(path, symbol, "");
    GNT_GOTO(get_provenance(file, path, bars, why));
    GNT_GOTO(gnt_h5_get_text(file, path, "source", bars->source, sizeof bars->source, why));
    GNT_GOTO(gnt_h5_get_text(file, path, "source_sha256", bars->sha256, sizeof bars->sha256, why));
    GNT_GOTO(gnt_h5_get_count(file, path, "retrieved_unix", &bars->retrieved_unix, why));
    if (warnings) GNT_GOTO(get_warnings(file, bars, why));
    st = check_bars(store, bars, why);
out:
    if (st) free(data);
    if (st) gnt_bars_free(bars);
    return st;
}

/* "IBB, SPY, ..." for the message about a symbol that is not there. */
static gnt_status no_symbol(const gnt_bars_store *store, const char *symbol, gnt_error *why)
{
    char known[256] = "";
    for (size_t i = 0, used = 0; i < store->n && used < sizeof known - GNT_SYMBOL_ROOM - 8; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%.31s", i ? ", " : "", store->symbol[i]);
    return gnt_fail(why, GNT_EDATA, "%s: no symbol '%s', expected one of: %s", store->path, symbol, known);
}

gnt_status gnt_bars_store_open(const char *path, gnt_bars_store *store, gnt_error *why)
{
    *store = (gnt_bars_store){0};
    GNT_TRY(open_store(path, &store->file, why));
    snprintf(store->path, sizeof store->path, "%s", path);
    gnt_status st = gnt_h5_list(store->file, "/bars", &store->symbol, &store->n, why);
    if (st) gnt_bars_store_close(store);
    return st;
}

void gnt_bars_store_close(gnt_bars_store *store)
{
    free(store->symbol);
    gnt_h5_close(&store->file);
    *store = (gnt_bars_store){0};
}

static gnt_status find_symbol(const gnt_bars_store *store, const char *symbol, bool warnings, gnt_bars *bars,
                              gnt_error *why)
{
    char group[PATH_ROOM];
    *bars = (gnt_bars){0};
    if (!gnt_symbol_valid(symbol) || !gnt_h5_has(store->file, at(group, symbol, "")))
        return no_symbol(store, symbol, why);
    return get_symbol(store->file, store->path, symbol, warnings, bars, why);
}

gnt_status gnt_bars_store_read(const gnt_bars_store *store, const char *symbol, gnt_bars *bars, gnt_error *why)
{
    return find_symbol(store, symbol, false, bars, why);
}

gnt_status gnt_bars_store_get(const char *path, const char *symbol, gnt_bars *bars, gnt_error *why)
{
    gnt_bars_store store;
    *bars = (gnt_bars){0};
    GNT_TRY(gnt_bars_store_open(path, &store, why));
    gnt_status st = find_symbol(&store, symbol, true, bars, why);
    gnt_bars_store_close(&store);
    return st;
}

/* ---- replacing one store by the next -------------------------------------------------------------- */

static int by_symbol(const void *a, const void *b)
{
    return strcmp((*(const gnt_bars *const *)a)->symbol, (*(const gnt_bars *const *)b)->symbol);
}

/* The given bars in the order of their symbols. */
static gnt_status in_order(const gnt_bars *bars, size_t n, const gnt_bars ***order, gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_ALLOC(*order, n);
    for (size_t i = 0; i < n; i++) (*order)[i] = &bars[i];
    qsort(*order, n, sizeof **order, by_symbol);
    for (size_t i = 0; i < n; i++) {
        const char *symbol = (*order)[i]->symbol;
        if (!gnt_symbol_valid(symbol) || (i && !strcmp(symbol, (*order)[i - 1]->symbol)))
            return gnt_fail(why, GNT_EINVAL, "symbol '%s': empty, with a slash, or given twice", symbol);
    }
out:
    return st;
}

/* Hands a symbol of the old store on. */
static gnt_status copy_symbol(const gnt_bars_store *old, const char *symbol, gnt_h5 *file, gnt_error *why)
{
    gnt_bars bars;
    if (!gnt_symbol_valid(symbol)) return gnt_fail(why, GNT_EIO, "%s: '%s' in it is no symbol", old->path, symbol);
    GNT_TRY(get_symbol(old->file, old->path, symbol, true, &bars, why));
    gnt_status st = put_symbol(file, &bars, why);
    gnt_bars_free(&bars);
    return st;
}

/* Both in the order of symbols; of two with one name the new one. */
static gnt_status put_merged(const gnt_bars_store *old, const gnt_bars *const *bars, size_t n, gnt_h5 *file,
                             const gnt_progress *progress, gnt_error *why)
{
    for (size_t i = 0, k = 0; i < n || k < old->n;) {
        int side = i == n ? 1 : k == old->n ? -1 : strcmp(bars[i]->symbol, old->symbol[k]);
        if (side > 0)
            GNT_TRY(copy_symbol(old, old->symbol[k], file, why));
        else
            GNT_TRY(put_symbol(file, bars[i], why));
        i += side <= 0;
        k += side >= 0;
        if (!gnt_progress_report(progress, "storing", (double)(i + k), (double)(n + old->n), ""))
            return gnt_fail(why, GNT_EINTERRUPTED, "stopped while storing");
    }
    return GNT_OK;
}

gnt_status gnt_bars_store_put(const char *path, const gnt_bars *bars, size_t n, const gnt_progress *progress,
                              gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_h5 *file = NULL;
    gnt_bars_store old = {0};
    const gnt_bars **order = NULL;
    GNT_GOTO(in_order(bars, n, &order, why));
    if (gnt_file_exists(path)) GNT_GOTO(gnt_bars_store_open(path, &old, why));
    GNT_GOTO(gnt_h5_create(path, &file, why));
    GNT_GOTO(gnt_h5_put_text(file, "/", "format", FORMAT, why));
    GNT_GOTO(gnt_h5_put_count(file, "/", "version", VERSION, why));
    GNT_GOTO(put_merged(&old, order, n, file, progress, why));
    gnt_bars_store_close(&old);
    st = gnt_h5_commit(&file, why);
out:
    gnt_h5_close(&file);
    gnt_bars_store_close(&old);
    free(order);
    return st;
}
