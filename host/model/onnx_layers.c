/* Operators of the ONNX reader that compute: the scaler, the LSTM, attention pooling, the linear head. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "onnx_reader.h"

static gnt_status refuse(gnt_reader *r, const char *what)
{
    return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "%s", what);
}

static const gnt_flow *flow_of(const gnt_value *v)
{
    return v && v->kind == GNT_VALUE_FLOW ? &v->flow : NULL;
}

static gnt_status emit(gnt_reader *r, size_t i, const gnt_flow *flow)
{
    gnt_value out = {.kind = GNT_VALUE_FLOW, .flow = *flow};
    return gnt_reader_output(r, i, &out);
}

/* ---- scaler: (x - center) / scale, then clip to [-limit, limit] ---------------------------------- */

/* A constant of one value or F values along the last axis -> [F]. */
static gnt_status per_feature(gnt_reader *r, const gnt_value *value, float fill, float **out)
{
    const float *from = NULL;
    size_t n = r->net.n_features;
    if (!n) return refuse(r, "the number of features is not in the file: give the input a fixed last dim");
    if (value) {
        GNT_TRY(gnt_value_weights(r, value, "the scaler", &from));
        if (value->n != 1 && !(value->n == n && value->dim[value->rank - 1] == n))
            return refuse(r, "the scaler's constant does not have one value for each feature");
    }
    if (!(*out = gnt_reader_alloc(r, n, sizeof **out))) return GNT_ENOMEM;
    for (size_t k = 0; k < n; k++) (*out)[k] = from ? from[value->n == 1 ? 0 : k] : fill;
    return GNT_OK;
}

static bool is_features(const gnt_reader *r, const gnt_flow *flow)
{
    return flow && flow->stage == GNT_STAGE_FEATURES && flow->rank == 3 && flow->axis[2] == GNT_AXIS_CHANNEL &&
           r->net.layers == 0;
}

gnt_status gnt_op_sub(gnt_reader *r)
{
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    if (!is_features(r, in) || r->has_center || r->has_scale || r->has_limit)
        return refuse(r, "only the scaler's features - mean is supported");
    GNT_TRY(per_feature(r, gnt_reader_input(r, 1), 0, &r->scaler.center));
    r->has_center = true;
    const gnt_flow out = *in;
    return emit(r, 0, &out);
}

gnt_status gnt_op_div(gnt_reader *r)
{
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    if (!is_features(r, in) || r->has_scale || r->has_limit)
        return refuse(r, "only the scaler's (features - mean) / sd is supported");
    GNT_TRY(per_feature(r, gnt_reader_input(r, 1), 1, &r->scaler.scale));
    for (size_t k = 0; k < r->net.n_features; k++)
        if (!(r->scaler.scale[k] > 0))
            return gnt_reader_refuse(r, GNT_EVALUE, "the scaler's sd of feature %zu is %g, expected above 0", k,
                                     (double)r->scaler.scale[k]);
    r->has_scale = true;
    const gnt_flow out = *in;
    return emit(r, 0, &out);
}

gnt_status gnt_op_clip(gnt_reader *r)
{
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    const float *low, *high;
    if (!is_features(r, in) || r->has_limit) return refuse(r, "only a clip of the scaled features is supported");
    GNT_TRY(gnt_value_weights(r, gnt_reader_input(r, 1), "min", &low));
    GNT_TRY(gnt_value_weights(r, gnt_reader_input(r, 2), "max", &high));
    if (gnt_reader_input(r, 1)->n != 1 || gnt_reader_input(r, 2)->n != 1 || !(*high > 0) || *low != -*high)
        return refuse(r, "only a clip to [-c, c] is supported");
    r->scaler.limit = *high;
    r->has_limit = true;
    const gnt_flow out = *in;
    return emit(r, 0, &out);
}

/* ---- LSTM ---------------------------------------------------------------------------------------- */

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
            return refuse(r, "activations other than Sigmoid, Tanh, Tanh are not supported");
    return GNT_OK;
}

static gnt_status lstm_attributes(gnt_reader *r, int64_t *hidden, bool *both)
{
    int64_t input_forget, layout;
    *both = false;
    if (gnt_attribute_find(r, "clip")) return refuse(r, "clip is not supported");
    if (gnt_attribute_find(r, "activation_alpha") || gnt_attribute_find(r, "activation_beta"))
        return refuse(r, "activation_alpha and activation_beta are not supported");
    GNT_TRY(lstm_activations(r));
    GNT_TRY(gnt_attribute_int(r, "input_forget", 0, &input_forget));
    if (input_forget) return refuse(r, "input_forget is not supported");
    GNT_TRY(gnt_attribute_int(r, "layout", 0, &layout));
    if (layout) return refuse(r, "layout 1 is not supported");
    GNT_TRY(gnt_attribute_int(r, "hidden_size", 0, hidden));
    const Onnx__AttributeProto *direction = gnt_attribute_find(r, "direction");
    if (direction && attribute_is(direction, "bidirectional")) *both = true;
    if (direction && !*both && !attribute_is(direction, "forward"))
        return refuse(r, "direction must be forward or bidirectional");
    return GNT_OK;
}

