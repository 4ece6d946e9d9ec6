/* Nodes and tensors of an ONNX graph being written: private to host/model. All room is in one block. */
#ifndef GNT_ONNX_PARTS_H
#define GNT_ONNX_PARTS_H

#include "host/model/model.h"
#include "onnx.pb-c.h"

enum {
    GNT_PART_MAX_NODES = 3 + 1 + GNT_MAX_LAYERS * 3 + 10 + 2,
    GNT_PART_MAX_TENSORS = 16 + GNT_MAX_LAYERS * 3,
    GNT_PART_MAX_PORTS = 4,
    GNT_PART_MAX_ATTRIBUTES = 3,
    GNT_PART_ROOM = 48,
    GNT_PART_FLOAT = 1,
    GNT_PART_INT64 = 7,
};

typedef struct gnt_onnx_node {
    Onnx__NodeProto node;
    Onnx__AttributeProto attribute[GNT_PART_MAX_ATTRIBUTES], *attributes[GNT_PART_MAX_ATTRIBUTES];
    char name[GNT_PART_ROOM], port[2 * GNT_PART_MAX_PORTS][GNT_PART_ROOM];
    char *inputs[GNT_PART_MAX_PORTS], *outputs[GNT_PART_MAX_PORTS];
    int64_t ints[4];
} gnt_onnx_node;

typedef struct gnt_onnx_tensor {
    Onnx__TensorProto tensor;
    char name[GNT_PART_ROOM];
    int64_t dims[3];
    void *data; /* owned */
} gnt_onnx_tensor;

typedef struct gnt_onnx_writer {
    const gnt_model *model;
    gnt_error *why;
    gnt_status st; /* the first failure; later calls do nothing */
    gnt_onnx_node node[GNT_PART_MAX_NODES];
    Onnx__NodeProto *nodes[GNT_PART_MAX_NODES];
    size_t n_nodes;
    gnt_onnx_tensor tensor[GNT_PART_MAX_TENSORS];
    Onnx__TensorProto *tensors[GNT_PART_MAX_TENSORS];
    size_t n_tensors;
} gnt_onnx_writer;

/* A constant; from NULL: zeros to be filled through the pointer, which is NULL after a failure (kept in w->st). */
float *gnt_onnx_add_floats(gnt_onnx_writer *w, const char *name, size_t rank, const int64_t *dims, const float *from);
void gnt_onnx_add_ints(gnt_onnx_writer *w, const char *name, size_t rank, size_t n, const int64_t *from);

/* op must outlive the writer. inputs, outputs: names with a space between; "_" is a left-out port. */
gnt_onnx_node *gnt_onnx_add_node(gnt_onnx_writer *w, const char *op, const char *name, const char *inputs,
                                 const char *outputs);
/* Attributes; names and texts must outlive the writer, ints are copied (4 at most, one list a node). */
void gnt_onnx_set_int(gnt_onnx_node *room, const char *name, int64_t value);
void gnt_onnx_set_ints(gnt_onnx_node *room, const char *name, size_t n, const int64_t *values);
void gnt_onnx_set_text(gnt_onnx_node *room, const char *name, const char *value);

#endif
