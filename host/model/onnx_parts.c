#include "onnx_parts.h"

#include <stdio.h>
#include <string.h>

#include "host/base/mem.h"

static void *gnt_onnx_add_tensor(gnt_onnx_writer *w, const char *name, int type, size_t rank, const int64_t *dims)
{
    gnt_onnx_tensor *room = &w->tensor[w->n_tensors];
    size_t n = 1, size = type == GNT_PART_FLOAT ? 4 : 8;
    if (w->st) return NULL;
    onnx__tensor_proto__init(&room->tensor);
    for (size_t k = 0; k < rank; k++) n *= (size_t)(room->dims[k] = dims[k]);
    room->data = gnt_alloc(n, size);
    if (!room->data) {
        w->st = gnt_fail(w->why, GNT_ENOMEM, "out of memory");
        return NULL;
    }
    snprintf(room->name, sizeof room->name, "%s", name);
    room->tensor.name = room->name;
    room->tensor.dims = room->dims;
    room->tensor.n_dims = rank;
    room->tensor.has_data_type = room->tensor.has_raw_data = true;
    room->tensor.data_type = type;
    room->tensor.raw_data = (ProtobufCBinaryData){n * size, room->data};
    w->tensors[w->n_tensors++] = &room->tensor;
    return room->data;
}

float *gnt_onnx_add_floats(gnt_onnx_writer *w, const char *name, size_t rank, const int64_t *dims, const float *from)
{
    float *to = gnt_onnx_add_tensor(w, name, GNT_PART_FLOAT, rank, dims);
    if (to && from) memcpy(to, from, w->tensor[w->n_tensors - 1].tensor.raw_data.len);
    return to;
}

void gnt_onnx_add_ints(gnt_onnx_writer *w, const char *name, size_t rank, size_t n, const int64_t *from)
{
    int64_t *to = gnt_onnx_add_tensor(w, name, GNT_PART_INT64, rank, (int64_t[]){(int64_t)n});
    if (to) memcpy(to, from, n * sizeof *to);
}

static size_t ports(char room[][GNT_PART_ROOM], char **list, const char *names)
{
    size_t n = 0;
    while (*names) {
        size_t length = strcspn(names, " ");
        snprintf(room[n], GNT_PART_ROOM, "%.*s", length == 1 && *names == '_' ? 0 : (int)length, names);
        list[n] = room[n];
        n++;
        names += length + (names[length] == ' ');
    }
    return n;
}

gnt_onnx_node *gnt_onnx_add_node(gnt_onnx_writer *w, const char *op, const char *name, const char *inputs,
                                 const char *outputs)
{
    gnt_onnx_node *room = &w->node[w->n_nodes];
    onnx__node_proto__init(&room->node);
    snprintf(room->name, sizeof room->name, "%s", name);
    room->node.op_type = (char *)(uintptr_t)op; /* protobuf-c's strings are not const; only read */
    room->node.name = room->name;
    room->node.input = room->inputs;
    room->node.output = room->outputs;
    room->node.n_input = ports(room->port, room->inputs, inputs);
    room->node.n_output = ports(room->port + GNT_PART_MAX_PORTS, room->outputs, outputs);
    room->node.attribute = room->attributes;
    w->nodes[w->n_nodes++] = &room->node;
    return room;
}

static Onnx__AttributeProto *add_attribute(gnt_onnx_node *room, const char *name, int type)
{
    size_t i = room->node.n_attribute++;
    onnx__attribute_proto__init(&room->attribute[i]);
    room->attribute[i].name = (char *)(uintptr_t)name;
    room->attribute[i].has_type = true;
    room->attribute[i].type = type;
    room->attributes[i] = &room->attribute[i];
    return &room->attribute[i];
}

void gnt_onnx_set_int(gnt_onnx_node *room, const char *name, int64_t value)
{
    Onnx__AttributeProto *a = add_attribute(room, name, 2);
    a->has_i = true;
    a->i = value;
}

void gnt_onnx_set_ints(gnt_onnx_node *room, const char *name, size_t n, const int64_t *values)
{
    Onnx__AttributeProto *a = add_attribute(room, name, 7);
    memcpy(room->ints, values, n * sizeof *values);
    a->ints = room->ints;
    a->n_ints = n;
}

void gnt_onnx_set_text(gnt_onnx_node *room, const char *name, const char *value)
{
    Onnx__AttributeProto *a = add_attribute(room, name, 3);
    a->has_s = true;
    a->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)(uintptr_t)value};
}
