/* Operators of the ONNX reader that move, pick or join elements and that compute shapes: constants fold, what flows
 * through the model keeps its meaning, zeros stay zeros. */
#include "onnx_reader.h"

/* Input 0, which must be there. */
static gnt_status first(gnt_reader *r, const gnt_value **in)
{
    *in = gnt_reader_input(r, 0);
    if (!*in) return gnt_reader_refuse(r, GNT_EPARSE, "its first input is missing");
    if ((*in)->kind == GNT_VALUE_OTHER)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "data type %d is not supported", (*in)->data_type);
    return GNT_OK;
}

/* Identity, and whatever an operator does to a fill. */
gnt_status gnt_op_same(gnt_reader *r)
{
    const gnt_value *in;
    GNT_TRY(first(r, &in));
    gnt_value out = *in;
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_dropout(gnt_reader *r)
{
    const gnt_value *training = gnt_reader_input(r, 2);
    if (r->node->n_input > 2 && r->node->input[2][0] &&
        !(training && training->kind == GNT_VALUE_INTS && training->n == 1 && training->ints[0] == 0))
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "training mode is not supported");
    return gnt_op_same(r);
}

gnt_status gnt_op_cast(gnt_reader *r)
{
    const gnt_value *in;
    int64_t to;
    GNT_TRY(first(r, &in));
    GNT_TRY(gnt_attribute_int(r, "to", 0, &to));
    bool to_int = to == GNT_ONNX_INT64 || to == GNT_ONNX_INT32;
    if (in->kind == GNT_VALUE_INTS ? !to_int : to != GNT_ONNX_FLOAT)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "a cast to data type %lld is not supported", (long long)to);
    gnt_value out = *in;
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_constant(gnt_reader *r)
{
    gnt_value out;
    const Onnx__AttributeProto *a = gnt_attribute_find(r, "value");
    if (!a || !a->t) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "only a tensor in attribute 'value' is supported");
    GNT_TRY(gnt_value_of_tensor(r, a->t, &out));
    return gnt_reader_output(r, 0, &out);
}

static bool all_zero(const gnt_value *v)
{
    bool zero = v->kind == GNT_VALUE_FILL ? v->zero : true;
    for (size_t i = 0; v->kind == GNT_VALUE_FLOATS && i < v->n; i++) zero = zero && v->floats[i] == 0;
    return zero;
}

