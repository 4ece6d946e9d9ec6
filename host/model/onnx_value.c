/* Values, attributes and errors of the ONNX reader: everything taken from the file is checked here before its use. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/base/mem.h"
#include "onnx_reader.h"

/* Printable and short: names come from the file. */
static void plain(char *out, size_t room, const char *text)
{
    size_t n = 0;
    for (; text[n] && n + 1 < room; n++) out[n] = (unsigned char)text[n] < 0x20 || text[n] == 0x7f ? '?' : text[n];
    out[n] = 0;
}

gnt_status gnt_reader_refuse(gnt_reader *r, gnt_status status, const char *format, ...)
{
    char text[400], name[80] = "", op[40] = "";
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    const Onnx__NodeProto *node = r->node;
    if (!node) return gnt_fail(r->why, status, "%s: %s", r->file, text);
    const char *label = node->name && node->name[0] ? node->name : node->n_output ? node->output[0] : "";
    plain(name, sizeof name, label);
    plain(op, sizeof op, node->op_type ? node->op_type : "");
    return gnt_fail(r->why, status, "%s: node '%s' (%s): %s", r->file, name, op, text);
}

gnt_status gnt_reader_unsupported(gnt_reader *r, const char *what)
{
    return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "%s", what);
}

void *gnt_reader_alloc(gnt_reader *r, size_t n, size_t size)
{
    void *block = NULL;
    if (n > r->max_bytes / size || n * size > r->max_bytes - r->bytes) {
        (void)gnt_reader_refuse(r, GNT_EUNSUPPORTED, "folding its constants would need more than %zu MiB",
                                r->max_bytes >> 20);
        return NULL;
    }
    if (!gnt_grow((void **)&r->block, &r->blocks_room, r->n_blocks + 1, sizeof *r->block)) block = gnt_alloc(n, size);
    if (!block) {
        (void)gnt_reader_refuse(r, GNT_ENOMEM, "out of memory");
        return NULL;
    }
    r->block[r->n_blocks++] = block;
    r->bytes += n * size;
    return block;
}

/* ---- tensors ---------------------------------------------------------------------------------- */

static gnt_status refuse_tensor(gnt_reader *r, const Onnx__TensorProto *t, gnt_status status, const char *what)
{
    char name[80];
    plain(name, sizeof name, t->name ? t->name : "");
    return gnt_reader_refuse(r, status, "tensor '%s': %s", name, what);
}

static gnt_status read_floats(gnt_reader *r, const Onnx__TensorProto *t, gnt_value *value)
{
    bool raw = t->has_raw_data && t->raw_data.len;
    if (raw ? t->raw_data.len != 4 * value->n : t->n_float_data != value->n)
        return refuse_tensor(r, t, GNT_EPARSE, "its data is not as long as its dims say");
    float *floats = gnt_reader_alloc(r, value->n, sizeof *floats);
    if (!floats) return GNT_ENOMEM;
    if (value->n) memcpy(floats, raw ? (const void *)t->raw_data.data : t->float_data, 4 * value->n);
    value->kind = GNT_VALUE_FLOATS;
    value->floats = floats;
    return GNT_OK;
}

static gnt_status read_ints(gnt_reader *r, const Onnx__TensorProto *t, gnt_value *value)
{
    size_t size = t->data_type == GNT_ONNX_INT64 ? 8 : t->data_type == GNT_ONNX_INT32 ? 4 : 1;
    bool raw = t->has_raw_data && t->raw_data.len;
    size_t stored = size == 8 ? t->n_int64_data : t->n_int32_data;
    if (raw ? t->raw_data.len != size * value->n : stored != value->n)
        return refuse_tensor(r, t, GNT_EPARSE, "its data is not as long as its dims say");
    int64_t *ints = gnt_reader_alloc(r, value->n, sizeof *ints);
    if (!ints) return GNT_ENOMEM;
    for (size_t i = 0; i < value->n; i++) {
        int32_t narrow = 0;
        if (!raw)
            ints[i] = size == 8 ? t->int64_data[i] : t->int32_data[i];
        else if (size == 8)
            memcpy(&ints[i], t->raw_data.data + 8 * i, 8);
        else if (size == 4)
            memcpy(&narrow, t->raw_data.data + 4 * i, 4), ints[i] = narrow;
        else
            ints[i] = t->raw_data.data[i];
        if (ints[i] > GNT_DIM_CUT) ints[i] = GNT_DIM_CUT;
        if (ints[i] < -GNT_DIM_CUT) ints[i] = -GNT_DIM_CUT;
    }
    value->kind = GNT_VALUE_INTS;
    value->ints = ints;
    return GNT_OK;
}

gnt_status gnt_value_of_tensor(gnt_reader *r, const Onnx__TensorProto *t, gnt_value *value)
{
    *value = (gnt_value){.kind = GNT_VALUE_OTHER, .rank = t->n_dims, .n = 1};
    if (t->n_external_data || (t->has_data_location && t->data_location != 0))
        return refuse_tensor(r, t, GNT_EUNSUPPORTED,
                             "its data lies in another file; export with external_data=False (torch.onnx.export) "
                             "so that the model is one file");
    if (t->has_segment) return refuse_tensor(r, t, GNT_EUNSUPPORTED, "segmented tensors are not supported");
    if (t->n_dims > GNT_ONNX_RANK) return refuse_tensor(r, t, GNT_EUNSUPPORTED, "it has more than 6 dims");
    for (size_t k = 0; k < t->n_dims; k++) {
        if (t->dims[k] < 0 || t->dims[k] > (int64_t)1 << 31)
            return refuse_tensor(r, t, GNT_EPARSE, "a dim is negative or above 2^31");
        value->dim[k] = (size_t)t->dims[k];
        if (value->dim[k] && value->n > ((size_t)1 << 31) / value->dim[k])
            return refuse_tensor(r, t, GNT_EPARSE, "its dims multiply to more than 2^31");
        value->n *= value->dim[k];
    }
    value->data_type = t->has_data_type ? t->data_type : 0;
    switch (value->data_type) {
    case GNT_ONNX_FLOAT:
        return read_floats(r, t, value);
    case GNT_ONNX_INT32:
    case GNT_ONNX_INT64:
    case GNT_ONNX_BOOL:
        return read_ints(r, t, value);
    default:
        return GNT_OK;
    }
}

