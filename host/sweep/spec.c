#include "host/sweep/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"

#define FORMAT_NAME "gauntlet-sweep-spec"
enum { FORMAT_VERSION = 1 };

void gnt_sweep_spec_free(gnt_sweep_spec *spec)
{
    free(spec->slice);
    *spec = (gnt_sweep_spec){0};
}

gnt_status gnt_sweep_spec_heatmap(gnt_sweep_spec *spec, const char *text, gnt_error *why)
{
    const gnt_grid *grid = &spec->grid;
    const char *comma = strchr(text, ',');
    char name[2][64];
    size_t at[2];
    if (!comma || (size_t)(comma - text) >= sizeof name[0] || strlen(comma + 1) >= sizeof name[1])
        return gnt_fail(why, GNT_EINVAL, "heatmap: \"%.80s\" is not x,y, two dimensions of the grid", text);
    snprintf(name[0], sizeof name[0], "%.*s", (int)(comma - text), text);
    snprintf(name[1], sizeof name[1], "%s", comma + 1);
    for (int i = 0; i < 2; i++) {
        at[i] = gnt_grid_find(grid, name[i]);
        if (at[i] == grid->n_dims)
            return gnt_fail(why, GNT_EINVAL, "heatmap: \"%s\" is no dimension of the grid", name[i]);
    }
    if (at[0] == at[1]) return gnt_fail(why, GNT_EINVAL, "heatmap: %s stands on both axes", name[0]);
    uint64_t cells = grid->dim[at[0]].n * grid->dim[at[1]].n; /* below 2^40 */
    for (size_t h = 0; h < spec->n_heatmaps; h++)
        cells += grid->dim[spec->heatmap[h][0]].n * grid->dim[spec->heatmap[h][1]].n;
    if (cells > GNT_SWEEP_CELLS)
        return gnt_fail(why, GNT_EINVAL, "heatmap: with %s there are %llu cells; at most %llu", text,
                        (unsigned long long)cells, (unsigned long long)GNT_SWEEP_CELLS);
    if (spec->n_heatmaps == GNT_SWEEP_HEATMAPS)
        return gnt_fail(why, GNT_EINVAL, "heatmap: at most %d", GNT_SWEEP_HEATMAPS);
    for (int i = 0; i < 2; i++) spec->heatmap[spec->n_heatmaps][i] = at[i];
    spec->n_heatmaps++;
    return GNT_OK;
}

uint64_t gnt_sweep_spec_bars(const gnt_sweep_spec *spec)
{
    uint64_t n = 0;
    for (size_t i = 0; i < spec->n_slices; i++) n += spec->slice[i].n_bars;
    return n;
}

gnt_provenance gnt_sweep_spec_provenance(const gnt_sweep_spec *spec)
{
    gnt_provenance least = GNT_REAL;
    for (size_t i = 0; i < spec->n_slices; i++)
        if (spec->slice[i].provenance > least) least = spec->slice[i].provenance;
    return least;
}

/* ---- to JSON ------------------------------------------------------------------------------------------------ */

static json_t *grid_json(const gnt_grid *grid)
{
    json_t *list = json_array();
    for (size_t d = 0; d < grid->n_dims; d++) {
        char text[GNT_GRID_TEXT], whole[GNT_GRID_TEXT + 64];
        gnt_grid_dim_text(&grid->dim[d], text, sizeof text);
        snprintf(whole, sizeof whole, "%s=%s", grid->dim[d].parameter->name, text);
        json_array_append_new(list, json_string(whole));
    }
    return list;
}

static json_t *slice_json(const gnt_sweep_slice *slice)
{
    char date[GNT_DATE_ROOM];
    json_t *o = json_object();
    gnt_json_text(o, "symbol", slice->symbol);
    gnt_json_text(o, "provenance", gnt_provenance_name(slice->provenance));
    gnt_json_text(o, "bars_sha256", slice->bars_sha256);
    gnt_json_text(o, "scores_sha256", slice->scores_sha256);
    gnt_json_count(o, "fold", slice->fold);
    gnt_json_text(o, "from", gnt_date_format(slice->from, date));
    gnt_json_text(o, "to", gnt_date_format(slice->to, date));
    gnt_json_count(o, "n_bars", slice->n_bars);
    gnt_json_count(o, "n_scored", slice->n_scored);
    gnt_json_count(o, "n_right", slice->n_right);
    gnt_json_count(o, "n_up", slice->n_up);
    return o;
}

