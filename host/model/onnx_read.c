/* ONNX in: header checks, one pass over the nodes by the table of operators, then the model's flat weights.
 * What is accepted and what is refused: SPEC 4 and 10; how: onnx_reader.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx_reader.h"

enum {
    MAX_FILE = 512 << 20,
    MAX_NODES = 4096,
    MAX_TENSORS = 4096,
    MAX_WINDOW = 1 << 16,
    OPSET_MIN = 11,
    OPSET_MAX = 20
};

typedef struct operator_row {
    const char *name;
    gnt_operator *run;
    const char *attributes; /* the ones that may be there, each with a space before and after */
} operator_row;

static const operator_row operators[] = {
    {"Identity", gnt_op_same, " "},
    {"Dropout", gnt_op_dropout, " ratio seed "},
    {"Cast", gnt_op_cast, " to saturate "},
    {"Constant", gnt_op_constant, " value "},
    {"ConstantOfShape", gnt_op_constant_of_shape, " value "},
    {"Shape", gnt_op_shape, " start end "},
    {"Gather", gnt_op_gather, " axis "},
    {"Slice", gnt_op_slice, " "},
    {"Concat", gnt_op_concat, " axis "},
    {"Unsqueeze", gnt_op_unsqueeze, " axes "},
    {"Squeeze", gnt_op_squeeze, " axes "},
    {"Reshape", gnt_op_reshape, " allowzero "},
    {"Flatten", gnt_op_flatten, " axis "},
    {"Transpose", gnt_op_transpose, " perm "},
    {"Expand", gnt_op_expand, " "},
    {"LSTM", gnt_op_lstm,
     " hidden_size direction input_forget layout clip activations activation_alpha activation_beta "},
    {"Gemm", gnt_op_gemm, " alpha beta transA transB "},
    {"MatMul", gnt_op_matmul, " "},
    {"Add", gnt_op_add, " "},
    {"Sub", gnt_op_sub, " "},
    {"Div", gnt_op_div, " "},
    {"Mul", gnt_op_mul, " "},
    {"Clip", gnt_op_clip, " "},
    {"Tanh", gnt_op_tanh, " "},
    {"Softmax", gnt_op_softmax, " axis "},
    {"ReduceSum", gnt_op_reduce_sum, " axes keepdims noop_with_empty_axes "},
    {"Sigmoid", gnt_op_sigmoid, " "},
};

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static gnt_status check_attributes(gnt_reader *r, const char *allowed)
{
    for (size_t i = 0; i < r->node->n_attribute; i++) {
        char key[64];
        const Onnx__AttributeProto *a = r->node->attribute[i];
        int n = snprintf(key, sizeof key, " %s ", text_of(a->name));
        if (n >= (int)sizeof key || !strstr(allowed, key) || a->has_g || a->n_graphs || a->ref_attr_name)
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "attribute '%.40s' is not supported", text_of(a->name));
    }
    return GNT_OK;
}

static gnt_status run_node(gnt_reader *r)
{
    const Onnx__NodeProto *node = r->node;
    const char *domain = text_of(node->domain), *op = text_of(node->op_type);
    if (domain[0] && strcmp(domain, "ai.onnx") != 0)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "operators of domain '%.60s' are not supported", domain);
    if (node->n_input > GNT_ONNX_PORTS || node->n_output > GNT_ONNX_PORTS)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "more than %d inputs or outputs", GNT_ONNX_PORTS);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (strcmp(operators[i].name, op) != 0) continue;
        GNT_TRY(check_attributes(r, operators[i].attributes));
        for (size_t k = 0; k < node->n_input; k++)
            if (node->input[k][0] && !gnt_reader_input(r, k))
                return gnt_reader_refuse(r, GNT_EPARSE, "input '%.60s' is defined by no node before it",
                                         node->input[k]);
        return operators[i].run(r);
    }
    return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "the operator is not supported");
}

/* ---- header, input, constants ------------------------------------------------------------------ */

