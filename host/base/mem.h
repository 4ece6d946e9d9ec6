/* Checked memory (layer 0): sizes that can't overflow, zeroed blocks, 64-byte alignment for arrays
 * that kernels read. Everything is freed with free(). */
#ifndef GNT_MEM_H
#define GNT_MEM_H

#include <stddef.h>
#include <stdlib.h>

#include "error.h"

/* n * size bytes, zeroed, 64-byte aligned; NULL on overflow or when memory is out (and for nothing else:
 * n = 0 gives a valid block). */
void *gnt_alloc(size_t n, size_t size);

/* Grows *block (from gnt_grow or NULL) so that it holds n elements of size; doubles; keeps contents.
 * *capacity is updated. GNT_ENOMEM leaves *block as it was. */
GNT_MUST_CHECK gnt_status gnt_grow(void **block, size_t *capacity, size_t n, size_t size);

/* A copy of a string, NULL when memory is out. */
char *gnt_strdup(const char *text);

/* st = GNT_ENOMEM, goto out, when the block is NULL. */
#define GNT_ALLOC(pointer, n)                                                                                    \
    do {                                                                                                         \
        (pointer) = gnt_alloc((n), sizeof *(pointer));                                                           \
        if (!(pointer)) {                                                                                        \
            st = gnt_fail(why, GNT_ENOMEM, "out of memory for %zu x %zu bytes", (size_t)(n), sizeof *(pointer)); \
            goto out;                                                                                            \
        }                                                                                                        \
    } while (0)

#endif
