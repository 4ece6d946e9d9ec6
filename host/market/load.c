/* Bars by the name a person gives them (SPEC 7, `--bars`). */
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bars_store.h"
#include "csv_bars.h"
#include "csv_strict.h"
#include "host/base/file.h"
#include "host/base/json.h"
#include "synthetic.h"

#define BUILTIN "builtin:"

/* ---- symbol and provenance of a CSV ---------------------------------------------------------------- */

bool gnt_symbol_of_path(const char *path, char symbol[GNT_SYMBOL_ROOM])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strcspn(name, "_.");
    if (n >= GNT_SYMBOL_ROOM) n = GNT_SYMBOL_ROOM - 1;
    memcpy(symbol, name, n);
    symbol[n] = 0;
    return gnt_symbol_valid(symbol);
}

bool gnt_bars_come_from(const char *spec, const char *file)
{
    char path[1024];
    const char *colon = strrchr(spec, ':');
    size_t n = colon ? (size_t)(colon - spec) : 0;
    if (gnt_same_file(spec, file)) return true;
    if (n == 0 || n >= sizeof path) return false;
    memcpy(path, spec, n);
    path[n] = 0;
    return gnt_same_file(path, file);
}

static bool names_synthetic(const char *symbol)
{
    return !strncmp(symbol, "SYN-", 4);
}

/* Real unless the sidecar FILE.csv.manifest.json or a SYN- name (the file's or the given one) says otherwise. */
static gnt_status find_provenance(const char *path, const char *symbol, gnt_provenance *provenance, gnt_error *why)
{
    char sidecar[1200], own[GNT_SYMBOL_ROOM];
    json_t *manifest = NULL;
    *provenance = GNT_REAL;
    int n = snprintf(sidecar, sizeof sidecar, "%s.manifest.json", path);
    if (n > 0 && (size_t)n < sizeof sidecar && gnt_file_exists(sidecar)) {
        GNT_TRY(gnt_json_read(sidecar, &manifest, why));
        const char *word = json_string_value(json_object_get(manifest, "provenance"));
        gnt_status st = GNT_OK;
        if (!word || !gnt_provenance_parse(word, provenance))
            st = gnt_fail(why, GNT_EPARSE, "%s: provenance '%s', expected real, replay or synthetic", sidecar,
                          word ? word : "missing");
        json_decref(manifest);
        GNT_TRY(st);
    }
    gnt_symbol_of_path(path, own);
    if (names_synthetic(own) || names_synthetic(symbol)) *provenance = GNT_SYNTHETIC;
    return GNT_OK;
}

/* ---- loading ---------------------------------------------------------------------------------------- */

gnt_status gnt_bars_load_csv(const char *path, const char *symbol, const gnt_checks *checks, gnt_bars *bars,
                             gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_text text = {0};
    gnt_raw_bars raw = {0};
    *bars = (gnt_bars){0};
    GNT_GOTO(gnt_text_read(path, GNT_CSV_MAX_FILE, &text, why));
    GNT_GOTO(gnt_sha256(text.data, text.n, bars->sha256, why));
    snprintf(bars->symbol, sizeof bars->symbol, "%s", symbol);
    snprintf(bars->source, sizeof bars->source, "%s", path);
    GNT_GOTO(find_provenance(path, symbol, &bars->provenance, why));
    GNT_GOTO(gnt_csv_bars_parse(path, &text, &raw, why));
    st = gnt_bars_validate(&raw, checks, bars, why);
out:
    gnt_raw_bars_free(&raw);
    gnt_text_free(&text);
    if (st) gnt_bars_free(bars);
    return st;
}

gnt_status gnt_bars_load(const char *spec, uint64_t seed, gnt_bars *bars, gnt_error *why)
{
    char path[1024], symbol[GNT_SYMBOL_ROOM];
    *bars = (gnt_bars){0};
    if (!strncmp(spec, BUILTIN, strlen(BUILTIN))) return gnt_synthetic_bars(spec + strlen(BUILTIN), seed, bars, why);
    const char *colon = strrchr(spec, ':'), *dot = colon ? colon - 3 : spec;
    if (colon && dot > spec && !strncmp(dot, ".h5", 3)) {
        size_t n = (size_t)(colon - spec);
        if (n >= sizeof path) return gnt_fail(why, GNT_EIO, "%.80s...: path too long", spec);
        memcpy(path, spec, n);
        path[n] = 0;
        return gnt_bars_store_get(path, colon + 1, bars, why);
    }
    size_t n = strlen(spec);
    if (n > 3 && !strcmp(spec + n - 3, ".h5"))
        return gnt_fail(why, GNT_EINVAL, "%s: which symbol? expected STORE.h5:SYMBOL", spec);
    if (!gnt_symbol_of_path(spec, symbol))
        return gnt_fail(why, GNT_EINVAL, "%s: file name starts with no symbol, expected SYMBOL_....csv", spec);
    gnt_checks checks = {GNT_CALENDAR_NONE, true, GNT_ALL_DAYS, (int64_t)time(NULL)};
    return gnt_bars_load_csv(spec, symbol, &checks, bars, why);
}
