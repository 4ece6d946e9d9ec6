/* Features of every symbol of a universe into one file (layer 3); layout in docs/FORMATS.md, "Feature store".
 *
 * Symbols stream through in batches: bars in, rows out; memory is that of one batch, whatever the universe holds. */
#ifndef GNT_FEATURES_MANY_H
#define GNT_FEATURES_MANY_H

#include "features.h"
#include "host/base/json.h"
#include "host/base/progress.h"
#include "universe.h"

typedef struct gnt_features_job {
    const char *const *specs; /* [n_specs] as gnt_universe_open takes them */
    size_t n_specs;
    bool adjust; /* price: adj */
    uint64_t seed;
    const char *out; /* FILE.h5 */
} gnt_features_job;

/* gauntlet-35 of every symbol, the valid rows, in the symbols' byte order; each symbol's rows have the bits it has
 * alone. Written atomically: when a symbol can't be loaded or is shorter than the warm-up, nothing is written, the
 * others are still looked at, and of several failures each is a log line. *said: {schema, version, hash,
 * symbols[{symbol, rows, first, last, provenance, source_sha256}], totals{symbols, rows, first, last}, features, price,
 * provenance}; the caller owns it. EFEW: a symbol with fewer bars than the warm-up needs. */
GNT_MUST_CHECK gnt_status gnt_features_make_many(gnt_engine *engine, const gnt_features_job *job, json_t **said,
                                                 const gnt_progress *progress, gnt_error *why);

#endif