gnt_status gnt_op_constant_of_shape(gnt_reader *r)
{
    const gnt_value *in;
    gnt_value value = {0};
    GNT_TRY(first(r, &in));
    if (in->kind != GNT_VALUE_INTS) return gnt_reader_refuse(r, GNT_EPARSE, "its shape is not integers");
    const Onnx__AttributeProto *a = gnt_attribute_find(r, "value");
    if (a && a->t) {
        GNT_TRY(gnt_value_of_tensor(r, a->t, &value));
        if (value.kind != GNT_VALUE_FLOATS)
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "only float32 fills are supported");
    }
    gnt_value out = {.kind = GNT_VALUE_FILL, .zero = all_zero(&value)};
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_expand(gnt_reader *r)
{
    const gnt_value *in;
    GNT_TRY(first(r, &in));
    if (in->kind != GNT_VALUE_FLOATS && in->kind != GNT_VALUE_FILL)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "only float constants may be expanded");
    gnt_value out = {.kind = GNT_VALUE_FILL, .zero = all_zero(in)};
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_shape(gnt_reader *r)
{
    const gnt_value *in;
    int64_t start, end;
    GNT_TRY(first(r, &in));
    if (in->kind == GNT_VALUE_FILL) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "the shape of a filled tensor");
    size_t rank = in->kind == GNT_VALUE_FLOW ? in->flow.rank : in->rank;
    GNT_TRY(gnt_attribute_int(r, "start", 0, &start));
    GNT_TRY(gnt_attribute_int(r, "end", (int64_t)rank, &end));
    int64_t n = (int64_t)rank;
    start = start < -n ? 0 : start < 0 ? start + n : start > n ? n : start;
    end = end < -n ? 0 : end < 0 ? end + n : end > n ? n : end;
    gnt_value out = {.kind = GNT_VALUE_INTS, .rank = 1};
    out.dim[0] = out.n = end > start ? (size_t)(end - start) : 0;
    int64_t *ints = gnt_reader_alloc(r, out.n, sizeof *ints);
    if (!ints) return GNT_ENOMEM;
    for (size_t k = 0; k < out.n; k++) {
        size_t axis = (size_t)start + k;
        ints[k] = in->kind == GNT_VALUE_FLOW ? gnt_flow_size(r, &in->flow, axis) : (int64_t)in->dim[axis];
    }
    out.ints = ints;
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_gather(gnt_reader *r)
{
    const gnt_value *in, *index = gnt_reader_input(r, 1);
    int64_t attribute;
    size_t axis;
    GNT_TRY(first(r, &in));
    GNT_TRY(gnt_attribute_int(r, "axis", 0, &attribute));
    if (in->kind == GNT_VALUE_FILL) return gnt_op_same(r);
    if (!index || index->kind != GNT_VALUE_INTS || index->rank > 1)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "its indices are not constant integers");
    gnt_value out = {.kind = GNT_VALUE_FLOW};
    if (in->kind == GNT_VALUE_FLOW) {
        GNT_TRY(gnt_reader_axis(r, attribute, in->flow.rank, &axis));
        if (index->n != 1) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "more than one index");
        GNT_TRY(gnt_flow_pick(r, &in->flow, axis, index->ints[0], index->rank == 0, &out.flow));
    } else {
        GNT_TRY(gnt_reader_axis(r, attribute, in->rank, &axis));
        GNT_TRY(gnt_const_take(r, in, axis, index->ints, index->n, index->rank == 0, &out));
    }
    return gnt_reader_output(r, 0, &out);
}

/* ONNX: negative from the end, then cut to [0, size]. */
static size_t bound(int64_t at, size_t size)
{
    int64_t n = (int64_t)size;
    if (at < 0) at += n;
    return at < 0 ? 0 : at > n ? size : (size_t)at;
}

static gnt_status slice_constant(gnt_reader *r, gnt_value *v, size_t axis, int64_t begin, int64_t end)
{
    size_t a = bound(begin, v->dim[axis]), b = bound(end, v->dim[axis]), n = b > a ? b - a : 0;
    int64_t *index = gnt_reader_alloc(r, n, sizeof *index);
    if (!index) return GNT_ENOMEM;
    for (size_t i = 0; i < n; i++) index[i] = (int64_t)(a + i);
    const gnt_value in = *v;
    return gnt_const_take(r, &in, axis, index, n, false, v);
}

