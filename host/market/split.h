/* Splits, scaler, schemas and feature panels (layer 3; SPEC 2, 3). */
#ifndef GNT_SPLIT_H
#define GNT_SPLIT_H

#include "bars.h"
#include "host/device/engine.h"

/* A feature schema: a name, a version, the columns in order, and their hash. */
typedef struct gnt_schema {
    char name[32];
    unsigned version;
    char hash[GNT_SHA256_ROOM];
    size_t n_features;
    size_t first_valid; /* first row t with every feature */
    const char **names; /* [n_features], owned */
} gnt_schema;

/* name: "gauntlet-35" (one ticker) or "levels-17" (tickers in alphabetical order). */
GNT_MUST_CHECK gnt_status gnt_schema_open(gnt_schema *schema, const char *name, const char *const *tickers,
                                          size_t n_tickers, gnt_error *why);
void gnt_schema_free(gnt_schema *schema);

/* Raw features of one symbol (gauntlet-35) or several on their common dates (levels-17). */
typedef struct gnt_features {
    gnt_schema schema;
    size_t n_rows;
    gnt_day *day; /* [n_rows] */
    float *x;     /* [n_rows][F], owned; NaN before schema.first_valid */
} gnt_features;

GNT_MUST_CHECK gnt_status gnt_features_make(gnt_engine *engine, const char *schema, const gnt_bars *bars,
                                            size_t n_symbols, gnt_features *features, gnt_error *why);
void gnt_features_free(gnt_features *features);
gnt_panel gnt_features_panel(const gnt_features *features);

/* x -> clip((x - center)/scale, limit); fitted on train rows only (SPEC 3), or min-max for levels-17. */
typedef struct gnt_scaler {
    size_t n;              /* F; 0: no scaler */
    float *center, *scale; /* [F], owned */
    float limit;           /* 5; INFINITY: no clip */
} gnt_scaler;
/* rows: train rows (every row a train window ends at). min_max for levels-17. */
GNT_MUST_CHECK gnt_status gnt_scaler_fit(gnt_scaler *scaler, gnt_panel raw, gnt_rows rows, bool min_max,
                                         gnt_error *why);
void gnt_scaler_free(gnt_scaler *scaler);

/* Rows a model may train, validate and be tested on (SPEC 1, 3): full window inside valid rows; label bar inside
 * the range's own reach: a train or val row whose label bar lies in a later range is dropped (purge);
 * `embargo` bars after a test range are dropped from later train rows. test rows: t with t+1 in test. */
typedef struct gnt_split {
    gnt_range train, val, test;
    bool has_val, has_test;
    unsigned embargo;
    uint32_t *train_row, *val_row, *test_row; /* owned */
    size_t n_train, n_val, n_test;
} gnt_split;
GNT_MUST_CHECK gnt_status gnt_split_make(gnt_split *split, const gnt_day *day, size_t n_rows, size_t first_valid,
                                         unsigned window, gnt_error *why);
void gnt_split_free(gnt_split *split);

#endif
