/* Feature schemas: a name, a version, the columns in order, and their hash (layer 3; SPEC 2 and 10). */
#ifndef GNT_SCHEMA_H
#define GNT_SCHEMA_H

#include <stddef.h>

#include "host/base/error.h"
#include "host/base/hash.h"

#define GNT_SCHEMA_GAUNTLET_35 "gauntlet-35"
#define GNT_SCHEMA_LEVELS_17 "levels-17"

typedef struct gnt_schema {
    char name[32];
    unsigned version;
    char hash[GNT_SHA256_ROOM]; /* of name, version and column names, each line ended by LF */
    size_t n_features;
    size_t first_valid; /* first row t with every feature */
    const char **names; /* [n_features], one block with its texts, owned */
} gnt_schema;

/* name: "gauntlet-35" (one ticker, its symbol is no part of the columns) or "levels-17" (1 to 64 tickers in strictly
 * rising alphabetical order: F = 17 T + 1). An unknown name is GNT_EINVAL and names the known ones. */
GNT_MUST_CHECK gnt_status gnt_schema_open(gnt_schema *schema, const char *name, const char *const *tickers,
                                          size_t n_tickers, gnt_error *why);
void gnt_schema_free(gnt_schema *schema); /* fine on a zeroed one */

#endif