gnt_status gnt_op_slice(gnt_reader *r)
{
    const gnt_value *in;
    const int64_t *list[4] = {0}; /* starts, ends, axes, steps */
    size_t n[4];
    GNT_TRY(first(r, &in));
    if (in->kind == GNT_VALUE_FILL) return gnt_op_same(r);
    static const char *const what[4] = {"starts", "ends", "axes", "steps"};
    for (size_t k = 0; k < 4; k++) GNT_TRY(gnt_reader_list(r, what[k], k + 1, &list[k], &n[k]));
    if (n[0] == SIZE_MAX || n[1] != n[0] || (n[2] != SIZE_MAX && n[2] != n[0]) || (n[3] != SIZE_MAX && n[3] != n[0]))
        return gnt_reader_refuse(r, GNT_EPARSE, "its starts, ends, axes and steps differ in number");
    gnt_value out = *in;
    for (size_t i = 0; i < n[0]; i++) {
        size_t axis, rank = in->kind == GNT_VALUE_FLOW ? in->flow.rank : in->rank;
        GNT_TRY(gnt_reader_axis(r, n[2] == SIZE_MAX ? (int64_t)i : list[2][i], rank, &axis));
        if (n[3] != SIZE_MAX && list[3][i] != 1) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "a step other than 1");
        if (in->kind != GNT_VALUE_FLOW) {
            GNT_TRY(slice_constant(r, &out, axis, list[0][i], list[1][i]));
        } else {
            const gnt_flow flow = out.flow;
            GNT_TRY(gnt_flow_range(r, &flow, axis, list[0][i], list[1][i], &out.flow));
        }
    }
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_concat(gnt_reader *r)
{
    const gnt_value *in;
    int64_t attribute;
    size_t axis, n = r->node->n_input;
    gnt_value out = {.kind = GNT_VALUE_FLOW};
    bool fill = false, zero = true;
    GNT_TRY(first(r, &in));
    GNT_TRY(gnt_attribute_int(r, "axis", 0, &attribute));
    for (size_t i = 0; i < n; i++) {
        const gnt_value *part = gnt_reader_input(r, i);
        if (!part) return gnt_reader_refuse(r, GNT_EPARSE, "input %zu is missing", i);
        fill = fill || part->kind == GNT_VALUE_FILL;
        zero = zero && (part->kind == GNT_VALUE_FILL || part->kind == GNT_VALUE_FLOATS) && all_zero(part);
    }
    if (fill) {
        out = (gnt_value){.kind = GNT_VALUE_FILL, .zero = zero};
    } else if (in->kind == GNT_VALUE_FLOW) {
        GNT_TRY(gnt_reader_axis(r, attribute, in->flow.rank, &axis));
        GNT_TRY(gnt_flow_concat(r, n, axis, &out.flow));
    } else {
        GNT_TRY(gnt_reader_axis(r, attribute, in->rank, &axis));
        GNT_TRY(gnt_const_concat(r, n, axis, &out));
    }
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_transpose(gnt_reader *r)
{
    const gnt_value *in;
    GNT_TRY(first(r, &in));
    if (in->kind == GNT_VALUE_FILL) return gnt_op_same(r);
    size_t rank = in->kind == GNT_VALUE_FLOW ? in->flow.rank : in->rank, perm[GNT_ONNX_RANK], n;
    const int64_t *list = NULL;
    bool seen[GNT_ONNX_RANK] = {false};
    GNT_TRY(gnt_reader_list(r, "perm", GNT_ONNX_PORTS, &list, &n));
    if (n != SIZE_MAX && n != rank) return gnt_reader_refuse(r, GNT_EPARSE, "perm has %zu entries, not %zu", n, rank);
    for (size_t k = 0; k < rank; k++) {
        int64_t p = n == SIZE_MAX ? (int64_t)(rank - 1 - k) : list[k];
        if (p < 0 || p >= (int64_t)rank || seen[p]) return gnt_reader_refuse(r, GNT_EPARSE, "perm is no permutation");
        seen[p] = true;
        perm[k] = (size_t)p;
    }
    gnt_value out = *in;
    if (in->kind != GNT_VALUE_FLOW)
        GNT_TRY(gnt_const_transpose(r, in, perm, &out));
    else
        for (size_t k = 0; k < rank; k++) out.flow.axis[k] = in->flow.axis[perm[k]];
    return gnt_reader_output(r, 0, &out);
}

/* ---- shapes ------------------------------------------------------------------------------------ */

gnt_status gnt_op_unsqueeze(gnt_reader *r)
{
    const gnt_value *in;
    const int64_t *list = NULL;
    size_t n, at, from = 0;
    bool added[GNT_ONNX_RANK] = {false};
    GNT_TRY(first(r, &in));
    GNT_TRY(gnt_reader_list(r, "axes", 1, &list, &n));
    if (in->kind == GNT_VALUE_FILL) return gnt_op_same(r);
    size_t rank = in->kind == GNT_VALUE_FLOW ? in->flow.rank : in->rank;
    if (n == SIZE_MAX || n > GNT_ONNX_RANK - rank) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "no axes or too many");
    for (size_t i = 0; i < n; i++) {
        GNT_TRY(gnt_reader_axis(r, list[i], rank + n, &at));
        if (added[at]) return gnt_reader_refuse(r, GNT_EPARSE, "an axis is named twice");
        added[at] = true;
    }
    gnt_value out = *in;
    out.rank = out.flow.rank = rank + n;
    for (size_t k = 0; k < rank + n; k++) {
        out.dim[k] = added[k] ? 1 : in->dim[from];
        out.flow.axis[k] = added[k] ? GNT_AXIS_ONE : in->flow.axis[from];
        from += !added[k];
    }
    return gnt_reader_output(r, 0, &out);
}