json_t *gnt_sweep_spec_json(const gnt_sweep_spec *spec)
{
    json_t *o = json_object(), *maps = json_array(), *slices = json_array();
    gnt_json_text(o, "format", FORMAT_NAME);
    gnt_json_count(o, "version", FORMAT_VERSION);
    gnt_json_put(o, "grid", grid_json(&spec->grid));
    gnt_json_put(o, "strategy", gnt_strategy_json(&spec->base));
    gnt_json_text(o, "by", gnt_sweep_metric_name(spec->by));
    gnt_json_count(o, "top", spec->top);
    gnt_json_count(o, "folds", spec->n_folds);
    gnt_json_text(o, "price", spec->adjusted ? "adj" : "close");
    gnt_json_flag(o, "full", spec->full);
    gnt_json_count(o, "seed", spec->seed);
    for (size_t i = 0; i < spec->n_heatmaps; i++) {
        char text[128];
        const gnt_grid_dim *dim = spec->grid.dim;
        snprintf(text, sizeof text, "%s,%s", dim[spec->heatmap[i][0]].parameter->name,
                 dim[spec->heatmap[i][1]].parameter->name);
        json_array_append_new(maps, json_string(text));
    }
    gnt_json_put(o, "heatmaps", maps);
    for (size_t i = 0; i < spec->n_slices; i++) json_array_append_new(slices, slice_json(&spec->slice[i]));
    gnt_json_put(o, "slices", slices);
    return o;
}

/* ---- from JSON ---------------------------------------------------------------------------------------------- */

/* An object being read; the first thing that doesn't fit is remembered. */
typedef struct reader {
    const json_t *object;
    const char *bad; /* key */
} reader;

static const char *text_of(reader *r, const char *key, size_t room)
{
    const char *text = json_string_value(json_object_get(r->object, key));
    if (text && strlen(text) < room) return text;
    r->bad = key;
    return "";
}

static uint64_t count_of(reader *r, const char *key, uint64_t least, uint64_t most)
{
    const json_t *value = json_object_get(r->object, key);
    json_int_t n = json_integer_value(value);
    if (json_is_integer(value) && n >= 0 && (uint64_t)n >= least && (uint64_t)n <= most) return (uint64_t)n;
    r->bad = key;
    return least;
}

static gnt_day day_of(reader *r, const char *key)
{
    gnt_day day = 0;
    const char *text = text_of(r, key, GNT_DATE_ROOM);
    if (!gnt_date_parse(text, strlen(text), &day)) r->bad = key;
    return day;
}

static void copy_text(reader *r, const char *key, char *out, size_t room)
{
    snprintf(out, room, "%s", text_of(r, key, room));
}

static const char *parse_slice(const json_t *object, gnt_sweep_slice *slice)
{
    reader r = {object, NULL};
    copy_text(&r, "symbol", slice->symbol, sizeof slice->symbol);
    copy_text(&r, "bars_sha256", slice->bars_sha256, sizeof slice->bars_sha256);
    copy_text(&r, "scores_sha256", slice->scores_sha256, sizeof slice->scores_sha256);
    if (!gnt_provenance_parse(text_of(&r, "provenance", 32), &slice->provenance)) r.bad = "provenance";
    slice->fold = count_of(&r, "fold", 0, GNT_SWEEP_SLICES);
    slice->from = day_of(&r, "from");
    slice->to = day_of(&r, "to");
    slice->n_bars = count_of(&r, "n_bars", 1, UINT32_MAX);
    slice->n_scored = count_of(&r, "n_scored", 0, slice->n_bars);
    slice->n_right = count_of(&r, "n_right", 0, slice->n_scored);
    slice->n_up = count_of(&r, "n_up", 0, slice->n_scored);
    return r.bad;
}

