#include "fields.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/date.h"
#include "host/base/nearest.h"

enum { MAX_WORDS = 48 };

gnt_status gnt_field_fail(const gnt_field_at *at, size_t line, gnt_error *why, gnt_status status, const char *format,
                          ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return gnt_fail(why, status, "%s:%zu: %s%s%s", at->file, line, at->path, *at->path ? ": " : "", text);
}

int gnt_word_index(const char *words, const char *text)
{
    size_t n = strlen(text);
    for (int i = 0;; i++) {
        size_t length = strcspn(words, "|");
        if (length == n && memcmp(words, text, n) == 0) return i;
        if (!words[length]) return -1;
        words += length + 1;
    }
}

/* What a person should have written. */
static gnt_status expected(const gnt_field *f, const gnt_yaml_node *node, const gnt_field_at *at, gnt_error *why,
                           const char *what)
{
    if (node->kind != GNT_YAML_SCALAR)
        return gnt_field_fail(at, node->line, why, GNT_EPARSE, "%s expected, got a %s", what,
                              node->kind == GNT_YAML_LIST ? "list" : "map");
    if (!*node->text && !node->quoted)
        return gnt_field_fail(at, node->line, why, GNT_EPARSE, "%s expected, got nothing", what);
    const char *near = NULL;
    if (f->words) {
        char list[400];
        const char *name[MAX_WORDS];
        size_t n = 0;
        snprintf(list, sizeof list, "%s", f->words);
        for (char *save = NULL, *w = strtok_r(list, "|", &save); w && n < MAX_WORDS; w = strtok_r(NULL, "|", &save))
            name[n++] = w;
        near = gnt_nearest(node->text, name, n);
        if (near)
            return gnt_field_fail(at, node->line, why, GNT_EPARSE, "%s expected, got \"%.60s\"; did you mean %s?", what,
                                  node->text, near);
    }
    return gnt_field_fail(at, node->line, why, GNT_EPARSE, "%s expected, got \"%.60s\"", what, node->text);
}

static bool is_scalar(const gnt_yaml_node *node)
{
    return node->kind == GNT_YAML_SCALAR && (*node->text || node->quoted);
}

/* ---- scalars --------------------------------------------------------------------------------------- */

/* Decimal only: no hexadecimal, no inf, no nan. */
static bool parse_real(const char *text, double *value)
{
    char *end;
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    *value = strtod(text, &end);
    return !*end && isfinite(*value);
}

static bool parse_whole(const char *text, uint64_t *value)
{
    char *end;
    if (!*text || strspn(text, "0123456789") != strlen(text)) return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return !*end && !errno;
}

static gnt_status read_text(const gnt_field *f, const gnt_yaml_node *node, char *out, const gnt_field_at *at,
                            gnt_error *why)
{
    if (!is_scalar(node) || !*node->text) return expected(f, node, at, why, "text");
    size_t n = strlen(node->text);
    while (n && (node->text[n - 1] == '\n' || node->text[n - 1] == ' ')) n--;
    if (n >= f->room)
        return gnt_field_fail(at, node->line, why, GNT_EVALUE, "%zu bytes of text, at most %zu fit", n, f->room - 1);
    for (size_t i = 0; i < n; i++) out[i] = (unsigned char)node->text[i] < 0x20 ? ' ' : node->text[i];
    out[n] = 0;
    return GNT_OK;
}

static gnt_status read_name(const gnt_field *f, const gnt_yaml_node *node, char *out, size_t room,
                            const gnt_field_at *at, gnt_error *why)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (!is_scalar(node) || !*node->text || strspn(node->text, letters) != strlen(node->text))
        return expected(f, node, at, why, "a name of letters, digits, _ and -");
    if (strlen(node->text) >= room)
        return gnt_field_fail(at, node->line, why, GNT_EVALUE, "a name has at most %zu letters", room - 1);
    strcpy(out, node->text);
    return GNT_OK;
}

static gnt_status read_count(const gnt_field *f, const gnt_yaml_node *node, uint32_t *out, const gnt_field_at *at,
                             gnt_error *why)
{
    uint64_t value;
    char what[80];
    snprintf(what, sizeof what, "a whole number from %.0f to %.0f", f->lo, f->hi);
    if (!is_scalar(node) || !parse_whole(node->text, &value) || (double)value < f->lo || (double)value > f->hi)
        return expected(f, node, at, why, what);
    *out = (uint32_t)value;
    return GNT_OK;
}

