/* ONNX out (SPEC 4): scaler, LSTM layers, pooling, linear, sigmoid as standard operators of opset 17.
 *
 *   features [N, L, F] -> Sub Div Clip -> Transpose [L, N, F] -> LSTM, Squeeze or Transpose + Reshape, a layer each
 *   -> last step (Gather), final states (Y_h) or attention pooling -> Gemm -> Sigmoid -> predictions [N, 1]
 *
 * The same model gives the same bytes: nodes and tensors in this order, metadata in the model's order,
 * no time, no host. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/model/model.h"
#include "onnx_parts.h"

enum { IR_VERSION = 8, OPSET = 17 };

/* ---- the graph ---------------------------------------------------------------------------------- */

static const char *scaler(gnt_onnx_writer *w)
{
    const gnt_scaler *s = &w->model->scaler;
    if (!s->n) return "features";
    int64_t n = (int64_t)s->n;
    gnt_onnx_add_floats(w, "scaler.center", 1, &n, s->center);
    gnt_onnx_add_floats(w, "scaler.scale", 1, &n, s->scale);
    gnt_onnx_add_node(w, "Sub", "/scaler/Sub", "features scaler.center", "centered");
    gnt_onnx_add_node(w, "Div", "/scaler/Div", "centered scaler.scale", "scaled");
    if (!isfinite(s->limit)) return "scaled";
    gnt_onnx_add_floats(w, "scaler.min", 0, NULL, &(float){-s->limit});
    gnt_onnx_add_floats(w, "scaler.max", 0, NULL, &(float){s->limit});
    gnt_onnx_add_node(w, "Clip", "/scaler/Clip", "scaled scaler.min scaler.max", "clipped");
    return "clipped";
}

/* Gate blocks of H rows: PyTorch i f g o -> ONNX i o f c. */
static void copy_gates(float *to, const float *from, size_t hidden, size_t cols)
{
    static const size_t source[4] = {0, 3, 1, 2};
    for (size_t g = 0; to && g < 4; g++)
        memcpy(to + g * hidden * cols, from + source[g] * hidden * cols, hidden * cols * sizeof *to);
}

static const float *weights_of(const gnt_onnx_writer *w, size_t i, gnt_tensor *tensor)
{
    gnt_net_tensor(&w->model->net, i, tensor);
    return w->model->weights + tensor->offset;
}

static void layer_weights(gnt_onnx_writer *w, size_t layer)
{
    const gnt_net *net = &w->model->net;
    size_t d = net->bidirectional ? 2 : 1, h = net->hidden;
    gnt_tensor t;
    char name[GNT_PART_ROOM];
    for (size_t part = 0; part < 3; part++) {
        (void)weights_of(w, layer * d * 4 + part, &t);
        int64_t cols = (int64_t)t.cols, rows = (int64_t)t.rows;
        snprintf(name, sizeof name, "lstm.%c_l%zu", "WRB"[part], layer);
        float *to = part < 2 ? gnt_onnx_add_floats(w, name, 3, (int64_t[]){(int64_t)d, rows, cols}, NULL)
                             : gnt_onnx_add_floats(w, name, 2, (int64_t[]){(int64_t)d, 2 * rows}, NULL);
        for (size_t reverse = 0; to && reverse < d; reverse++) {
            size_t i = (layer * d + reverse) * 4 + part;
            copy_gates(to, weights_of(w, i, &t), h, t.cols);
            to += t.rows * t.cols;
            if (part < 2) continue;
            copy_gates(to, weights_of(w, i + 1, &t), h, 1); /* bias_hh after bias_ih */
            to += t.rows;
        }
    }
}

