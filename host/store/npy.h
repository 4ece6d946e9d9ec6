/* NumPy's .npy files of real numbers (layer 2): what Python tools exchange arrays in.
 *
 * Format: "\x93NUMPY", version, header length, a Python dict with descr, fortran_order and shape, then the array. */
#ifndef GNT_NPY_H
#define GNT_NPY_H

#include <stddef.h>

#include "host/base/error.h"

enum { GNT_NPY_RANK = 3 };

typedef struct gnt_npy {
    float *data; /* [dim[0]][dim[1]]..., C order, owned */
    size_t rank, dim[GNT_NPY_RANK], n;
} gnt_npy;

/* float32 or float64 (rounded), little-endian, C order, rank 1 to 3. EPARSE a broken header or a file whose length does
 * not fit it; EUNSUPPORTED another type, order or rank. */
GNT_MUST_CHECK gnt_status gnt_npy_read(const char *path, gnt_npy *array, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_npy_parse(const void *bytes, size_t n, const char *name, gnt_npy *array, gnt_error *why);
void gnt_npy_free(gnt_npy *array); /* fine on a zeroed one */

/* float32, version 1.0, atomically; the same array, the same bytes as numpy.save writes. */
GNT_MUST_CHECK gnt_status gnt_npy_write(const char *path, const float *data, size_t rank, const size_t *dim,
                                        gnt_error *why);

#endif
