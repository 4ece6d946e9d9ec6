#include "npy.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/base/mem.h"

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};
enum { HEADER_MAX = 4096, ALIGN = 64 };

/* The text after "'key':" in the header, blanks skipped; NULL when it isn't there. */
static const char *value_of(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s':", key);
    const char *at = strstr(header, quoted);
    if (!at) return NULL;
    at += strlen(quoted);
    while (*at == ' ') at++;
    return at;
}

/* "(3, 10, 35)", "(3,)" -> dims; false when it is anything else or too many. */
static bool parse_shape(const char *at, gnt_npy *array)
{
    if (*at++ != '(') return false;
    array->n = 1;
    for (array->rank = 0; *at != ')'; array->rank++) {
        char *end;
        if (array->rank == GNT_NPY_RANK || !isdigit((unsigned char)*at)) return false;
        unsigned long long dim = strtoull(at, &end, 10);
        if (dim > (1ull << 40) || (dim && array->n > (1ull << 40) / dim)) return false;
        array->dim[array->rank] = (size_t)dim;
        array->n *= (size_t)dim;
        at = end;
        if (*at == ',') at++;
        while (*at == ' ') at++;
    }
    return array->rank > 0;
}

/* Header text of versions 1 to 3 into `header`; the offset of the array, 0 when the file has none. */
static size_t find_header(const unsigned char *bytes, size_t n, char header[HEADER_MAX])
{
    if (n < 12 || memcmp(bytes, magic, sizeof magic) != 0 || bytes[6] < 1 || bytes[6] > 3) return 0;
    size_t start = bytes[6] == 1 ? 10 : 12, length = bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length >= HEADER_MAX || length > n - start) return 0;
    memcpy(header, bytes + start, length);
    header[length] = 0;
    return start + length;
}

static gnt_status convert(const unsigned char *from, bool wide, gnt_npy *array, gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_ALLOC(array->data, array->n);
    if (!wide && array->n) memcpy(array->data, from, array->n * 4);
    for (size_t i = 0; wide && i < array->n; i++) {
        double value;
        memcpy(&value, from + 8 * i, 8);
        array->data[i] = (float)value;
    }
out:
    return st;
}

gnt_status gnt_npy_parse(const void *bytes, size_t n, const char *name, gnt_npy *array, gnt_error *why)
{
    char header[HEADER_MAX];
    *array = (gnt_npy){0};
    size_t offset = find_header(bytes, n, header);
    if (!offset) return gnt_fail(why, GNT_EPARSE, "%s: not a .npy file (its header can't be read)", name);
    const char *descr = value_of(header, "descr"), *order = value_of(header, "fortran_order"),
               *shape = value_of(header, "shape");
    if (!descr || !order || !shape)
        return gnt_fail(why, GNT_EPARSE, "%s: the .npy header lacks descr, fortran_order or shape", name);
    bool wide = !strncmp(descr, "'<f8'", 5);
    if (!wide && strncmp(descr, "'<f4'", 5) != 0)
        return gnt_fail(why, GNT_EUNSUPPORTED, "%s: type %.12s, expected '<f4' or '<f8' (float32, float64)", name,
                        descr);
    if (strncmp(order, "False", 5) != 0)
        return gnt_fail(why, GNT_EUNSUPPORTED, "%s: Fortran order; save numpy.ascontiguousarray(x)", name);
    if (!parse_shape(shape, array))
        return gnt_fail(why, GNT_EUNSUPPORTED, "%s: its shape has no or more than %d dims, or sizes beyond 2^40", name,
                        GNT_NPY_RANK);
    if (n - offset != array->n * (wide ? 8 : 4))
        return gnt_fail(why, GNT_EPARSE, "%s: %zu bytes after the header, its shape asks for %zu", name, n - offset,
                        array->n * (wide ? 8 : 4));
    return convert((const unsigned char *)bytes + offset, wide, array, why);
}

gnt_status gnt_npy_read(const char *path, gnt_npy *array, gnt_error *why)
{
    gnt_text text = {0};
    *array = (gnt_npy){0};
    GNT_TRY(gnt_text_read(path, (size_t)4 << 30, &text, why));
    gnt_status st = gnt_npy_parse(text.data, text.n, path, array, why);
    gnt_text_free(&text);
    return st;
}

void gnt_npy_free(gnt_npy *array)
{
    free(array->data);
    *array = (gnt_npy){0};
}

gnt_status gnt_npy_write(const char *path, const float *data, size_t rank, const size_t *dim, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char shape[96] = "", header[256], *bytes = NULL;
    size_t n = 1, used = 0;
    for (size_t k = 0; k < rank && used < sizeof shape; k++) {
        n *= dim[k];
        used += (size_t)snprintf(shape + used, sizeof shape - used, rank == 1 ? "%zu," : k ? ", %zu" : "%zu", dim[k]);
    }
    int length = snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", shape);
    size_t start = ((size_t)length + 11 + ALIGN - 1) / ALIGN * ALIGN; /* header, its newline and the 10 bytes before */
    GNT_ALLOC(bytes, start + 4 * n);
    memset(bytes, ' ', start);
    memcpy(bytes, magic, sizeof magic);
    bytes[6] = 1;
    bytes[7] = 0;
    bytes[8] = (char)((start - 10) & 0xff);
    bytes[9] = (char)((start - 10) >> 8);
    memcpy(bytes + 10, header, (size_t)length);
    bytes[start - 1] = '\n';
    if (n) memcpy(bytes + start, data, 4 * n);
    GNT_GOTO(gnt_file_write(path, bytes, start + 4 * n, why));
out:
    free(bytes);
    return st;
}
