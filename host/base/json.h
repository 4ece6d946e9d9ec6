/* JSON by jansson (layer 0): canonical writing, and figures that may be undefined.
 *
 * Objects keep insertion order, reals print with 17 significant digits, so the same object gives the
 * same bytes. An undefined figure is null and its reason code stands under its name in "reasons"
 * (SPEC 7); NaN never reaches a file. */
#ifndef GNT_JSON_H
#define GNT_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "file.h"

/* key: value; when value is not finite: key: null and object.reasons[key] = reason ("undefined" if NULL). */
void gnt_json_figure(json_t *object, const char *key, double value, const char *reason);
/* A JSON string of any bytes: text that is not UTF-8 (a file name may be) gets '?' for every byte above 127. */
json_t *gnt_json_string(const char *text);
void gnt_json_text(json_t *object, const char *key, const char *value); /* NULL: null */
void gnt_json_count(json_t *object, const char *key, uint64_t value);
void gnt_json_flag(json_t *object, const char *key, bool value);
/* Takes over `value`. */
void gnt_json_put(json_t *object, const char *key, json_t *value);

/* One line or indented by 2; ends with a newline; text->data is owned by the caller. */
GNT_MUST_CHECK gnt_status gnt_json_dump(const json_t *value, bool indented, gnt_text *text, gnt_error *why);
/* Indented, atomically. */
GNT_MUST_CHECK gnt_status gnt_json_write(const char *path, const json_t *value, gnt_error *why);
/* At most 64 MiB; EPARSE with path:line. */
GNT_MUST_CHECK gnt_status gnt_json_read(const char *path, json_t **value, gnt_error *why);

#endif