static gnt_status check_header(gnt_reader *r, const Onnx__ModelProto *m)
{
    if (!m->graph || !m->graph->n_node || !m->graph->n_output)
        return gnt_reader_refuse(r, GNT_EPARSE, "not an ONNX model (it holds no graph)");
    for (size_t i = 0; i < m->n_opset_import; i++) {
        const char *domain = text_of(m->opset_import[i]->domain);
        if (!domain[0] || !strcmp(domain, "ai.onnx")) r->opset = m->opset_import[i]->version;
    }
    if (r->opset < OPSET_MIN || r->opset > OPSET_MAX)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "opset %lld; opset %d to %d is supported", (long long)r->opset,
                                 OPSET_MIN, OPSET_MAX);
    if (m->n_functions) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "model-local functions are not supported");
    if (m->graph->n_sparse_initializer)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "sparse initializers are not supported");
    if (m->graph->n_node > MAX_NODES || m->graph->n_initializer > MAX_TENSORS)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "more than %d nodes or tensors", MAX_NODES);
    return GNT_OK;
}

static bool is_initializer(const Onnx__GraphProto *graph, const char *name)
{
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (!strcmp(text_of(graph->initializer[i]->name), name)) return true;
    return false;
}

/* A dim of the input: a size in 1..limit or, when it is left open, `open`. */
static gnt_status input_dim(gnt_reader *r, const Onnx__TensorShapeProto__Dimension *dim, const char *what,
                            int64_t limit, int64_t open, int64_t *size)
{
    *size = dim->has_dim_value ? dim->dim_value : open;
    if (dim->has_dim_value && (*size < 1 || *size > limit))
        return gnt_reader_refuse(r, GNT_EVALUE, "the input has %lld %s, expected 1 to %lld", (long long)*size, what,
                                 (long long)limit);
    return GNT_OK;
}

static gnt_status define_input(gnt_reader *r, const Onnx__ValueInfoProto *input)
{
    const Onnx__TypeProto__Tensor *type = input->type ? input->type->tensor_type : NULL;
    int64_t features;
    if (!type || type->elem_type != GNT_ONNX_FLOAT)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "its input is not a float32 tensor");
    if (!type->shape || type->shape->n_dim != 3)
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "its input has %zu dims, expected [windows, steps, features]",
                                 type->shape ? type->shape->n_dim : (size_t)0);
    GNT_TRY(input_dim(r, type->shape->dim[0], "windows", INT32_MAX, GNT_DIM_BATCH, &r->batch));
    GNT_TRY(input_dim(r, type->shape->dim[1], "steps", MAX_WINDOW, GNT_DIM_WINDOW, &r->window));
    GNT_TRY(input_dim(r, type->shape->dim[2], "features", MAX_WINDOW, 0, &features));
    r->net.n_features = (uint32_t)features;
    gnt_value value = {.kind = GNT_VALUE_FLOW,
                       .flow = {.stage = GNT_STAGE_FEATURES,
                                .rank = 3,
                                .axis = {GNT_AXIS_BATCH, GNT_AXIS_TIME, GNT_AXIS_CHANNEL},
                                .width = (size_t)features}};
    return gnt_reader_define(r, text_of(input->name), &value);
}

static gnt_status define_graph(gnt_reader *r, const Onnx__GraphProto *graph)
{
    size_t n_inputs = 0;
    for (size_t i = 0; i < graph->n_input; i++) {
        if (is_initializer(graph, text_of(graph->input[i]->name))) continue;
        if (n_inputs++) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "it has more than one input");
        GNT_TRY(define_input(r, graph->input[i]));
    }
    if (!n_inputs) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "it has no input");
    for (size_t i = 0; i < graph->n_initializer; i++) {
        gnt_value value;
        GNT_TRY(gnt_value_of_tensor(r, graph->initializer[i], &value));
        GNT_TRY(gnt_reader_define(r, text_of(graph->initializer[i]->name), &value));
    }
    return GNT_OK;
}

