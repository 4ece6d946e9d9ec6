/* The demo: the seven experiments on both built-in markets (layer 5).
 *
 * Writes out/<SYMBOL>/<experiment>/ and out/index.json (docs/FORMATS.md). Models are shared between experiments
 * through one cache. walk_forward runs baseline only, 4 folds, at most 10 epochs here, and its result says so. */
#ifndef GNT_DEMO_H
#define GNT_DEMO_H

#include "host/run/run.h"

typedef struct gnt_demo_options {
    const char *out;
    uint64_t seed;
    bool quick; /* fewer epochs */
} gnt_demo_options;

/* index (may be NULL) gets the object of index.json, owned by the caller. */
GNT_MUST_CHECK gnt_status gnt_demo_run(gnt_engine *engine, const gnt_demo_options *options,
                                       const gnt_progress *progress, json_t **index, gnt_error *why);

#endif
