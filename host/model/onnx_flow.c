/* Axes of what flows through the ONNX reader: which move, merge or fall away, and what that picks from the model. */
#include <string.h>

#include "onnx_reader.h"

size_t gnt_flow_find(const gnt_flow *flow, gnt_axis axis)
{
    size_t k = 0;
    while (k < flow->rank && flow->axis[k] != axis) k++;
    return k;
}

bool gnt_flow_is(const gnt_flow *flow, gnt_stage stage, size_t rank, const gnt_axis *axis)
{
    return flow->stage == stage && flow->rank == rank && !memcmp(flow->axis, axis, rank * sizeof *axis);
}

void gnt_flow_drop(gnt_flow *flow, size_t axis)
{
    memmove(flow->axis + axis, flow->axis + axis + 1, (flow->rank - axis - 1) * sizeof *flow->axis);
    flow->rank--;
}

int64_t gnt_flow_size(const gnt_reader *r, const gnt_flow *flow, size_t k)
{
    switch (flow->axis[k]) {
    case GNT_AXIS_BATCH:
        return r->batch;
    case GNT_AXIS_TIME:
        return r->window;
    case GNT_AXIS_PIECE:
        return (int64_t)flow->n_pieces;
    case GNT_AXIS_CHANNEL:
        return flow->width ? (int64_t)flow->width : GNT_DIM_UNKNOWN;
    case GNT_AXIS_ONE:
        break;
    }
    return 1;
}

/* An axis that a reshape may drop or pass over. */
static bool is_unit(const gnt_flow *flow, size_t k)
{
    return flow->axis[k] == GNT_AXIS_ONE || (flow->axis[k] == GNT_AXIS_PIECE && flow->n_pieces == 1);
}

static size_t n_real(const gnt_flow *flow, size_t from)
{
    size_t n = 0;
    for (size_t k = from; k < flow->rank; k++) n += !is_unit(flow, k);
    return n;
}

static size_t next_real(const gnt_flow *flow, size_t k)
{
    while (k < flow->rank && is_unit(flow, k)) k++;
    return k;
}

/* PIECE followed by CHANNEL: the only axes that a model's reshape may merge. */
static bool merges(const gnt_flow *flow, size_t k)
{
    size_t next = next_real(flow, k + 1);
    return flow->axis[k] == GNT_AXIS_PIECE && next < flow->rank && flow->axis[next] == GNT_AXIS_CHANNEL;
}

/* Output dims are matched to input axes from left to right; 1 makes a unit axis, -1 takes what must be left. */
gnt_status gnt_flow_reshape(gnt_reader *r, const gnt_flow *in, const int64_t *dim, size_t n, gnt_flow *out)
{
    size_t at = 0;
    *out = *in;
    out->rank = n;
    if (n > GNT_ONNX_RANK) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "more than 6 axes");
    for (size_t k = 0; k < n; k++) {
        int64_t d = k < in->rank && dim[k] == 0 ? gnt_flow_size(r, in, k) : dim[k];
        at = next_real(in, at);
        int64_t size = at < in->rank ? gnt_flow_size(r, in, at) : 1;
        if (at == in->rank || (d == 1 && size != 1)) {
            if (d != 1 && d != -1) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "a shape that splits an axis");
            out->axis[k] = GNT_AXIS_ONE;
            continue;
        }
        size_t wanted = 0; /* outputs after this one that still need an axis */
        for (size_t j = k + 1; j < n; j++) wanted += dim[j] != 1;
        bool both = merges(in, at) && (d == -1 ? n_real(in, at) > wanted + 1 : d == size * (int64_t)in->width);
        if (!both && d != -1 && d != size)
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "a shape that mixes batch, steps or channels");
        if (both) {
            at = next_real(in, at + 1);
            out->width = in->n_pieces * in->width;
        }
        out->axis[k] = in->axis[at++];
    }
    if (n_real(in, at)) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "a shape that mixes batch, steps or channels");
    return GNT_OK;
}

static gnt_status last_step(gnt_reader *r, const gnt_flow *in, gnt_flow *out)
{
    if (in->stage != GNT_STAGE_SEQUENCE)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "steps may be picked only from an LSTM's output sequence");
    *out = *in;
    out->stage = GNT_STAGE_STATE;
    return GNT_OK;
}