static gnt_status lstm_states(gnt_reader *r)
{
    static const char *const what[3] = {"initial_h", "initial_c", "P"};
    if (r->node->n_input > 4 && r->node->input[4][0]) return refuse(r, "sequence_lens is not supported");
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
        return refuse(r, first ? "its input is not the features as [steps, windows, features]"
                               : "its input is not the whole output of the layer before as [steps, windows, channels]");
    for (size_t i = 0; i < x->n_pieces; i++)
        if (x->piece[i].layer + 1u != r->net.layers || x->piece[i].reverse != i)
            return refuse(r, "its input is not the output of the layer before");
    if (!first && x->n_pieces != (r->net.bidirectional ? 2u : 1u))
        return refuse(r, "its input leaves out a direction of the layer before");
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
    const gnt_flow *x = flow_of(gnt_reader_input(r, 0));
    int64_t hidden;
    bool both;
    GNT_TRY(lstm_attributes(r, &hidden, &both));
    GNT_TRY(lstm_states(r));
    GNT_TRY(lstm_input(r, x));
    if (hidden < 1 || hidden > 1 << 16) return gnt_reader_refuse(r, GNT_EPARSE, "hidden_size is not in 1..65536");
    if (r->net.layers == GNT_MAX_LAYERS) return refuse(r, "more than 8 layers");
    if (r->net.layers && (r->net.hidden != (uint32_t)hidden || r->net.bidirectional != both))
        return refuse(r, "layers must have the same hidden_size and direction");
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
    GNT_TRY(emit(r, 0, &y));
    gnt_flow state = y;
    state.stage = GNT_STAGE_STATE;
    gnt_flow_drop(&state, 0);
    for (size_t i = 0; i < state.n_pieces; i++) state.piece[i].final = true;
    GNT_TRY(emit(r, 1, &state));
    state.stage = GNT_STAGE_CELL;
    return emit(r, 2, &state);
}

/* ---- linear maps ------------------------------------------------------------------------------------ */

/* Channels last, one vector per window: what the head reads. */
static bool is_vector(const gnt_flow *flow)
{
    return flow && flow->stage == GNT_STAGE_STATE && flow->rank >= 2 &&
           flow->axis[flow->rank - 1] == GNT_AXIS_CHANNEL && gnt_flow_find(flow, GNT_AXIS_PIECE) == flow->rank;
}

static gnt_status head(gnt_reader *r, const gnt_flow *in, const gnt_value *weight, bool transposed)
{
    const float *floats;
    GNT_TRY(gnt_value_weights(r, weight, "the linear layer's weight", &floats));
    size_t rank = weight->rank, k = rank == 2 ? weight->dim[transposed ? 1 : 0] : weight->n,
           out = rank == 2 ? weight->dim[transposed ? 0 : 1] : 1;
    if (rank < 1 || rank > 2 || k != in->width)
        return gnt_reader_refuse(r, GNT_EPARSE, "its weight has %zu inputs, the LSTM gives %zu", k, in->width);
    if (in->width != in->n_pieces * r->net.hidden) return refuse(r, "it does not read whole states of the LSTM");
    if (out != 1)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "%zu outputs: one linear unit after the LSTM is supported", out);
    r->head = *in;
    r->fc = floats;
    r->has_fc = true;
    gnt_flow logit = *in;
    logit.stage = GNT_STAGE_LOGIT;
    logit.axis[logit.rank - 1] = GNT_AXIS_ONE;
    if (rank == 1) logit.rank--;
    return emit(r, 0, &logit);
}

static gnt_status head_bias(gnt_reader *r, const gnt_value *bias)
{
    const float *floats;
    GNT_TRY(gnt_value_weights(r, bias, "the linear layer's bias", &floats));
    if (bias->n != 1) return gnt_reader_refuse(r, GNT_EPARSE, "the linear layer's bias has %zu values, not 1", bias->n);
    r->fc_bias = floats[0];
    r->has_fc_bias = true;
    return GNT_OK;
}