static gnt_status squeeze(gnt_reader *r, const gnt_value *in, const bool *gone, gnt_value *out)
{
    size_t rank = in->kind == GNT_VALUE_FLOW ? in->flow.rank : in->rank, to = 0;
    for (size_t k = 0; k < rank; k++) {
        if (!gone[k]) {
            out->dim[to] = in->dim[k];
            out->flow.axis[to++] = in->flow.axis[k];
        } else if (in->kind == GNT_VALUE_FLOW
                       ? in->flow.axis[k] == GNT_AXIS_BATCH || gnt_flow_size(r, &in->flow, k) != 1
                       : in->dim[k] != 1) {
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "axis %zu is not of size 1", k);
        }
    }
    out->rank = out->flow.rank = to;
    return GNT_OK;
}

gnt_status gnt_op_squeeze(gnt_reader *r)
{
    const gnt_value *in;
    const int64_t *list = NULL;
    size_t n, at;
    bool gone[GNT_ONNX_RANK] = {false};
    GNT_TRY(first(r, &in));
    GNT_TRY(gnt_reader_list(r, "axes", 1, &list, &n));
    if (in->kind == GNT_VALUE_FILL) return gnt_op_same(r);
    if (n == SIZE_MAX)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "without axes it would change with the number of windows");
    for (size_t i = 0; i < n; i++) {
        GNT_TRY(gnt_reader_axis(r, list[i], in->kind == GNT_VALUE_FLOW ? in->flow.rank : in->rank, &at));
        gone[at] = true;
    }
    gnt_value out = *in;
    GNT_TRY(squeeze(r, in, gone, &out));
    return gnt_reader_output(r, 0, &out);
}

static gnt_status reshape(gnt_reader *r, const gnt_value *in, const int64_t *dim, size_t n)
{
    gnt_value out = {.kind = GNT_VALUE_FLOW};
    if (in->kind == GNT_VALUE_FLOW)
        GNT_TRY(gnt_flow_reshape(r, &in->flow, dim, n, &out.flow));
    else
        GNT_TRY(gnt_const_reshape(r, in, dim, n, &out));
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_reshape(gnt_reader *r)
{
    const gnt_value *in;
    const int64_t *dim = NULL;
    int64_t allow_zero;
    size_t n;
    GNT_TRY(first(r, &in));
    GNT_TRY(gnt_attribute_int(r, "allowzero", 0, &allow_zero));
    GNT_TRY(gnt_reader_list(r, "shape", 1, &dim, &n));
    if (in->kind == GNT_VALUE_FILL) return gnt_op_same(r);
    if (n == SIZE_MAX) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "its shape is not constant integers");
    for (size_t k = 0; k < n && allow_zero; k++)
        if (dim[k] == 0) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "allowzero with an axis of 0");
    return reshape(r, in, dim, n);
}

/* [N, ...] -> [N, rest]; other axes can't be flattened into the batch. */
gnt_status gnt_op_flatten(gnt_reader *r)
{
    const gnt_value *in;
    int64_t axis;
    GNT_TRY(first(r, &in));
    GNT_TRY(gnt_attribute_int(r, "axis", 1, &axis));
    if (in->kind != GNT_VALUE_FLOW || in->flow.rank < 1 || axis != 1 || in->flow.axis[0] != GNT_AXIS_BATCH)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "only [N, ...] may be flattened, from axis 1");
    return reshape(r, in, (const int64_t[]){0, -1}, 2);
}
