/* HDF5 arrays by path (layer 2): the one way this project reads and writes HDF5.
 *
 * Datasets are chunked, Fletcher32-checked, without object times, in the order they are put: the same puts give
 * the same bytes. A file is written under a temporary name and appears only by gnt_h5_commit. HDF5's own error
 * printing is off; every failure comes back as a gnt_error with the file and the path. Not thread-safe. */
#ifndef GNT_H5_H
#define GNT_H5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/base/error.h"

typedef enum gnt_h5_type { GNT_H5_F64, GNT_H5_F32, GNT_H5_I64, GNT_H5_I32, GNT_H5_I8, GNT_H5_U8 } gnt_h5_type;

typedef struct gnt_h5 gnt_h5;

GNT_MUST_CHECK gnt_status gnt_h5_create(const char *path, gnt_h5 **file, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_h5_open(const char *path, gnt_h5 **file, gnt_error *why); /* read only */
/* Flushes and renames a created file into place, and closes it; *file is NULL afterwards, also on failure. */
GNT_MUST_CHECK gnt_status gnt_h5_commit(gnt_h5 **file, gnt_error *why);
/* Closes; a created file that was not committed vanishes. Fine on NULL. */
void gnt_h5_close(gnt_h5 **file);

/* Writes [rows] (cols 0) or [rows][cols]; groups on the way are made. rows may be 0. */
GNT_MUST_CHECK gnt_status gnt_h5_put(gnt_h5 *file, const char *path, gnt_h5_type type, const void *data, size_t rows,
                                     size_t cols, gnt_error *why);
/* An array that comes in pieces: made empty, then filled by rows in rising order, n_cols as it was made with. */
GNT_MUST_CHECK gnt_status gnt_h5_put_empty(gnt_h5 *file, const char *path, gnt_h5_type type, size_t rows, size_t cols,
                                           gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_h5_put_rows(gnt_h5 *file, const char *path, gnt_h5_type type, const void *data,
                                          size_t first, size_t rows, gnt_error *why);
/* A UTF-8 text attribute of a dataset, a group (made when missing) or "/". */
GNT_MUST_CHECK gnt_status gnt_h5_put_text(gnt_h5 *file, const char *path, const char *name, const char *value,
                                          gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_h5_put_count(gnt_h5 *file, const char *path, const char *name, int64_t value,
                                           gnt_error *why); /* int64 attribute */

/* Writes [rows] UTF-8 texts of at most `width` bytes, NUL-padded: text is [rows][width]. */
GNT_MUST_CHECK gnt_status gnt_h5_put_words(gnt_h5 *file, const char *path, const char *text, size_t rows, size_t width,
                                           gnt_error *why);

bool gnt_h5_has(gnt_h5 *file, const char *path);
/* Converts to `type`; *data is allocated (free()), *cols 0 for a vector. Refuses rank other than 1 and 2, sizes over
 * 2^40 bytes or beyond what the file can hold, and values that do not fit `type` (a fraction or 300 as I8). */
GNT_MUST_CHECK gnt_status gnt_h5_get(gnt_h5 *file, const char *path, gnt_h5_type type, void **data, size_t *rows,
                                     size_t *cols, gnt_error *why);
/* Rows [first, first + n) of a dataset of `cols` columns (0: a vector) into data, converted as gnt_h5_get does; EIO
 * when it has another shape. */
GNT_MUST_CHECK gnt_status gnt_h5_get_rows(gnt_h5 *file, const char *path, gnt_h5_type type, size_t cols, size_t first,
                                          size_t n, void *data, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_h5_get_text(gnt_h5 *file, const char *path, const char *name, char *out, size_t room,
                                          gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_h5_get_count(gnt_h5 *file, const char *path, const char *name, int64_t *value,
                                           gnt_error *why);
/* Texts of gnt_h5_put_words: *text is [rows][width] with a NUL after each (so width is the stored one + 1); free(). */
GNT_MUST_CHECK gnt_status gnt_h5_get_words(gnt_h5 *file, const char *path, char **text, size_t *rows, size_t *width,
                                           gnt_error *why);
/* Names directly in a group, sorted; *names is one block of pointers and text (free()). */
GNT_MUST_CHECK gnt_status gnt_h5_list(gnt_h5 *file, const char *group, char ***names, size_t *n, gnt_error *why);

#endif
