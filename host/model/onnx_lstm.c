/* The ONNX reader's LSTM operator: what it may be, and which weights it brings. */
#include <string.h>
#include <strings.h>

#include "onnx_reader.h"

static bool attribute_is(const Onnx__AttributeProto *a, const char *text)
{
    return a->s.len == strlen(text) && !memcmp(a->s.data, text, a->s.len);
}

static gnt_status lstm_activations(gnt_reader *r)
{
    static const char *const standard[3] = {"Sigmoid", "Tanh", "Tanh"};
    const Onnx__AttributeProto *a = gnt_attribute_find(r, "activations");
    for (size_t i = 0; a && i < a->n_strings; i++)
        if (a->strings[i].len != strlen(standard[i % 3]) ||
            strncasecmp((const char *)a->strings[i].data, standard[i % 3], a->strings[i].len) != 0)
            return gnt_reader_unsupported(r, "activations other than Sigmoid, Tanh, Tanh are not supported");
    return GNT_OK;
}

static gnt_status lstm_attributes(gnt_reader *r, int64_t *hidden, bool *both)
{
    int64_t input_forget, layout;
    *both = false;
    if (gnt_attribute_find(r, "clip")) return gnt_reader_unsupported(r, "clip is not supported");
    if (gnt_attribute_find(r, "activation_alpha") || gnt_attribute_find(r, "activation_beta"))
        return gnt_reader_unsupported(r, "activation_alpha and activation_beta are not supported");
    GNT_TRY(lstm_activations(r));
    GNT_TRY(gnt_attribute_int(r, "input_forget", 0, &input_forget));
    if (input_forget) return gnt_reader_unsupported(r, "input_forget is not supported");
    GNT_TRY(gnt_attribute_int(r, "layout", 0, &layout));
    if (layout) return gnt_reader_unsupported(r, "layout 1 is not supported");
    GNT_TRY(gnt_attribute_int(r, "hidden_size", 0, hidden));
    const Onnx__AttributeProto *direction = gnt_attribute_find(r, "direction");
    if (direction && attribute_is(direction, "bidirectional")) *both = true;
    if (direction && !*both && !attribute_is(direction, "forward"))
        return gnt_reader_unsupported(r, "direction must be forward or bidirectional");
    return GNT_OK;
}

static gnt_status lstm_states(gnt_reader *r)
{
    static const char *const what[3] = {"initial_h", "initial_c", "P"};
    if (r->node->n_input > 4 && r->node->input[4][0])
        return gnt_reader_unsupported(r, "sequence_lens is not supported");
    for (size_t k = 0; k < 3; k++) {
        if (r->node->n_input <= 5 + k || !r->node->input[5 + k][0]) continue;
        const gnt_value *v = gnt_reader_input(r, 5 + k);
        bool zero = v && v->kind == GNT_VALUE_FILL && v->zero;
        if (v && v->kind == GNT_VALUE_FLOATS) {
            zero = true;
            for (size_t i = 0; i < v->n; i++) zero = zero && v->floats[i] == 0;
        }
        if (!zero)
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "%s is not zero: %s", what[k],
                                     k < 2 ? "only zero initial states are supported"
                                           : "peephole weights are not supported");
    }
    return GNT_OK;
}

/* The sequence must be [steps, windows, channels] of the features or of the whole layer before. */
static gnt_status lstm_input(gnt_reader *r, const gnt_flow *x)
{
    static const gnt_axis axes[3] = {GNT_AXIS_TIME, GNT_AXIS_BATCH, GNT_AXIS_CHANNEL};
    bool first = r->net.layers == 0;
    if (!x || !gnt_flow_is(x, first ? GNT_STAGE_FEATURES : GNT_STAGE_SEQUENCE, 3, axes))
        return gnt_reader_unsupported(
            r, first ? "its input is not the features as [steps, windows, features]"
                     : "its input is not the whole output of the layer before as [steps, windows, channels]");
    for (size_t i = 0; i < x->n_pieces; i++)
        if (x->piece[i].layer + 1u != r->net.layers || x->piece[i].reverse != i)
            return gnt_reader_unsupported(r, "its input is not the output of the layer before");
    if (!first && x->n_pieces != (r->net.bidirectional ? 2u : 1u))
        return gnt_reader_unsupported(r, "its input leaves out a direction of the layer before");
    return GNT_OK;
}

