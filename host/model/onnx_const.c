/* Constant folding of the ONNX reader: picking, joining and moving elements of float32 or int64 tensors. */
#include <string.h>

#include "onnx_reader.h"

static size_t element(const gnt_value *v)
{
    return v->kind == GNT_VALUE_INTS ? sizeof(int64_t) : sizeof(float);
}

static const char *bytes_of(const gnt_value *v)
{
    return v->kind == GNT_VALUE_INTS ? (const char *)v->ints : (const char *)v->floats;
}

/* Gives `out`, whose kind and dims are set, its block. */
static gnt_status make(gnt_reader *r, gnt_value *out, char **data)
{
    out->n = 1;
    for (size_t k = 0; k < out->rank; k++) {
        if (out->dim[k] && out->n > r->max_bytes / out->dim[k])
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "its constant is too large");
        out->n *= out->dim[k];
    }
    *data = gnt_reader_alloc(r, out->n, element(out));
    if (!*data) return GNT_ENOMEM;
    if (out->kind == GNT_VALUE_INTS)
        out->ints = (const int64_t *)(const void *)*data;
    else
        out->floats = (const float *)(const void *)*data;
    return GNT_OK;
}

/* Elements before and after an axis: data is [before][dim][after]. */
static void around(const gnt_value *v, size_t axis, size_t *before, size_t *after)
{
    *before = *after = 1;
    for (size_t k = 0; k < axis; k++) *before *= v->dim[k];
    for (size_t k = axis + 1; k < v->rank; k++) *after *= v->dim[k];
}

gnt_status gnt_const_take(gnt_reader *r, const gnt_value *in, size_t axis, const int64_t *index, size_t n_index,
                          bool drop, gnt_value *out)
{
    size_t before, after;
    char *to = NULL;
    around(in, axis, &before, &after);
    *out = *in;
    out->dim[axis] = n_index;
    GNT_TRY(make(r, out, &to));
    size_t size = element(in) * after;
    for (size_t b = 0; b < before; b++)
        for (size_t i = 0; i < n_index; i++) {
            int64_t at = index[i] < 0 ? index[i] + (int64_t)in->dim[axis] : index[i];
            if (at < 0 || at >= (int64_t)in->dim[axis])
                return gnt_reader_refuse(r, GNT_EPARSE, "index %lld of an axis of %zu", (long long)index[i],
                                         in->dim[axis]);
            memcpy(to + (b * n_index + i) * size, bytes_of(in) + (b * in->dim[axis] + (size_t)at) * size, size);
        }
    if (drop) {
        memmove(out->dim + axis, out->dim + axis + 1, (out->rank - axis - 1) * sizeof *out->dim);
        out->rank--;
    }
    return GNT_OK;
}

gnt_status gnt_const_concat(gnt_reader *r, size_t n, size_t axis, gnt_value *out)
{
    const gnt_value *first = gnt_reader_input(r, 0);
    char *to = NULL;
    size_t before, after, filled = 0;
    *out = *first;
    out->dim[axis] = 0;
    for (size_t i = 0; i < n; i++) {
        const gnt_value *part = gnt_reader_input(r, i);
        if (part->kind != first->kind || part->rank != first->rank)
            return gnt_reader_refuse(r, GNT_EPARSE, "its inputs differ in type or number of axes");
        for (size_t k = 0; k < part->rank; k++)
            if (k != axis && part->dim[k] != first->dim[k])
                return gnt_reader_refuse(r, GNT_EPARSE, "its inputs differ in size along axis %zu", k);
        out->dim[axis] += part->dim[axis];
    }
    GNT_TRY(make(r, out, &to));
    around(out, axis, &before, &after);
    size_t stride = out->dim[axis] * after * element(out);
    for (size_t i = 0; i < n; i++) {
        const gnt_value *part = gnt_reader_input(r, i);
        size_t size = part->dim[axis] * after * element(part);
        for (size_t b = 0; b < before && size; b++) memcpy(to + b * stride + filled, bytes_of(part) + b * size, size);
        filled += size;
    }
    return GNT_OK;
}

gnt_status gnt_const_transpose(gnt_reader *r, const gnt_value *in, const size_t *perm, gnt_value *out)
{
    size_t stride[GNT_ONNX_RANK] = {0}, at[GNT_ONNX_RANK] = {0}, run = 1, size = element(in);
    char *to = NULL;
    for (size_t k = in->rank; k-- > 0; run *= in->dim[k]) stride[k] = run;
    *out = *in;
    for (size_t k = 0; k < in->rank; k++) out->dim[k] = in->dim[perm[k]];
    GNT_TRY(make(r, out, &to));
    for (size_t i = 0; i < out->n; i++) {
        size_t from = 0;
        for (size_t k = 0; k < in->rank; k++) from += at[k] * stride[perm[k]];
        memcpy(to + i * size, bytes_of(in) + from * size, size);
        for (size_t k = in->rank; k-- > 0 && ++at[k] == out->dim[k];) at[k] = 0;
    }
    return GNT_OK;
}

gnt_status gnt_const_reshape(gnt_reader *r, const gnt_value *in, const int64_t *dim, size_t n, gnt_value *out)
{
    size_t known = 1, wild = SIZE_MAX;
    *out = *in;
    if (n > GNT_ONNX_RANK) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "more than 6 axes");
    out->rank = n;
    for (size_t k = 0; k < n; k++) {
        int64_t d = k < in->rank && dim[k] == 0 ? (int64_t)in->dim[k] : dim[k];
        if (d == -1 && wild == SIZE_MAX)
            wild = k;
        else if (d < 0 || d > (int64_t)1 << 31 || (d && known > ((size_t)1 << 31) / (size_t)d))
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "a constant can't be given that shape");
        else
            known *= out->dim[k] = (size_t)d;
    }
    if (wild != SIZE_MAX) out->dim[wild] = known ? in->n / known : 0;
    if (known * (wild != SIZE_MAX ? out->dim[wild] : 1) != in->n)
        return gnt_reader_refuse(r, GNT_EPARSE, "%zu elements can't be given that shape", in->n);
    return GNT_OK;
}
