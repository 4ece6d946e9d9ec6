/* Operators of the ONNX reader that compute, but for the LSTM: the scaler, the linear head, attention pooling. */
#include <string.h>

#include "onnx_reader.h"

/* ---- scaler: (x - center) / scale, then clip to [-limit, limit] ---------------------------------- */

/* A constant of one value or F values along the last axis -> [F]. */
static gnt_status per_feature(gnt_reader *r, const gnt_value *value, float fill, float **out)
{
    const float *from = NULL;
    size_t n = r->net.n_features;
    if (!n)
        return gnt_reader_unsupported(r, "the number of features is not in the file: give the input a fixed last dim");
    if (value) {
        GNT_TRY(gnt_value_weights(r, value, "the scaler", &from));
        if (value->n != 1 && !(value->n == n && value->dim[value->rank - 1] == n))
            return gnt_reader_unsupported(r, "the scaler's constant does not have one value for each feature");
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
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    if (!is_features(r, in) || r->has_center || r->has_scale || r->has_limit)
        return gnt_reader_unsupported(r, "only the scaler's features - mean is supported");
    GNT_TRY(per_feature(r, gnt_reader_input(r, 1), 0, &r->scaler.center));
    r->has_center = true;
    const gnt_flow out = *in;
    return gnt_reader_emit(r, 0, &out);
}

gnt_status gnt_op_div(gnt_reader *r)
{
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    if (!is_features(r, in) || r->has_scale || r->has_limit)
        return gnt_reader_unsupported(r, "only the scaler's (features - mean) / sd is supported");
    GNT_TRY(per_feature(r, gnt_reader_input(r, 1), 1, &r->scaler.scale));
    for (size_t k = 0; k < r->net.n_features; k++)
        if (!(r->scaler.scale[k] > 0))
            return gnt_reader_refuse(r, GNT_EVALUE, "the scaler's sd of feature %zu is %g, expected above 0", k,
                                     (double)r->scaler.scale[k]);
    r->has_scale = true;
    const gnt_flow out = *in;
    return gnt_reader_emit(r, 0, &out);
}

gnt_status gnt_op_clip(gnt_reader *r)
{
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    const float *low, *high;
    if (!is_features(r, in) || r->has_limit)
        return gnt_reader_unsupported(r, "only a clip of the scaled features is supported");
    GNT_TRY(gnt_value_weights(r, gnt_reader_input(r, 1), "min", &low));
    GNT_TRY(gnt_value_weights(r, gnt_reader_input(r, 2), "max", &high));
    if (gnt_reader_input(r, 1)->n != 1 || gnt_reader_input(r, 2)->n != 1 || !(*high > 0) || *low != -*high)
        return gnt_reader_unsupported(r, "only a clip to [-c, c] is supported");
    r->scaler.limit = *high;
    r->has_limit = true;
    const gnt_flow out = *in;
    return gnt_reader_emit(r, 0, &out);
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
    if (in->width != in->n_pieces * r->net.hidden)
        return gnt_reader_unsupported(r, "it does not read whole states of the LSTM");
    if (out != 1)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "%zu outputs: one linear unit after the LSTM is supported", out);
    r->head = *in;
    r->fc = floats;
    r->has_fc = true;
    gnt_flow logit = *in;
    logit.stage = GNT_STAGE_LOGIT;
    logit.axis[logit.rank - 1] = GNT_AXIS_ONE;
    if (rank == 1) logit.rank--;
    return gnt_reader_emit(r, 0, &logit);
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
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    const gnt_value *weight = gnt_reader_input(r, 1);
    double alpha, beta;
    int64_t trans_a, trans_b;
    GNT_TRY(gnt_attribute_float(r, "alpha", 1, &alpha));
    GNT_TRY(gnt_attribute_float(r, "beta", 1, &beta));
    GNT_TRY(gnt_attribute_int(r, "transA", 0, &trans_a));
    GNT_TRY(gnt_attribute_int(r, "transB", 0, &trans_b));
    if (alpha != 1 || beta != 1 || trans_a)
        return gnt_reader_unsupported(r, "alpha, beta other than 1 and transA are not supported");
    if (!is_vector(in) || in->rank != 2 || r->has_fc)
        return gnt_reader_unsupported(r, "only one linear layer, on the last step or on a final state, is supported");
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
    if (energy ? r->attention_v != NULL : r->attention_w != NULL)
        return gnt_reader_unsupported(r, "a second attention");
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
    return gnt_reader_emit(r, 0, &out);
}

/* The steps' shares times the sequence they were made from. */
static gnt_status weigh(gnt_reader *r, const gnt_flow *share, const gnt_flow *sequence)
{
    if (!is_steps(sequence, GNT_STAGE_SEQUENCE) || share->rank != 3 || share->axis[0] != sequence->axis[0] ||
        share->axis[1] != sequence->axis[1] || share->axis[2] != GNT_AXIS_ONE ||
        share->n_pieces != sequence->n_pieces ||
        memcmp(share->piece, sequence->piece, share->n_pieces * sizeof *share->piece) != 0)
        return gnt_reader_unsupported(r, "only attention shares times the sequence they were made from are supported");
    gnt_flow out = *sequence;
    out.stage = GNT_STAGE_WEIGHTED;
    return gnt_reader_emit(r, 0, &out);
}