static gnt_status lstm_shape(gnt_reader *r, const gnt_value *v, const char *what, size_t d, size_t rows, size_t cols,
                             const float **floats)
{
    GNT_TRY(gnt_value_weights(r, v, what, floats));
    size_t rank = cols ? 3 : 2;
    if (v->rank != rank || v->dim[0] != d || v->dim[1] != rows || (cols && v->dim[2] != cols))
        return gnt_reader_refuse(r, GNT_EPARSE, "%s does not have the shape that hidden_size and direction ask for",
                                 what);
    return GNT_OK;
}

static gnt_status lstm_weights(gnt_reader *r, const gnt_flow *x, size_t hidden, bool both)
{
    gnt_lstm_weights *layer = &r->layer[r->net.layers];
    const gnt_value *w = gnt_reader_input(r, 1), *b = gnt_reader_input(r, 3);
    size_t d = both ? 2 : 1;
    layer->in = x->width ? x->width : w && w->rank == 3 ? w->dim[2] : 0;
    if (!layer->in || layer->in > 1u << 20) return gnt_reader_refuse(r, GNT_EPARSE, "W has no input columns");
    GNT_TRY(lstm_shape(r, w, "W", d, 4 * hidden, layer->in, &layer->w));
    GNT_TRY(lstm_shape(r, gnt_reader_input(r, 2), "R", d, 4 * hidden, hidden, &layer->r));
    if (r->node->n_input > 3 && r->node->input[3][0]) GNT_TRY(lstm_shape(r, b, "B", d, 8 * hidden, 0, &layer->b));
    if (r->net.layers == 0) r->net.n_features = (uint32_t)layer->in;
    return GNT_OK;
}

gnt_status gnt_op_lstm(gnt_reader *r)
{
    const gnt_flow *x = gnt_flow_of(gnt_reader_input(r, 0));
    int64_t hidden;
    bool both;
    GNT_TRY(lstm_attributes(r, &hidden, &both));
    GNT_TRY(lstm_states(r));
    GNT_TRY(lstm_input(r, x));
    if (hidden < 1 || hidden > 1 << 16) return gnt_reader_refuse(r, GNT_EPARSE, "hidden_size is not in 1..65536");
    if (r->net.layers == GNT_MAX_LAYERS) return gnt_reader_unsupported(r, "more than 8 layers");
    if (r->net.layers && (r->net.hidden != (uint32_t)hidden || r->net.bidirectional != both))
        return gnt_reader_unsupported(r, "layers must have the same hidden_size and direction");
    GNT_TRY(lstm_weights(r, x, (size_t)hidden, both));
    r->net.hidden = (uint32_t)hidden;
    r->net.bidirectional = both;
    gnt_flow y = {.stage = GNT_STAGE_SEQUENCE,
                  .rank = 4,
                  .axis = {GNT_AXIS_TIME, GNT_AXIS_PIECE, GNT_AXIS_BATCH, GNT_AXIS_CHANNEL},
                  .width = (size_t)hidden,
                  .n_pieces = both ? 2 : 1};
    for (size_t i = 0; i < y.n_pieces; i++)
        y.piece[i] = (gnt_piece){.layer = (uint8_t)r->net.layers, .reverse = (uint8_t)i};
    r->net.layers++;
    GNT_TRY(gnt_reader_emit(r, 0, &y));
    gnt_flow state = y;
    state.stage = GNT_STAGE_STATE;
    gnt_flow_drop(&state, 0);
    for (size_t i = 0; i < state.n_pieces; i++) state.piece[i].final = true;
    GNT_TRY(gnt_reader_emit(r, 1, &state));
    state.stage = GNT_STAGE_CELL;
    return gnt_reader_emit(r, 2, &state);
}