static gnt_status check_output(gnt_reader *r, const Onnx__GraphProto *graph)
{
    const gnt_value *out = NULL;
    if (graph->n_output != 1) return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "it has more than one output");
    for (size_t i = 0; i < r->n_values; i++)
        if (!strcmp(r->value[i].name, text_of(graph->output[0]->name))) out = &r->value[i];
    if (!out || out->kind != GNT_VALUE_FLOW ||
        (out->flow.stage != GNT_STAGE_LOGIT && out->flow.stage != GNT_STAGE_PROBABILITY))
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED,
                                 "its output '%.60s' is not the linear layer's logit or probability",
                                 text_of(graph->output[0]->name));
    return GNT_OK;
}

/* ---- the model ------------------------------------------------------------------------------------ */

static gnt_status build_meta(gnt_reader *r, const Onnx__ModelProto *m, gnt_model *model)
{
    for (size_t i = 0; i < m->n_metadata_props; i++)
        GNT_TRY(gnt_model_set_meta(model, text_of(m->metadata_props[i]->key), text_of(m->metadata_props[i]->value),
                                   r->why));
    return gnt_model_adopt_schema(model, r->file, r->why);
}

/* From the input's shape, what the caller says, or the metadata. */
static gnt_status build_window(gnt_reader *r, const gnt_model *model)
{
    const char *text = gnt_model_meta(model, "gauntlet.window");
    int64_t window = r->window;
    if (window != GNT_DIM_WINDOW && r->asked_window && window != r->asked_window)
        return gnt_reader_refuse(r, GNT_EVALUE, "its input has %lld steps, not %u", (long long)window, r->asked_window);
    if (window == GNT_DIM_WINDOW) {
        char *end = NULL;
        window = r->asked_window;
        if (!window && text) window = strtol(text, &end, 10);
        if (window < 1 || window > MAX_WINDOW || (end && *end))
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED,
                                     "the number of steps is not in the file: export with a fixed second dim, or say "
                                     "it with `gauntlet model import FILE --window N --out FILE`");
    }
    r->net.window = (uint32_t)window;
    return GNT_OK;
}

static gnt_status build(gnt_reader *r, const Onnx__ModelProto *m, gnt_model *model)
{
    GNT_TRY(check_header(r, m));
    GNT_TRY(define_graph(r, m->graph));
    for (size_t i = 0; i < m->graph->n_node; i++) {
        r->node = m->graph->node[i];
        GNT_TRY(run_node(r));
    }
    r->node = NULL;
    GNT_TRY(check_output(r, m->graph));
    GNT_TRY(gnt_reader_pool(r));
    GNT_TRY(build_meta(r, m, model));
    GNT_TRY(build_window(r, model));
    GNT_TRY(gnt_reader_weights(r, model));
    GNT_TRY(gnt_reader_scaler(r, model));
    model->net = r->net;
    return GNT_OK;
}

static gnt_status parse(const void *bytes, size_t n, const char *name, uint32_t window, gnt_model *model,
                        gnt_error *why)
{
    gnt_reader r = {.file = name, .why = why, .asked_window = window, .max_bytes = ((size_t)64 << 20) + 16 * n};
    gnt_status st = GNT_OK;
    *model = (gnt_model){0};
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, n, bytes);
    if (!m)
        st = gnt_fail(why, GNT_EPARSE, "%s: not an ONNX file (its protobuf can't be read)", name);
    else
        st = build(&r, m, model);
    for (size_t i = 0; i < r.n_blocks; i++) free(r.block[i]);
    free(r.block);
    free(r.value);
    if (m) onnx__model_proto__free_unpacked(m, NULL);
    if (st) gnt_model_free(model);
    return st;
}

gnt_status gnt_onnx_parse(const void *bytes, size_t n, const char *name, gnt_model *model, gnt_error *why)
{
    return parse(bytes, n, name, 0, model, why);
}

gnt_status gnt_onnx_read_as(const char *path, uint32_t window, gnt_model *model, gnt_error *why)
{
    gnt_text text = {0};
    *model = (gnt_model){0};
    GNT_TRY(gnt_text_read(path, MAX_FILE, &text, why));
    gnt_status st = parse(text.data, text.n, path, window, model, why);
    gnt_text_free(&text);
    return st;
}

gnt_status gnt_onnx_read(const char *path, gnt_model *model, gnt_error *why)
{
    return gnt_onnx_read_as(path, 0, model, why);
}
