/* Maps of an experiment file against tables of fields (layer 5).
 *
 * A table row says how a key reads, where its value goes and what is allowed; errors are
 * "FILE:LINE: path: what was expected", an unknown key names the nearest valid one. The same rows are
 * what docs/EXPERIMENTS.md lists (a test compares the two). */
#ifndef GNT_FIELDS_H
#define GNT_FIELDS_H

#include <stdint.h>

#include "host/run/yaml.h"

typedef enum gnt_field_kind {
    GNT_FIELD_TEXT,  /* char[room]: any text, folded to one line */
    GNT_FIELD_NAME,  /* char[room]: letters, digits, '_', '-' */
    GNT_FIELD_COUNT, /* uint32_t: a whole number, lo .. hi */
    GNT_FIELD_SEED,  /* uint64_t: a whole number */
    GNT_FIELD_REAL,  /* double, lo .. hi */
    GNT_FIELD_FLAG,  /* bool: true or false */
    GNT_FIELD_WORD,  /* uint32_t: index into words "a|b|c" */
    GNT_FIELD_WORDS, /* uint32_t: one bit for each listed word, no word twice */
    GNT_FIELD_DATE,  /* gnt_day */
    GNT_FIELD_RANGE, /* gnt_range: A..B, both inclusive; A may be `start` */
    GNT_FIELD_REALS, /* double[room], rising, each lo .. hi; count in size_t at n_offset */
    GNT_FIELD_NAMES, /* char[room][GNT_FIELD_NAME_ROOM], no name twice; count in size_t at n_offset */
    GNT_FIELD_MAP,   /* a map read by `fields` */
    GNT_FIELD_MAPS,  /* a list of maps read by `fields`, each `size` bytes; count in size_t at n_offset */
    GNT_FIELD_CALL,  /* read by `call` */
} gnt_field_kind;

#define GNT_FIELD_NAME_ROOM 48

/* Where the reader is: for the first two parts of an error. */
typedef struct gnt_field_at {
    const char *file;
    char path[160];
} gnt_field_at;

typedef struct gnt_field {
    const char *key;
    gnt_field_kind kind;
    bool required;
    size_t offset, n_offset, room, size;
    double lo, hi;
    const char *words;
    const struct gnt_field *fields;
    gnt_status (*call)(const gnt_yaml_node *node, void *out, const gnt_field_at *at, gnt_error *why);
    const char *fallback; /* for the documentation; NULL: none */
    const char *help;
} gnt_field;

/* Reads every child of the map into `out`, which holds the defaults. A table ends with a zero row.
 * A sub-structure's first member is `size_t line`, which gets the line of its map. */
GNT_MUST_CHECK gnt_status gnt_fields_read(const gnt_field *fields, const gnt_yaml_node *map, void *out,
                                          gnt_field_at *at, gnt_error *why);

/* "FILE:LINE: path: " and the message; EPARSE for what can't be read, EVALUE for what isn't allowed. */
gnt_status gnt_field_fail(const gnt_field_at *at, size_t line, gnt_error *why, gnt_status status, const char *format,
                          ...) __attribute__((format(printf, 5, 6)));

/* Index of `text` in "a|b|c", or -1. */
int gnt_word_index(const char *words, const char *text);

#endif