static gnt_status read_real(const gnt_field *f, const gnt_yaml_node *node, double *out, const gnt_field_at *at,
                            gnt_error *why)
{
    double value;
    char what[80];
    snprintf(what, sizeof what, "a number from %g to %g", f->lo, f->hi);
    if (!is_scalar(node) || !parse_real(node->text, &value) || !(value >= f->lo && value <= f->hi))
        return expected(f, node, at, why, what);
    *out = value;
    return GNT_OK;
}

static gnt_status read_flag(const gnt_field *f, const gnt_yaml_node *node, bool *out, const gnt_field_at *at,
                            gnt_error *why)
{
    int index = is_scalar(node) ? gnt_word_index("false|true", node->text) : -1;
    if (index < 0) return expected(f, node, at, why, "true or false");
    *out = index;
    return GNT_OK;
}

static gnt_status read_word(const gnt_field *f, const gnt_yaml_node *node, uint32_t *out, const gnt_field_at *at,
                            gnt_error *why)
{
    char what[440];
    int index = is_scalar(node) ? gnt_word_index(f->words, node->text) : -1;
    snprintf(what, sizeof what, "one of %s", f->words);
    if (index < 0) return expected(f, node, at, why, what);
    *out = (uint32_t)index;
    return GNT_OK;
}

static gnt_status read_date(const gnt_field *f, const gnt_yaml_node *node, gnt_day *out, const gnt_field_at *at,
                            gnt_error *why)
{
    if (!is_scalar(node) || !gnt_date_parse(node->text, strlen(node->text), out))
        return expected(f, node, at, why, "a date YYYY-MM-DD that exists");
    return GNT_OK;
}

static gnt_status read_range(const gnt_field *f, const gnt_yaml_node *node, gnt_range *out, const gnt_field_at *at,
                             gnt_error *why)
{
    char text[40];
    bool from_start = is_scalar(node) && strncmp(node->text, "start..", 7) == 0;
    snprintf(text, sizeof text, "%s%.30s", from_start ? "1800-01-01" : "",
             !is_scalar(node) ? "" : node->text + (from_start ? 5 : 0));
    if (!gnt_range_parse(text, out))
        return expected(f, node, at, why, "a range of dates FROM..TO, FROM not after TO (or start..TO)");
    return GNT_OK;
}

/* ---- lists ------------------------------------------------------------------------------------------- */

static gnt_status open_list(const gnt_field *f, const gnt_yaml_node *node, const gnt_field_at *at, gnt_error *why)
{
    if (node->kind != GNT_YAML_LIST) return expected(f, node, at, why, "a list");
    if (!node->n) return gnt_field_fail(at, node->line, why, GNT_EVALUE, "the list is empty");
    if (f->kind != GNT_FIELD_WORDS && node->n > f->room)
        return gnt_field_fail(at, node->line, why, GNT_EVALUE, "%zu entries, at most %zu are allowed", node->n,
                              f->room);
    return GNT_OK;
}

static gnt_status read_words(const gnt_field *f, const gnt_yaml_node *node, uint32_t *out, const gnt_field_at *at,
                             gnt_error *why)
{
    uint32_t bits = 0;
    GNT_TRY(open_list(f, node, at, why));
    for (const gnt_yaml_node *item = node->first; item; item = item->next) {
        uint32_t index;
        GNT_TRY(read_word(f, item, &index, at, why));
        if (bits & 1u << index)
            return gnt_field_fail(at, item->line, why, GNT_EVALUE, "%s is listed twice", item->text);
        bits |= 1u << index;
    }
    *out = bits;
    return GNT_OK;
}

static gnt_status read_reals(const gnt_field *f, const gnt_yaml_node *node, double *out, size_t *n,
                             const gnt_field_at *at, gnt_error *why)
{
    size_t i = 0;
    GNT_TRY(open_list(f, node, at, why));
    for (const gnt_yaml_node *item = node->first; item; item = item->next, i++) {
        GNT_TRY(read_real(f, item, &out[i], at, why));
        if (i && !(out[i] > out[i - 1]))
            return gnt_field_fail(at, item->line, why, GNT_EVALUE, "numbers must rise: %g after %g", out[i],
                                  out[i - 1]);
    }
    *n = i;
    return GNT_OK;
}

static gnt_status read_names(const gnt_field *f, const gnt_yaml_node *node, char (*out)[GNT_FIELD_NAME_ROOM], size_t *n,
                             const gnt_field_at *at, gnt_error *why)
{
    size_t i = 0;
    GNT_TRY(open_list(f, node, at, why));
    for (const gnt_yaml_node *item = node->first; item; item = item->next, i++) {
        GNT_TRY(read_name(f, item, out[i], GNT_FIELD_NAME_ROOM, at, why));
        for (size_t j = 0; j < i; j++)
            if (strcmp(out[j], out[i]) == 0)
                return gnt_field_fail(at, item->line, why, GNT_EVALUE, "%s is listed twice", item->text);
    }
    *n = i;
    return GNT_OK;
}