/* Reads "steps<layer>" [L, N, in], gives "steps<layer + 1>" [L, N, D H] and "final<layer>" (Y_h) when asked. */
static void layer_nodes(gnt_onnx_writer *w, size_t layer, bool final)
{
    const gnt_net *net = &w->model->net;
    char name[GNT_PART_ROOM], in[160], out[2 * GNT_PART_ROOM];
    layer_weights(w, layer);
    snprintf(name, sizeof name, "/lstm/LSTM_%zu", layer);
    snprintf(in, sizeof in, "steps%zu lstm.W_l%zu lstm.R_l%zu lstm.B_l%zu", layer, layer, layer, layer);
    snprintf(out, sizeof out, final ? "_ final%zu" : "both%zu", layer);
    gnt_onnx_node *lstm = gnt_onnx_add_node(w, "LSTM", name, in, out);
    gnt_onnx_set_text(lstm, "direction", net->bidirectional ? "bidirectional" : "forward");
    gnt_onnx_set_int(lstm, "hidden_size", net->hidden);
    if (final) return;
    char both[GNT_PART_ROOM], steps[GNT_PART_ROOM], swapped[GNT_PART_ROOM], shaped[2 * GNT_PART_ROOM];
    snprintf(both, sizeof both, "both%zu", layer);
    snprintf(steps, sizeof steps, "steps%zu", layer + 1);
    if (!net->bidirectional) {
        snprintf(name, sizeof name, "/lstm/Squeeze_%zu", layer);
        snprintf(in, sizeof in, "%s axis.1", both);
        gnt_onnx_add_node(w, "Squeeze", name, in, steps);
        return;
    }
    snprintf(name, sizeof name, "/lstm/Transpose_%zu", layer);
    snprintf(swapped, sizeof swapped, "swapped%zu", layer);
    gnt_onnx_set_ints(gnt_onnx_add_node(w, "Transpose", name, both, swapped), "perm", 4, (int64_t[]){0, 2, 1, 3});
    snprintf(name, sizeof name, "/lstm/Reshape_%zu", layer);
    snprintf(shaped, sizeof shaped, "%s shape.joined", swapped);
    gnt_onnx_add_node(w, "Reshape", name, shaped, steps);
}

/* context = sum over steps of softmax(v . tanh(W h + b)) h, with h as [N, L, D]. */
static void attention(gnt_onnx_writer *w, const char *steps)
{
    const gnt_net *net = &w->model->net;
    size_t first = net->layers * (net->bidirectional ? 2u : 1u) * 4, a = net->attention;
    gnt_tensor t;
    const float *from = weights_of(w, first, &t);
    float *to = gnt_onnx_add_floats(w, "attention.weight", 2, (int64_t[]){(int64_t)t.cols, (int64_t)a}, NULL);
    for (size_t i = 0; to && i < t.rows; i++)
        for (size_t k = 0; k < t.cols; k++) to[k * a + i] = from[i * t.cols + k];
    from = weights_of(w, first + 1, &t);
    gnt_onnx_add_floats(w, "attention.bias", 1, (int64_t[]){(int64_t)a}, from);
    from = weights_of(w, first + 2, &t);
    gnt_onnx_add_floats(w, "attention.v", 2, (int64_t[]){(int64_t)a, 1}, from);
    gnt_onnx_set_ints(gnt_onnx_add_node(w, "Transpose", "/attention/Transpose", steps, "h"), "perm", 3,
                      (int64_t[]){1, 0, 2});
    gnt_onnx_add_node(w, "MatMul", "/attention/MatMul", "h attention.weight", "projected");
    gnt_onnx_add_node(w, "Add", "/attention/Add", "projected attention.bias", "biased");
    gnt_onnx_add_node(w, "Tanh", "/attention/Tanh", "biased", "activated");
    gnt_onnx_add_node(w, "MatMul", "/attention/MatMul_1", "activated attention.v", "energy");
    gnt_onnx_set_int(gnt_onnx_add_node(w, "Softmax", "/attention/Softmax", "energy", "share"), "axis", 1);
    gnt_onnx_add_node(w, "Mul", "/attention/Mul", "h share", "weighted");
    gnt_onnx_set_int(gnt_onnx_add_node(w, "ReduceSum", "/attention/ReduceSum", "weighted axis.1", "pooled"), "keepdims",
                     0);
}