gnt_status gnt_op_matmul(gnt_reader *r)
{
    const gnt_value *weight = gnt_reader_input(r, 1);
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    if (is_vector(in) && !r->has_fc) return head(r, in, weight, false);
    if (is_steps(in, GNT_STAGE_SEQUENCE) || is_steps(in, GNT_STAGE_ACTIVATED)) return attention_map(r, in, weight);
    return gnt_reader_unsupported(r, "only the linear layer after the LSTM and attention's two products are supported");
}

gnt_status gnt_op_add(gnt_reader *r)
{
    const gnt_value *a = gnt_reader_input(r, 0), *b = gnt_reader_input(r, 1);
    const gnt_flow *flow = gnt_flow_of(a) ? gnt_flow_of(a) : gnt_flow_of(b);
    const gnt_value *bias = gnt_flow_of(a) ? b : a;
    if (flow && flow->stage == GNT_STAGE_LOGIT && !r->has_fc_bias) {
        GNT_TRY(head_bias(r, bias));
        const gnt_flow out = *flow;
        return gnt_reader_emit(r, 0, &out);
    }
    if (is_steps(flow, GNT_STAGE_PROJECTED) && !r->attention_b) {
        GNT_TRY(gnt_value_weights(r, bias, "the attention's bias", &r->attention_b));
        if (bias->n != flow->width || bias->rank < 1 || bias->dim[bias->rank - 1] != bias->n)
            return gnt_reader_refuse(r, GNT_EPARSE, "the attention's bias does not have %zu values", flow->width);
        const gnt_flow out = *flow;
        return gnt_reader_emit(r, 0, &out);
    }
    return gnt_reader_unsupported(r, "only the bias of the linear layer or of attention is supported");
}

gnt_status gnt_op_tanh(gnt_reader *r)
{
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    if (!is_steps(in, GNT_STAGE_PROJECTED))
        return gnt_reader_unsupported(r, "only attention's tanh(W h + b) is supported");
    gnt_flow out = *in;
    out.stage = GNT_STAGE_ACTIVATED;
    return gnt_reader_emit(r, 0, &out);
}

gnt_status gnt_op_softmax(gnt_reader *r)
{
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    int64_t attribute;
    size_t axis;
    if (!in || in->stage != GNT_STAGE_ENERGY)
        return gnt_reader_unsupported(r, "only attention's softmax over the steps is supported");
    GNT_TRY(gnt_attribute_int(r, "axis", r->opset >= 13 ? -1 : 1, &attribute));
    GNT_TRY(gnt_reader_axis(r, attribute, in->rank, &axis));
    /* before opset 13 the axes from `axis` on are taken together: the same when all after it are of size 1 */
    bool together = r->opset >= 13;
    for (size_t k = axis + 1; k < in->rank; k++) together = together || in->axis[k] == GNT_AXIS_ONE;
    if (in->axis[axis] != GNT_AXIS_TIME || !(together || axis + 1 == in->rank))
        return gnt_reader_unsupported(r, "the softmax is not over the steps");
    gnt_flow out = *in;
    out.stage = GNT_STAGE_SHARE;
    return gnt_reader_emit(r, 0, &out);
}

gnt_status gnt_op_reduce_sum(gnt_reader *r)
{
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    const int64_t *list = NULL;
    int64_t keep;
    size_t n, axis;
    GNT_TRY(gnt_reader_list(r, "axes", 1, &list, &n));
    GNT_TRY(gnt_attribute_int(r, "keepdims", 1, &keep));
    if (!in || in->stage != GNT_STAGE_WEIGHTED || n != 1)
        return gnt_reader_unsupported(r, "only attention's sum over the steps is supported");
    GNT_TRY(gnt_reader_axis(r, list[0], in->rank, &axis));
    if (in->axis[axis] != GNT_AXIS_TIME) return gnt_reader_unsupported(r, "the sum is not over the steps");
    gnt_flow out = *in;
    out.stage = GNT_STAGE_STATE;
    out.axis[axis] = GNT_AXIS_ONE;
    if (!keep) gnt_flow_drop(&out, axis);
    r->net.pool = GNT_POOL_ATTENTION;
    return gnt_reader_emit(r, 0, &out);
}

/* Attention's shares times the sequence, or a product of two sizes while a shape is computed. */
gnt_status gnt_op_mul(gnt_reader *r)
{
    const gnt_value *a = gnt_reader_input(r, 0), *b = gnt_reader_input(r, 1);
    const gnt_flow *fa = gnt_flow_of(a), *fb = gnt_flow_of(b);
    if (fa && fb && fa->stage == GNT_STAGE_SHARE) return weigh(r, fa, fb);
    if (fa && fb && fb->stage == GNT_STAGE_SHARE) return weigh(r, fb, fa);
    if (!a || !b || a->kind != GNT_VALUE_INTS || b->kind != GNT_VALUE_INTS || a->n != 1 || b->n != 1)
        return gnt_reader_unsupported(r, "only attention shares times their sequence are supported");
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
    const gnt_flow *in = gnt_flow_of(gnt_reader_input(r, 0));
    if (!in || in->stage != GNT_STAGE_LOGIT)
        return gnt_reader_unsupported(r, in && in->stage == GNT_STAGE_PROBABILITY
                                             ? "a second sigmoid on a probability"
                                             : "only the final sigmoid is supported");
    gnt_flow out = *in;
    out.stage = GNT_STAGE_PROBABILITY;
    return gnt_reader_emit(r, 0, &out);
}