gnt_status gnt_op_gemm(gnt_reader *r)
{
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    const gnt_value *weight = gnt_reader_input(r, 1);
    double alpha, beta;
    int64_t trans_a, trans_b;
    GNT_TRY(gnt_attribute_float(r, "alpha", 1, &alpha));
    GNT_TRY(gnt_attribute_float(r, "beta", 1, &beta));
    GNT_TRY(gnt_attribute_int(r, "transA", 0, &trans_a));
    GNT_TRY(gnt_attribute_int(r, "transB", 0, &trans_b));
    if (alpha != 1 || beta != 1 || trans_a) return refuse(r, "alpha, beta other than 1 and transA are not supported");
    if (!is_vector(in) || in->rank != 2 || r->has_fc)
        return refuse(r, "only one linear layer, on the last step or on a final state, is supported");
    if (weight && weight->rank != 2) return gnt_reader_refuse(r, GNT_EPARSE, "its weight is not a matrix");
    if (r->node->n_input > 2 && r->node->input[2][0]) GNT_TRY(head_bias(r, gnt_reader_input(r, 2)));
    r->has_fc_bias = true;
    return head(r, in, weight, trans_b != 0);
}

/* ---- attention pooling: softmax over steps of v . tanh(W h + b), context = sum a h ----------------- */

static bool is_steps(const gnt_flow *flow, gnt_stage stage)
{
    return flow && flow->stage == stage && flow->rank == 3 && flow->axis[2] == GNT_AXIS_CHANNEL &&
           gnt_flow_find(flow, GNT_AXIS_TIME) < 2 && gnt_flow_find(flow, GNT_AXIS_BATCH) < 2;
}

static gnt_status attention_map(gnt_reader *r, const gnt_flow *in, const gnt_value *weight)
{
    const float *floats;
    GNT_TRY(gnt_value_weights(r, weight, "the attention's weight", &floats));
    bool energy = in->stage == GNT_STAGE_ACTIVATED;
    if (weight->rank != 2 || weight->dim[0] != in->width || !weight->dim[1] || (energy && weight->dim[1] != 1))
        return gnt_reader_refuse(r, GNT_EPARSE, "its weight does not fit the attention's [channels, units]");
    if (energy ? r->attention_v != NULL : r->attention_w != NULL) return refuse(r, "a second attention");
    gnt_flow out = *in;
    out.width = weight->dim[1];
    out.stage = energy ? GNT_STAGE_ENERGY : GNT_STAGE_PROJECTED;
    if (energy) {
        r->attention_v = floats;
        out.axis[2] = GNT_AXIS_ONE;
    } else {
        r->attention_w = floats;
        r->net.attention = (uint32_t)out.width;
    }
    return emit(r, 0, &out);
}

/* The steps' shares times the sequence they were made from. */
static gnt_status weigh(gnt_reader *r, const gnt_flow *share, const gnt_flow *sequence)
{
    if (!is_steps(sequence, GNT_STAGE_SEQUENCE) || share->rank != 3 || share->axis[0] != sequence->axis[0] ||
        share->axis[1] != sequence->axis[1] || share->axis[2] != GNT_AXIS_ONE ||
        share->n_pieces != sequence->n_pieces ||
        memcmp(share->piece, sequence->piece, share->n_pieces * sizeof *share->piece) != 0)
        return refuse(r, "only attention shares times the sequence they were made from are supported");
    gnt_flow out = *sequence;
    out.stage = GNT_STAGE_WEIGHTED;
    return emit(r, 0, &out);
}

gnt_status gnt_op_matmul(gnt_reader *r)
{
    const gnt_value *weight = gnt_reader_input(r, 1);
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    if (is_vector(in) && !r->has_fc) return head(r, in, weight, false);
    if (is_steps(in, GNT_STAGE_SEQUENCE) || is_steps(in, GNT_STAGE_ACTIVATED)) return attention_map(r, in, weight);
    return refuse(r, "only the linear layer after the LSTM and attention's two products are supported");
}

gnt_status gnt_op_add(gnt_reader *r)
{
    const gnt_value *a = gnt_reader_input(r, 0), *b = gnt_reader_input(r, 1);
    const gnt_flow *flow = flow_of(a) ? flow_of(a) : flow_of(b);
    const gnt_value *bias = flow_of(a) ? b : a;
    if (flow && flow->stage == GNT_STAGE_LOGIT && !r->has_fc_bias) {
        GNT_TRY(head_bias(r, bias));
        const gnt_flow out = *flow;
        return emit(r, 0, &out);
    }
    if (is_steps(flow, GNT_STAGE_PROJECTED) && !r->attention_b) {
        GNT_TRY(gnt_value_weights(r, bias, "the attention's bias", &r->attention_b));
        if (bias->n != flow->width || bias->rank < 1 || bias->dim[bias->rank - 1] != bias->n)
            return gnt_reader_refuse(r, GNT_EPARSE, "the attention's bias does not have %zu values", flow->width);
        const gnt_flow out = *flow;
        return emit(r, 0, &out);
    }
    return refuse(r, "only the bias of the linear layer or of attention is supported");
}