static void pooling(gnt_onnx_writer *w)
{
    const gnt_net *net = &w->model->net;
    char name[GNT_PART_ROOM], in[2 * GNT_PART_ROOM];
    snprintf(name, sizeof name, "steps%u", net->layers);
    if (net->pool == GNT_POOL_ATTENTION) {
        attention(w, name);
    } else if (net->pool == GNT_POOL_FINAL) {
        snprintf(name, sizeof name, "final%u", net->layers - 1);
        gnt_onnx_set_ints(gnt_onnx_add_node(w, "Transpose", "/final/Transpose", name, "finals"), "perm", 3,
                          (int64_t[]){1, 0, 2});
        gnt_onnx_add_ints(w, "shape.flat", 1, 2, (int64_t[]){0, -1});
        gnt_onnx_add_node(w, "Reshape", "/final/Reshape", "finals shape.flat", "pooled");
    } else {
        gnt_onnx_add_ints(w, "last", 0, 1, (int64_t[]){-1});
        snprintf(in, sizeof in, "%s last", name);
        gnt_onnx_set_int(gnt_onnx_add_node(w, "Gather", "/last/Gather", in, "pooled"), "axis", 0);
    }
}

static void graph(gnt_onnx_writer *w)
{
    const gnt_net *net = &w->model->net;
    size_t n = gnt_net_n_tensors(net);
    gnt_tensor t;
    const char *scaled = scaler(w);
    bool final = net->pool == GNT_POOL_FINAL, joins = net->layers > 1 || !final;
    if ((!net->bidirectional && joins) || net->pool == GNT_POOL_ATTENTION)
        gnt_onnx_add_ints(w, "axis.1", 1, 1, (int64_t[]){1});
    if (net->bidirectional && joins) gnt_onnx_add_ints(w, "shape.joined", 1, 3, (int64_t[]){0, 0, -1});
    gnt_onnx_set_ints(gnt_onnx_add_node(w, "Transpose", "/Transpose", scaled, "steps0"), "perm", 3,
                      (int64_t[]){1, 0, 2});
    for (size_t layer = 0; layer < net->layers; layer++) layer_nodes(w, layer, final && layer + 1 == net->layers);
    pooling(w);
    const float *from = weights_of(w, n - 2, &t);
    gnt_onnx_add_floats(w, "fc.weight", 2, (int64_t[]){1, (int64_t)t.rows}, from);
    gnt_onnx_add_floats(w, "fc.bias", 1, (int64_t[]){1}, weights_of(w, n - 1, &t));
    gnt_onnx_set_int(gnt_onnx_add_node(w, "Gemm", "/fc/Gemm", "pooled fc.weight fc.bias", "logit"), "transB", 1);
    gnt_onnx_add_node(w, "Sigmoid", "/Sigmoid", "logit", "predictions");
}

/* ---- the file ----------------------------------------------------------------------------------- */

/* A float32 input or output; dim 0 is the number of windows, named "N". */
typedef struct port_room {
    Onnx__ValueInfoProto info, *list[1];
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dim[3], *dims[3];
} port_room;

static void describe_port(port_room *p, const char *name, size_t rank, const int64_t *size)
{
    onnx__value_info_proto__init(&p->info);
    onnx__type_proto__init(&p->type);
    onnx__type_proto__tensor__init(&p->tensor);
    onnx__tensor_shape_proto__init(&p->shape);
    for (size_t k = 0; k < rank; k++) {
        onnx__tensor_shape_proto__dimension__init(&p->dim[k]);
        p->dim[k].has_dim_value = k > 0;
        p->dim[k].dim_value = size[k];
        if (k == 0) p->dim[k].dim_param = (char *)(uintptr_t) "N";
        p->dims[k] = &p->dim[k];
    }
    p->shape.n_dim = rank;
    p->shape.dim = p->dims;
    p->tensor.has_elem_type = true;
    p->tensor.elem_type = GNT_PART_FLOAT;
    p->tensor.shape = &p->shape;
    p->type.tensor_type = &p->tensor;
    p->info.name = (char *)(uintptr_t)name;
    p->info.type = &p->type;
    p->list[0] = &p->info;
}

