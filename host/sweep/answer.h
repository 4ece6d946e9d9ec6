/* A sweep in words for machines (layer 5): SPEC 7's object, and the manifest beside its file. */
#ifndef GNT_SWEEP_ANSWER_H
#define GNT_SWEEP_ANSWER_H

#include "host/run/result.h"
#include "host/sweep/file.h"

/* Keys of docs/FORMATS.md without `seconds`, `evaluations_per_s`, `store`. NULL when memory is out. */
json_t *gnt_sweep_json(const gnt_sweep_collection *c);

/* FILE.h5.manifest.json: who, when, where, from what. inputs: paths [n] whose SHA-256 are taken here (a store's or a
 * built-in market's name is kept as it is). engine NULL: nothing was computed. */
GNT_MUST_CHECK gnt_status gnt_sweep_manifest_write(const char *out, const char *verb, const gnt_sweep_collection *c,
                                                   const char *const *inputs, size_t n, const gnt_engine *engine,
                                                   const gnt_run_start *start, gnt_error *why);

#endif