static gnt_status read_map(const gnt_field *f, const gnt_yaml_node *node, void *out, gnt_field_at *at, gnt_error *why)
{
    if (node->kind != GNT_YAML_MAP) return expected(f, node, at, why, "a map of keys");
    *(size_t *)out = node->line;
    return gnt_fields_read(f->fields, node, out, at, why);
}

static gnt_status read_maps(const gnt_field *f, const gnt_yaml_node *node, char *out, size_t *n, gnt_field_at *at,
                            gnt_error *why)
{
    size_t i = 0, length = strlen(at->path);
    GNT_TRY(open_list(f, node, at, why));
    for (const gnt_yaml_node *item = node->first; item; item = item->next, i++) {
        snprintf(at->path + length, sizeof at->path - length, "[%zu]", i + 1);
        GNT_TRY(read_map(f, item, out + i * f->size, at, why));
        at->path[length] = 0;
    }
    *n = i;
    return GNT_OK;
}

/* ---- maps -------------------------------------------------------------------------------------------- */

static gnt_status read_field(const gnt_field *f, const gnt_yaml_node *node, char *base, gnt_field_at *at,
                             gnt_error *why)
{
    void *out = base + f->offset;
    size_t *n = (size_t *)(void *)(base + f->n_offset);
    switch (f->kind) {
    case GNT_FIELD_TEXT:
        return read_text(f, node, out, at, why);
    case GNT_FIELD_NAME:
        return read_name(f, node, out, f->room, at, why);
    case GNT_FIELD_COUNT:
        return read_count(f, node, out, at, why);
    case GNT_FIELD_SEED:
        if (!is_scalar(node) || !parse_whole(node->text, out))
            return expected(f, node, at, why, "a whole number from 0 to 2^64-1");
        return GNT_OK;
    case GNT_FIELD_REAL:
        return read_real(f, node, out, at, why);
    case GNT_FIELD_FLAG:
        return read_flag(f, node, out, at, why);
    case GNT_FIELD_WORD:
        return read_word(f, node, out, at, why);
    case GNT_FIELD_WORDS:
        return read_words(f, node, out, at, why);
    case GNT_FIELD_DATE:
        return read_date(f, node, out, at, why);
    case GNT_FIELD_RANGE:
        return read_range(f, node, out, at, why);
    case GNT_FIELD_REALS:
        return read_reals(f, node, out, n, at, why);
    case GNT_FIELD_NAMES:
        return read_names(f, node, out, n, at, why);
    case GNT_FIELD_MAP:
        return read_map(f, node, out, at, why);
    case GNT_FIELD_MAPS:
        return read_maps(f, node, out, n, at, why);
    case GNT_FIELD_CALL:
        return f->call(node, out, at, why);
    }
    return GNT_EINVAL;
}

static gnt_status unknown_key(const gnt_field *fields, const gnt_yaml_node *node, const gnt_field_at *at,
                              gnt_error *why)
{
    const char *name[MAX_WORDS];
    size_t n = 0;
    for (const gnt_field *f = fields; f->key && n < MAX_WORDS; f++) name[n++] = f->key;
    const char *near = gnt_nearest(node->key, name, n);
    return gnt_field_fail(at, node->line, why, GNT_EPARSE, "unknown key%s%s%s; docs/EXPERIMENTS.md lists all",
                          near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Appends ".key" (or "key" at the top). */
static size_t enter(gnt_field_at *at, const char *key)
{
    size_t length = strlen(at->path);
    snprintf(at->path + length, sizeof at->path - length, "%s%.60s", length ? "." : "", key);
    return length;
}

gnt_status gnt_fields_read(const gnt_field *fields, const gnt_yaml_node *map, void *out, gnt_field_at *at,
                           gnt_error *why)
{
    for (const gnt_yaml_node *node = map->first; node; node = node->next) {
        const gnt_field *f = fields;
        while (f->key && strcmp(f->key, node->key) != 0) f++;
        size_t length = enter(at, node->key);
        GNT_TRY(f->key ? read_field(f, node, out, at, why) : unknown_key(fields, node, at, why));
        at->path[length] = 0;
    }
    for (const gnt_field *f = fields; f->key; f++)
        if (f->required && !gnt_yaml_find(map, f->key)) {
            enter(at, f->key);
            return gnt_field_fail(at, map->line, why, GNT_EPARSE, "this key is missing: %s", f->help);
        }
    return GNT_OK;
}
