/* Markets and fitted models that several experiments of one process share (layer 5).
 *
 * A market is bars, features and labels; a model is looked up by the SHA-256 of everything its weights
 * depend on: features and labels, rows of the split, architecture, every training option, seed. So a
 * model from the cache has the bits a fresh fit would have. What the cache hands out lives until it is freed. */
#ifndef GNT_RUN_CACHE_H
#define GNT_RUN_CACHE_H

#include "host/market/bars.h"
#include "host/model/model.h"

typedef struct gnt_market {
    char key[640]; /* bars, seed, price, schema */
    gnt_bars raw;  /* as loaded */
    gnt_bars bars; /* price-adjusted when asked for, else a second copy of raw */
    bool adjusted;
    gnt_features features;
    uint8_t *up;
    gnt_labels labels;
    char data_sha256[GNT_SHA256_ROOM]; /* of features and labels */
    struct gnt_market *next;
} gnt_market;

typedef struct gnt_fitted {
    char key[GNT_SHA256_ROOM];
    gnt_model model;
    gnt_fit_report report;
    struct gnt_fitted *next;
} gnt_fitted;

typedef struct gnt_run_cache {
    gnt_market *markets;
    gnt_fitted *fitted;
    size_t n_fits, n_hits; /* models trained, models found */
} gnt_run_cache;

void gnt_run_cache_free(gnt_run_cache *cache); /* fine on a zeroed one */

GNT_MUST_CHECK gnt_status gnt_cache_market(gnt_run_cache *cache, gnt_engine *engine, const char *bars, uint64_t seed,
                                           bool adjusted, const char *schema, const gnt_market **market,
                                           gnt_error *why);

/* A model that is wanted; net and options as they will be used, options.train.seed included. */
typedef struct gnt_wanted {
    const gnt_split *split;
    gnt_net net;
    gnt_fit_options options;
    const char *variant;
    const gnt_fitted **fitted; /* out */
} gnt_wanted;

/* Looks every model up and trains those that are missing, all at once. */
GNT_MUST_CHECK gnt_status gnt_cache_models(gnt_run_cache *cache, gnt_engine *engine, const gnt_market *market,
                                           const gnt_wanted *wanted, size_t n, const gnt_progress *progress,
                                           gnt_error *why);

#endif