static gnt_status describe_meta(const gnt_model *model, Onnx__StringStringEntryProto **entries, size_t *n,
                                gnt_error *why)
{
    gnt_status st = GNT_OK;
    Onnx__StringStringEntryProto *entry;
    GNT_ALLOC(entry, model->n_meta);
    for (size_t i = 0; i < model->n_meta; i++) {
        onnx__string_string_entry_proto__init(&entry[i]);
        entry[i].key = model->meta[i].key;
        entry[i].value = model->meta[i].value;
    }
    *entries = entry;
    *n = model->n_meta;
out:
    return st;
}

static gnt_status pack(gnt_onnx_writer *w, Onnx__StringStringEntryProto *entry, size_t n_entries, gnt_text *bytes)
{
    gnt_status st = GNT_OK;
    gnt_error *why = w->why;
    port_room in, out;
    Onnx__ModelProto m = ONNX__MODEL_PROTO__INIT;
    Onnx__GraphProto g = ONNX__GRAPH_PROTO__INIT;
    Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets[1] = {&opset};
    Onnx__StringStringEntryProto **entries = NULL;
    describe_port(&in, "features", 3, (int64_t[]){0, w->model->net.window, w->model->net.n_features});
    describe_port(&out, "predictions", 2, (int64_t[]){0, 1});
    g.name = (char *)(uintptr_t) "gauntlet";
    g.node = w->nodes, g.n_node = w->n_nodes;
    g.initializer = w->tensors, g.n_initializer = w->n_tensors;
    g.input = in.list, g.n_input = 1;
    g.output = out.list, g.n_output = 1;
    opset.domain = (char *)(uintptr_t) "";
    opset.has_version = m.has_ir_version = true;
    opset.version = OPSET;
    m.ir_version = IR_VERSION;
    m.producer_name = (char *)(uintptr_t) "gauntlet";
    m.producer_version = (char *)(uintptr_t)GNT_VERSION;
    m.graph = &g;
    m.opset_import = opsets, m.n_opset_import = 1;
    GNT_ALLOC(entries, n_entries);
    for (size_t i = 0; i < n_entries; i++) entries[i] = &entry[i];
    m.metadata_props = entries, m.n_metadata_props = n_entries;
    bytes->n = onnx__model_proto__get_packed_size(&m);
    GNT_ALLOC(bytes->data, bytes->n);
    onnx__model_proto__pack(&m, (uint8_t *)bytes->data);
out:
    free(entries);
    return st;
}

static gnt_status check(const gnt_model *model, gnt_error *why)
{
    const gnt_net *net = &model->net;
    if (!model->weights || net->layers < 1 || net->layers > GNT_MAX_LAYERS || !net->hidden || !net->n_features ||
        !net->window || (net->pool == GNT_POOL_ATTENTION) != (net->attention > 0) ||
        (model->scaler.n && model->scaler.n != net->n_features))
        return gnt_fail(why, GNT_EINVAL, "the model is incomplete: weights, layers, sizes or scaler don't fit");
    for (size_t i = 0, n = gnt_net_n_weights(net); i < n; i++)
        if (!isfinite(model->weights[i]))
            return gnt_fail(why, GNT_EVALUE, "the model's weight %zu is not finite: it is not written", i);
    return GNT_OK;
}

gnt_status gnt_onnx_pack(const gnt_model *model, gnt_text *bytes, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_onnx_writer *w = NULL;
    Onnx__StringStringEntryProto *entry = NULL;
    size_t n_entries = 0;
    *bytes = (gnt_text){0};
    GNT_GOTO(check(model, why));
    GNT_ALLOC(w, 1);
    w->model = model;
    w->why = why;
    GNT_GOTO(describe_meta(model, &entry, &n_entries, why));
    graph(w);
    GNT_GOTO(w->st);
    GNT_GOTO(pack(w, entry, n_entries, bytes));
out:
    for (size_t i = 0; w && i < w->n_tensors; i++) free(w->tensor[i].data);
    free(entry);
    free(w);
    return st;
}

gnt_status gnt_onnx_write(const char *path, const gnt_model *model, gnt_error *why)
{
    gnt_text bytes;
    GNT_TRY(gnt_onnx_pack(model, &bytes, why));
    gnt_status st = gnt_file_write(path, bytes.data, bytes.n, why);
    gnt_text_free(&bytes);
    return st;
}