gnt_status gnt_value_weights(gnt_reader *r, const gnt_value *value, const char *what, const float **floats)
{
    if (value && value->kind == GNT_VALUE_OTHER)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "%s has data type %d, expected 1 (float32)", what,
                                 value->data_type);
    if (!value || value->kind != GNT_VALUE_FLOATS)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "%s is not a float32 constant", what);
    for (size_t i = 0; i < value->n; i++)
        if (!isfinite(value->floats[i]))
            return gnt_reader_refuse(r, GNT_EVALUE, "%s holds a value that is not finite (element %zu)", what, i);
    *floats = value->floats;
    return GNT_OK;
}

/* ---- names ------------------------------------------------------------------------------------ */

static const gnt_value *find(const gnt_reader *r, const char *name)
{
    for (size_t i = r->n_values; i-- > 0;)
        if (!strcmp(r->value[i].name, name)) return &r->value[i];
    return NULL;
}

gnt_status gnt_reader_define(gnt_reader *r, const char *name, const gnt_value *value)
{
    char text[80];
    plain(text, sizeof text, name);
    if (!name[0]) return gnt_reader_refuse(r, GNT_EPARSE, "a tensor has no name");
    if (find(r, name)) return gnt_reader_refuse(r, GNT_EPARSE, "tensor '%s' is defined twice", text);
    if (gnt_grow((void **)&r->value, &r->values_room, r->n_values + 1, sizeof *r->value))
        return gnt_reader_refuse(r, GNT_ENOMEM, "out of memory");
    r->value[r->n_values] = *value;
    r->value[r->n_values++].name = name;
    return GNT_OK;
}

const gnt_value *gnt_reader_input(gnt_reader *r, size_t i)
{
    return i < r->node->n_input && r->node->input[i][0] ? find(r, r->node->input[i]) : NULL;
}

gnt_status gnt_reader_output(gnt_reader *r, size_t i, const gnt_value *value)
{
    if (i >= r->node->n_output || !r->node->output[i][0]) return GNT_OK;
    return gnt_reader_define(r, r->node->output[i], value);
}

const gnt_flow *gnt_flow_of(const gnt_value *value)
{
    return value && value->kind == GNT_VALUE_FLOW ? &value->flow : NULL;
}

gnt_status gnt_reader_emit(gnt_reader *r, size_t i, const gnt_flow *flow)
{
    gnt_value out = {.kind = GNT_VALUE_FLOW, .flow = *flow};
    return gnt_reader_output(r, i, &out);
}

/* ---- attributes --------------------------------------------------------------------------------- */

const Onnx__AttributeProto *gnt_attribute_find(const gnt_reader *r, const char *name)
{
    for (size_t i = 0; i < r->node->n_attribute; i++)
        if (r->node->attribute[i]->name && !strcmp(r->node->attribute[i]->name, name)) return r->node->attribute[i];
    return NULL;
}

gnt_status gnt_attribute_int(gnt_reader *r, const char *name, int64_t fallback, int64_t *value)
{
    const Onnx__AttributeProto *a = gnt_attribute_find(r, name);
    if (a && !a->has_i && a->has_type && a->type != 2)
        return gnt_reader_refuse(r, GNT_EPARSE, "attribute '%s' is not an integer", name);
    *value = a ? a->has_i ? a->i : 0 : fallback;
    return GNT_OK;
}

gnt_status gnt_attribute_float(gnt_reader *r, const char *name, double fallback, double *value)
{
    const Onnx__AttributeProto *a = gnt_attribute_find(r, name);
    if (a && !a->has_f && a->has_type && a->type != 1)
        return gnt_reader_refuse(r, GNT_EPARSE, "attribute '%s' is not a number", name);
    *value = a ? a->has_f ? (double)a->f : 0 : fallback;
    return GNT_OK;
}

gnt_status gnt_reader_list(gnt_reader *r, const char *name, size_t i, const int64_t **list, size_t *n)
{
    const Onnx__AttributeProto *a = gnt_attribute_find(r, name);
    const gnt_value *input = gnt_reader_input(r, i);
    *n = SIZE_MAX;
    if (a) {
        *list = a->ints;
        *n = a->n_ints;
    } else if (input) {
        if (input->kind != GNT_VALUE_INTS || input->rank > 1)
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "its %s are not constant integers", name);
        *list = input->ints;
        *n = input->n;
    }
    return GNT_OK;
}

gnt_status gnt_reader_axis(gnt_reader *r, int64_t axis, size_t rank, size_t *index)
{
    int64_t n = (int64_t)rank;
    if (axis < -n || axis >= n)
        return gnt_reader_refuse(r, GNT_EPARSE, "axis %lld of a tensor with %zu axes", (long long)axis, rank);
    *index = (size_t)(axis < 0 ? axis + n : axis);
    return GNT_OK;
}