/* begin and end as ONNX's Slice gives them: clamped, negative from the end. */
gnt_status gnt_flow_range(gnt_reader *r, const gnt_flow *in, size_t axis, int64_t begin, int64_t end, gnt_flow *out)
{
    int64_t size = gnt_flow_size(r, in, axis);
    *out = *in;
    if ((begin == 0 || (size > 0 && begin == -size)) &&
        (end >= GNT_DIM_CUT || end == size || (size > 0 && end >= size)))
        return GNT_OK;
    if (in->axis[axis] == GNT_AXIS_TIME) {
        bool to_end = end >= INT32_MAX || (size > 0 && end >= size);
        if (!to_end || !(begin == -1 || (size > 0 && begin == size - 1)))
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "only the last step of the sequence may be taken");
        GNT_TRY(last_step(r, in, out));
        out->axis[axis] = GNT_AXIS_ONE;
        return GNT_OK;
    }
    if (in->axis[axis] != GNT_AXIS_PIECE)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "only steps, layers and directions may be picked");
    if (begin < 0) begin += size;
    if (end < 0) end += size;
    if (end > size) end = size;
    if (begin < 0 || begin >= end) return gnt_reader_refuse(r, GNT_EPARSE, "an empty range");
    out->n_pieces = (size_t)(end - begin);
    memmove(out->piece, in->piece + begin, out->n_pieces * sizeof *out->piece);
    return GNT_OK;
}

gnt_status gnt_flow_pick(gnt_reader *r, const gnt_flow *in, size_t axis, int64_t index, bool drop, gnt_flow *out)
{
    int64_t size = gnt_flow_size(r, in, axis);
    *out = *in;
    if (in->axis[axis] == GNT_AXIS_TIME) {
        if (!(index == -1 || (size > 0 && index == size - 1)))
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "step %lld is picked: only the last step is supported",
                                     (long long)index);
        GNT_TRY(last_step(r, in, out));
    } else if (in->axis[axis] == GNT_AXIS_PIECE || in->axis[axis] == GNT_AXIS_ONE) {
        if (index < -size || index >= size)
            return gnt_reader_refuse(r, GNT_EPARSE, "index %lld of an axis of %lld", (long long)index, (long long)size);
        if (in->axis[axis] == GNT_AXIS_PIECE) {
            out->piece[0] = in->piece[index < 0 ? index + size : index];
            out->n_pieces = 1;
        }
    } else {
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "only steps, layers and directions may be picked");
    }
    out->axis[axis] = GNT_AXIS_ONE;
    if (drop) gnt_flow_drop(out, axis);
    return GNT_OK;
}

/* States lie along `axis`, one or several. */
static bool stacks(const gnt_flow *flow, size_t axis)
{
    return flow->axis[axis] == GNT_AXIS_PIECE || (flow->axis[axis] == GNT_AXIS_ONE && flow->n_pieces == 1 &&
                                                  gnt_flow_find(flow, GNT_AXIS_PIECE) == flow->rank);
}

/* Final states joined along their layers or along their channels. */
gnt_status gnt_flow_concat(gnt_reader *r, size_t n, size_t axis, gnt_flow *out)
{
    const gnt_flow *first = &gnt_reader_input(r, 0)->flow;
    bool channels = first->axis[axis] == GNT_AXIS_CHANNEL;
    *out = *first;
    out->width = channels ? 0 : first->width;
    out->n_pieces = 0;
    for (size_t i = 0; i < n; i++) {
        const gnt_value *v = gnt_reader_input(r, i);
        const gnt_flow *part = &v->flow;
        if (v->kind != GNT_VALUE_FLOW || !gnt_flow_is(part, first->stage, first->rank, first->axis) ||
            !(part->stage == GNT_STAGE_STATE || part->stage == GNT_STAGE_CELL) || !part->n_pieces ||
            (channels ? part->width % part->n_pieces : part->width != first->width) ||
            !(channels ? gnt_flow_find(part, GNT_AXIS_PIECE) == part->rank : stacks(part, axis)))
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "only final states of the LSTM may be joined");
        if (out->n_pieces + part->n_pieces > GNT_ONNX_PIECES)
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "more than %d states", GNT_ONNX_PIECES);
        memcpy(out->piece + out->n_pieces, part->piece, part->n_pieces * sizeof *part->piece);
        out->n_pieces += part->n_pieces;
        if (channels) out->width += part->width;
    }
    if (!channels) out->axis[axis] = GNT_AXIS_PIECE;
    return GNT_OK;
}
