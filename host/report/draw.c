#include "draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "host/base/mem.h"
#include "host/run/regimes.h"
#include "words.h"

gnt_status gnt_draw_begin(gnt_easel *easel, const char *stem, const char *name, unsigned width, unsigned height,
                          gnt_drawn *drawn, gnt_buf **script, gnt_error *why)
{
    char slug[96], file[160];
    gnt_escape_slug(slug, sizeof slug, name ? name : "");
    snprintf(file, sizeof file, name ? "%.48s_%s.png" : "%.48s.png", stem, slug);
    GNT_TRY(gnt_plots_picture(easel->plots, easel->folder, file, width, height, script, why));
    snprintf(drawn->path, sizeof drawn->path, "plots/%s", file);
    return GNT_OK;
}

void gnt_draw_caption(gnt_drawn *drawn, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(drawn->caption, sizeof drawn->caption, format, args);
    va_end(args);
}

void gnt_draw_subject(const gnt_easel *easel, const json_t *window, char *out, size_t room)
{
    const char *title = gnt_at_text(window, "title");
    snprintf(out, room, "%.40s, %.80s, %s", gnt_at_text(easel->result->json, "data.symbol"),
             title ? title : gnt_at_text(window, "name"),
             gnt_range_words(gnt_at_text(window, "from"), gnt_at_text(window, "to")).s);
}

/* ---- regimes behind a panel --------------------------------------------------------------------- */

/* One scheme is shaded: bull and bear markets when the result has them, else its first one. */
static gnt_status pick_scheme(gnt_result *result, char *scheme, size_t room, gnt_error *why)
{
    char **names = NULL;
    size_t n = 0;
    *scheme = 0;
    if (!gnt_h5_has(result->h5, "/regimes")) return GNT_OK;
    GNT_TRY(gnt_h5_list(result->h5, "/regimes", &names, &n, why));
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(names[i], "bull_bear") == 0) snprintf(scheme, room, "%s", names[i]);
    free(names);
    return GNT_OK;
}

/* The regime that hurts is the darkest: bear, down, high; the first of the others is left white. */
static const char *shade_of(const char *name, size_t code)
{
    if (strcmp(name, "bear") == 0 || strcmp(name, "down") == 0 || strcmp(name, "high") == 0) return "#dfe2e7";
    return code ? "#eff1f4" : NULL;
}

static void regime_name(const char *names, int code, char *out, size_t room)
{
    for (; code > 0 && names; code--) names = (names = strchr(names, '|')) ? names + 1 : NULL;
    snprintf(out, room, "%.*s", names ? (int)strcspn(names, "|") : 0, names ? names : "");
}

static void rectangle(gnt_shade *shade, double from, double to, const char *colour)
{
    gnt_buf_printf(&shade->objects,
                   "set object rectangle from first %g,graph 0 to first %g,graph 1 fc rgb '%s' fs solid noborder "
                   "behind\n",
                   from - 0.5, to + 0.5, colour);
}

static void key(gnt_shade *shade, const char *name, const char *colour)
{
    gnt_buf_printf(&shade->keys, ", keyentry with boxes fs solid fc rgb '%s' title ", colour);
    gnt_escape_gnuplot(&shade->keys, name);
}

/* Runs of one code inside the window become rectangles. */
static void shade_runs(gnt_shade *shade, const gnt_series *day, const gnt_series *bars, const double *code,
                       const char *names)
{
    bool listed[16] = {false};
    char name[64];
    double first = day->value[0], end = day->value[day->n - 1];
    for (size_t i = 0; i < bars->n;) {
        size_t run = i;
        while (i < bars->n && code[i] == code[run]) i++;
        double from = bars->value[run], to = bars->value[i - 1];
        if (to < first || from > end || !(code[run] >= 0 && code[run] < 16)) continue;
        int c = (int)code[run];
        regime_name(names, c, name, sizeof name);
        const char *colour = shade_of(name, (size_t)c);
        if (!colour) continue;
        rectangle(shade, from < first ? first : from, to > end ? end : to, colour);
        if (!listed[c]) key(shade, name, colour);
        listed[c] = true;
    }
}

/* A result without regimes has its closes: bull and bear markets follow from them alone. */
static gnt_status shade_from_closes(gnt_result *result, const gnt_series *day, const gnt_series *bars, gnt_shade *shade,
                                    gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_series close;
    int8_t *code = NULL;
    double *value = NULL;
    GNT_TRY(gnt_result_series(result, bars->n, &close, why, "/bars/close"));
    if (!close.n) return GNT_OK;
    GNT_ALLOC(code, close.n);
    GNT_ALLOC(value, close.n);
    gnt_regime_bull_bear(close.value, close.n, code);
    for (size_t i = 0; i < close.n; i++) value[i] = code[i];
    snprintf(shade->scheme, sizeof shade->scheme, "bull_bear");
    shade_runs(shade, day, bars, value, "bull|bear");
out:
    free(code);
    free(value);
    return st;
}

gnt_status gnt_shade_make(gnt_result *result, const gnt_series *day, gnt_shade *shade, gnt_error *why)
{
    gnt_series bars, code;
    char names[256], path[160];
    GNT_TRY(pick_scheme(result, shade->scheme, sizeof shade->scheme, why));
    GNT_TRY(gnt_result_series(result, 0, &bars, why, "/bars/day"));
    if (!*shade->scheme) return shade_from_closes(result, day, &bars, shade, why);
    snprintf(path, sizeof path, "/regimes/%s", shade->scheme);
    GNT_TRY(gnt_h5_get_text(result->h5, path, "names", names, sizeof names, why));
    GNT_TRY(gnt_result_series(result, bars.n, &code, why, "%s", path));
    if (code.n) shade_runs(shade, day, &bars, code.value, names);
    return GNT_OK;
}

void gnt_shade_free(gnt_shade *shade)
{
    gnt_buf_free(&shade->objects);
    gnt_buf_free(&shade->keys);
}