gnt_status gnt_op_tanh(gnt_reader *r)
{
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    if (!is_steps(in, GNT_STAGE_PROJECTED)) return refuse(r, "only attention's tanh(W h + b) is supported");
    gnt_flow out = *in;
    out.stage = GNT_STAGE_ACTIVATED;
    return emit(r, 0, &out);
}

gnt_status gnt_op_softmax(gnt_reader *r)
{
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    int64_t attribute;
    size_t axis;
    if (!in || in->stage != GNT_STAGE_ENERGY) return refuse(r, "only attention's softmax over the steps is supported");
    GNT_TRY(gnt_attribute_int(r, "axis", r->opset >= 13 ? -1 : 1, &attribute));
    GNT_TRY(gnt_reader_axis(r, attribute, in->rank, &axis));
    /* before opset 13 the axes from `axis` on are taken together: the same when all after it are of size 1 */
    bool together = r->opset >= 13;
    for (size_t k = axis + 1; k < in->rank; k++) together = together || in->axis[k] == GNT_AXIS_ONE;
    if (in->axis[axis] != GNT_AXIS_TIME || !(together || axis + 1 == in->rank))
        return refuse(r, "the softmax is not over the steps");
    gnt_flow out = *in;
    out.stage = GNT_STAGE_SHARE;
    return emit(r, 0, &out);
}

gnt_status gnt_op_reduce_sum(gnt_reader *r)
{
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    const int64_t *list = NULL;
    int64_t keep;
    size_t n, axis;
    GNT_TRY(gnt_reader_list(r, "axes", 1, &list, &n));
    GNT_TRY(gnt_attribute_int(r, "keepdims", 1, &keep));
    if (!in || in->stage != GNT_STAGE_WEIGHTED || n != 1)
        return refuse(r, "only attention's sum over the steps is supported");
    GNT_TRY(gnt_reader_axis(r, list[0], in->rank, &axis));
    if (in->axis[axis] != GNT_AXIS_TIME) return refuse(r, "the sum is not over the steps");
    gnt_flow out = *in;
    out.stage = GNT_STAGE_STATE;
    out.axis[axis] = GNT_AXIS_ONE;
    if (!keep) gnt_flow_drop(&out, axis);
    r->net.pool = GNT_POOL_ATTENTION;
    return emit(r, 0, &out);
}

/* Attention's shares times the sequence, or a product of two sizes while a shape is computed. */
gnt_status gnt_op_mul(gnt_reader *r)
{
    const gnt_value *a = gnt_reader_input(r, 0), *b = gnt_reader_input(r, 1);
    const gnt_flow *fa = flow_of(a), *fb = flow_of(b);
    if (fa && fb && fa->stage == GNT_STAGE_SHARE) return weigh(r, fa, fb);
    if (fa && fb && fb->stage == GNT_STAGE_SHARE) return weigh(r, fb, fa);
    if (!a || !b || a->kind != GNT_VALUE_INTS || b->kind != GNT_VALUE_INTS || a->n != 1 || b->n != 1)
        return refuse(r, "only attention shares times their sequence are supported");
    int64_t *product = gnt_reader_alloc(r, 1, sizeof *product), x = a->ints[0], y = b->ints[0];
    if (!product) return GNT_ENOMEM;
    bool small = x >= 0 && y >= 0 && x <= INT32_MAX && y <= INT32_MAX;
    *product = small ? x * y : x == 1 ? y : y == 1 ? x : GNT_DIM_UNKNOWN;
    gnt_value out = a->rank >= b->rank ? *a : *b;
    out.ints = product;
    return gnt_reader_output(r, 0, &out);
}

gnt_status gnt_op_sigmoid(gnt_reader *r)
{
    const gnt_flow *in = flow_of(gnt_reader_input(r, 0));
    if (!in || in->stage != GNT_STAGE_LOGIT)
        return refuse(r, in && in->stage == GNT_STAGE_PROBABILITY ? "a second sigmoid on a probability"
                                                                  : "only the final sigmoid is supported");
    gnt_flow out = *in;
    out.stage = GNT_STAGE_PROBABILITY;
    return emit(r, 0, &out);
}
