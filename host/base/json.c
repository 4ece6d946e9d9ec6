#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

void gnt_json_put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

void gnt_json_figure(json_t *object, const char *key, double value, const char *reason)
{
    if (isfinite(value)) {
        gnt_json_put(object, key, json_real(value));
        return;
    }
    gnt_json_put(object, key, json_null());
    json_t *reasons = json_object_get(object, "reasons");
    if (!reasons) {
        reasons = json_object();
        gnt_json_put(object, "reasons", reasons);
    }
    gnt_json_put(reasons, key, json_string(reason ? reason : "undefined"));
}

json_t *gnt_json_string(const char *text)
{
    json_t *string = json_string(text);
    char *copy = string ? NULL : gnt_strdup(text);
    if (!copy) return string;
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c > 127) *c = '?';
    string = json_string(copy);
    free(copy);
    return string;
}

void gnt_json_text(json_t *object, const char *key, const char *value)
{
    gnt_json_put(object, key, value ? gnt_json_string(value) : json_null());
}

void gnt_json_count(json_t *object, const char *key, uint64_t value)
{
    gnt_json_put(object, key, json_integer((json_int_t)value));
}

void gnt_json_flag(json_t *object, const char *key, bool value)
{
    gnt_json_put(object, key, json_boolean(value));
}

gnt_status gnt_json_dump(const json_t *value, bool indented, gnt_text *text, gnt_error *why)
{
    size_t flags = JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY;
    char *bytes = value ? json_dumps(value, flags | (indented ? JSON_INDENT(2) : 0)) : NULL;
    size_t n = bytes ? strlen(bytes) : 0;
    char *line = bytes ? realloc(bytes, n + 2) : NULL;
    if (!line) {
        free(bytes);
        return gnt_fail(why, GNT_ENOMEM, "JSON can't be written: out of memory or text that is not UTF-8");
    }
    line[n] = '\n';
    line[n + 1] = 0;
    *text = (gnt_text){line, n + 1};
    return GNT_OK;
}

gnt_status gnt_json_write(const char *path, const json_t *value, gnt_error *why)
{
    gnt_text text = {0};
    GNT_TRY(gnt_json_dump(value, true, &text, why));
    gnt_status st = gnt_file_write(path, text.data, text.n, why);
    gnt_text_free(&text);
    return st;
}

gnt_status gnt_json_read(const char *path, json_t **value, gnt_error *why)
{
    gnt_text text = {0};
    json_error_t bad;
    *value = NULL;
    GNT_TRY(gnt_text_read(path, (size_t)64 << 20, &text, why));
    *value = json_loadb(text.data, text.n, JSON_REJECT_DUPLICATES, &bad);
    gnt_text_free(&text);
    if (!*value) return gnt_fail(why, GNT_EPARSE, "%s:%d: not valid JSON: %s", path, bad.line, bad.text);
    return GNT_OK;
}
