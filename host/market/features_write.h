/* Feature rows as files (layer 3): .csv, .npy and .h5, as docs/FORMATS.md says. */
#ifndef GNT_FEATURES_WRITE_H
#define GNT_FEATURES_WRITE_H

#include "features.h"
#include "host/base/json.h"

/* Rows of a panel with what they came from; everything borrowed. */
typedef struct gnt_feature_rows {
    const gnt_features *features;
    size_t first, n;      /* rows first .. first + n - 1 */
    const gnt_bars *bars; /* [n_bars] in the columns' order: alphabetical */
    size_t n_bars;
} gnt_feature_rows;

/* Every valid row: from schema.first_valid to the last bar. */
gnt_feature_rows gnt_feature_rows_valid(const gnt_features *features, const gnt_bars *bars, size_t n_bars);

/* GNT_EINVAL naming the three endings when `path` has none of them: asked before any work. */
GNT_MUST_CHECK gnt_status gnt_features_check_ending(const char *path, gnt_error *why);
/* By the path's ending, atomically. Beside a .csv or .npy, which can't hold it, PATH.manifest.json says the schema,
 * its hash, the provenance and the sources' SHA-256; it is written first. */
GNT_MUST_CHECK gnt_status gnt_features_write(const char *path, const gnt_feature_rows *rows, gnt_error *why);

/* `date`, the names and, where up is not NULL, `target`: up[i] belongs to row first + i. Float32 in 9 digits, which
 * read back to the same bits. */
GNT_MUST_CHECK gnt_status gnt_features_write_csv(const char *path, const gnt_feature_rows *rows, const uint8_t *up,
                                                 gnt_error *why);

struct gnt_h5;
/* The columns' names as the dataset /names of an open file. */
GNT_MUST_CHECK gnt_status gnt_feature_names_put(struct gnt_h5 *file, const gnt_schema *schema, gnt_error *why);

/* schema, version, hash, symbols[], rows, features, first, last, price, provenance, source_sha256[]. Caller owns. */
json_t *gnt_features_describe(const gnt_feature_rows *rows);

#endif