static gnt_status parse_strategy(const json_t *object, gnt_strategy *strategy, gnt_error *why)
{
    const char *key;
    json_t *value;
    gnt_strategy_default(strategy);
    json_object_foreach((json_t *)object, key, value)
    {
        char text[64] = "";
        if (json_is_number(value)) snprintf(text, sizeof text, "%.17g", json_number_value(value));
        if (json_is_boolean(value)) snprintf(text, sizeof text, "%s", json_is_true(value) ? "true" : "false");
        if (json_is_string(value)) snprintf(text, sizeof text, "%s", json_string_value(value));
        GNT_TRY(gnt_strategy_set(strategy, key, text, why));
    }
    return GNT_OK;
}

/* Texts of an array, each through `add`. */
static gnt_status parse_texts(const json_t *list, gnt_sweep_spec *spec,
                              gnt_status (*add)(gnt_sweep_spec *, const char *, gnt_error *), gnt_error *why)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        GNT_TRY(add(spec, text ? text : "", why));
    }
    return GNT_OK;
}

static gnt_status add_dim(gnt_sweep_spec *spec, const char *text, gnt_error *why)
{
    return gnt_grid_add(&spec->grid, text, why);
}

static gnt_status parse(const json_t *json, gnt_sweep_spec *spec, gnt_error *why)
{
    gnt_status st = GNT_OK;
    reader r = {json, NULL};
    const json_t *slices = json_object_get(json, "slices");
    if (strcmp(text_of(&r, "format", 64), FORMAT_NAME) != 0) r.bad = "format";
    (void)count_of(&r, "version", FORMAT_VERSION, FORMAT_VERSION);
    spec->top = count_of(&r, "top", 1, GNT_SWEEP_TOP);
    spec->n_folds = count_of(&r, "folds", 1, GNT_SWEEP_SLICES);
    spec->seed = count_of(&r, "seed", 0, INT64_MAX);
    spec->adjusted = !strcmp(text_of(&r, "price", 16), "adj");
    spec->full = json_is_true(json_object_get(json, "full"));
    if (!gnt_sweep_metric_parse(text_of(&r, "by", 32), &spec->by)) r.bad = "by";
    spec->n_slices = json_array_size(slices);
    if (spec->n_slices < 1 || spec->n_slices > GNT_SWEEP_SLICES || spec->top > GNT_SWEEP_BEST / spec->n_slices)
        r.bad = "slices";
    if (r.bad) return gnt_fail(why, GNT_EVALUE, "its key \"%s\" is missing or not allowed", r.bad);
    GNT_GOTO(parse_texts(json_object_get(json, "grid"), spec, add_dim, why));
    if (!spec->grid.n_dims) return gnt_fail(why, GNT_EVALUE, "its grid is empty");
    GNT_GOTO(parse_strategy(json_object_get(json, "strategy"), &spec->base, why));
    GNT_GOTO(parse_texts(json_object_get(json, "heatmaps"), spec, gnt_sweep_spec_heatmap, why));
    GNT_ALLOC(spec->slice, spec->n_slices);
    for (size_t i = 0; i < spec->n_slices; i++) {
        const char *bad = parse_slice(json_array_get(slices, i), &spec->slice[i]);
        if (bad) return gnt_fail(why, GNT_EVALUE, "slice %zu: its key \"%s\" is missing or not allowed", i, bad);
    }
out:
    return st;
}

gnt_status gnt_sweep_spec_parse(const json_t *json, const char *name, gnt_sweep_spec *spec, gnt_error *why)
{
    *spec = (gnt_sweep_spec){0};
    gnt_status st = parse(json, spec, why);
    if (!st) return GNT_OK;
    gnt_sweep_spec_free(spec);
    if (why && st == GNT_EINVAL) why->status = st = GNT_EVALUE; /* of a file, not of the command line */
    gnt_error_prefix(why, "%s: no description of a sweep that can be used", name);
    return st == GNT_EINVAL ? GNT_EVALUE : st;
}
