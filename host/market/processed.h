/* The original demo's processed/ folder on request (layer 3; SPEC 8): docs/FORMATS.md says what differs from it. */
#ifndef GNT_PROCESSED_H
#define GNT_PROCESSED_H

#include "features_write.h"

enum { GNT_TRAIN_PART, GNT_VAL_PART, GNT_TEST_PART, GNT_N_PARTS };

/* One part of the rows, in time order. */
typedef struct gnt_part {
    size_t first, n; /* rows first .. first + n - 1 of the features */
} gnt_part;

extern const char *const gnt_part_names[GNT_N_PARTS]; /* train, val, test */

/* Writes {train,val,test}_{features,targets}.npy, feature_names.txt, combined_processed_data.csv, manifest.json and
 * each symbol's <T>_raw_<start>_<end>.csv into `dir`, which is made; each file atomically, the manifest last.
 *
 *   rows    every valid row (gnt_feature_rows_valid); the last one has no label and is left out
 *   labels  labels.up[t] belongs to row t of the features
 *   part    out: what train, val and test hold after the purge
 *
 * Errors: EINVAL adjusted bars (the folder holds prices as given), EFEW too few rows for three parts. */
GNT_MUST_CHECK gnt_status gnt_processed_write(gnt_engine *engine, const char *dir, const gnt_feature_rows *rows,
                                              gnt_labels labels, gnt_part part[GNT_N_PARTS], gnt_error *why);

#endif
