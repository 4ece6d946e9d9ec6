/* Feature panels: bars in, one row of raw features a bar out (layer 3; SPEC 2). */
#ifndef GNT_FEATURES_H
#define GNT_FEATURES_H

#include "bars.h"
#include "host/device/engine.h"
#include "schema.h"

/* Row t holds only what is known at the close of bar t. */
typedef struct gnt_features {
    gnt_schema schema;
    size_t n_rows;
    gnt_day *day; /* [n_rows], owned */
    float *x;     /* [n_rows][F], owned; NaN before schema.first_valid */
} gnt_features;

/* Raw features of one symbol (gauntlet-35) or of several on the dates they all have (levels-17; bars in any order,
 * columns in alphabetical order). Features run over the whole history: row 0 is the first bar (of the common dates).
 * levels-17 refuses bars that gnt_bars_adjust changed: later dividends would leak into levels.
 * Errors: EINVAL unknown schema or a wrong number of symbols, adjusted levels or the same symbol twice, EFEW fewer bars
 * than warm-up needs. */
GNT_MUST_CHECK gnt_status gnt_features_make(gnt_engine *engine, const char *schema, const gnt_bars *bars,
                                            size_t n_symbols, gnt_features *features, gnt_error *why);
void gnt_features_free(gnt_features *features);
gnt_panel gnt_features_panel(const gnt_features *features); /* a view, valid as long as `features` */

#endif
