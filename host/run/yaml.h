/* YAML text as a small tree with line numbers (layer 5), by libyaml's events.
 *
 * One document of maps, lists and scalars. Refused, with the line: anchors, aliases, tags, merge keys,
 * duplicate keys, keys that are no plain scalars, a second document, more than GNT_YAML_MAX_BYTES bytes,
 * GNT_YAML_MAX_NODES nodes or GNT_YAML_MAX_DEPTH levels. So a small file can never become a large tree. */
#ifndef GNT_YAML_H
#define GNT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "host/base/error.h"

#define GNT_YAML_MAX_BYTES ((size_t)256 << 10)
#define GNT_YAML_MAX_NODES 4096
#define GNT_YAML_MAX_DEPTH 8

typedef enum gnt_yaml_kind { GNT_YAML_SCALAR = 0, GNT_YAML_LIST, GNT_YAML_MAP } gnt_yaml_kind;

typedef struct gnt_yaml_node {
    gnt_yaml_kind kind;
    size_t line;                        /* 1-based, of the key inside a map, else of the value */
    const char *key;                    /* NULL in a list and at the top */
    const char *text;                   /* of a scalar */
    bool quoted;                        /* a quoted or block scalar: never null or a number by accident */
    size_t n;                           /* children */
    struct gnt_yaml_node *first, *next; /* children in file order; next sibling */
} gnt_yaml_node;

typedef struct gnt_yaml {
    gnt_yaml_node *root; /* NULL: an empty file */
    gnt_yaml_node *node; /* [n_nodes], owned */
    char *pool;          /* text of all scalars, owned */
    size_t n_nodes, pool_used, pool_room;
} gnt_yaml;

/* name: what errors call the file. EPARSE "NAME:LINE: what". */
GNT_MUST_CHECK gnt_status gnt_yaml_parse(const char *text, size_t n, const char *name, gnt_yaml *yaml, gnt_error *why);
void gnt_yaml_free(gnt_yaml *yaml);

/* The child with that key, or NULL. */
const gnt_yaml_node *gnt_yaml_find(const gnt_yaml_node *map, const char *key);

#endif
