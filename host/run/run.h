/* One experiment, end to end (layer 5): bars -> features -> models -> scores -> books -> verdict -> files.
 *
 * Writes the result folder of docs/FORMATS.md. result.json, result.h5 and the models hold no time, host, thread
 * count or device: the same experiment, bars and seed give the same bytes. Memory is O(bars + results). A stop
 * through `progress` ends with GNT_EINTERRUPTED; every file is whole or not there. */
#ifndef GNT_RUN_H
#define GNT_RUN_H

#include "host/base/json.h"
#include "host/base/progress.h"
#include "host/run/cache.h"
#include "host/run/experiment.h"

typedef struct gnt_run_options {
    const char *out;  /* result folder, made when missing */
    const char *bars; /* NULL: the file's */
    bool has_seed;    /* false: the file's */
    uint64_t seed;
    bool allow_in_sample;  /* false: a test inside its model's train or validation dates is GNT_EGATE */
    bool quick;            /* training.quick_epochs instead of epochs */
    const char *overrides; /* what the caller changed of the file, in words, for the result; NULL: nothing */
    const char *text;      /* the experiment file's bytes, copied to experiment.yaml; NULL: none */
    size_t n_text;
} gnt_run_options;

/* result (may be NULL) gets the object of result.json, owned by the caller. A failed go/no-go gate is no error
 * here: verdict.go says it. cache may be shared by many runs of one engine. */
GNT_MUST_CHECK gnt_status gnt_run_experiment(gnt_engine *engine, gnt_run_cache *cache, const gnt_experiment *experiment,
                                             const gnt_run_options *options, const gnt_progress *progress,
                                             json_t **result, gnt_error *why);

#endif
