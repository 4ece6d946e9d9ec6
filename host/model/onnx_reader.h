/* Reading an ONNX graph: private to host/model.
 *
 * The graph is not pattern-matched but run once with abstract values: every tensor name gets a value that says what
 * it is to the model (a constant, zeros of some shape, the features, the output sequence of a layer, ...) and in which
 * order its axes lie. An operator is a table row with a handler; whatever a handler can't give a meaning to is refused
 * by its node's name. So chains that only move axes or compute shapes fold away however an exporter writes them. */
#ifndef GNT_ONNX_READER_H
#define GNT_ONNX_READER_H

#include "host/model/model.h"
#include "onnx.pb-c.h"

enum {
    GNT_ONNX_RANK = 6,                    /* axes of a tensor */
    GNT_ONNX_PIECES = GNT_MAX_LAYERS * 2, /* layer x direction */
    GNT_ONNX_PORTS = 64,                  /* inputs of a node */
    GNT_ONNX_FLOAT = 1,                   /* TensorProto.DataType values that can be read */
    GNT_ONNX_INT32 = 6,
    GNT_ONNX_INT64 = 7,
    GNT_ONNX_BOOL = 9,
};

/* Sizes known only when the model runs stand in integer tensors as these; numbers from a file are cut to +-2^62. */
#define GNT_DIM_BATCH INT64_MIN
#define GNT_DIM_WINDOW (INT64_MIN + 1)
#define GNT_DIM_UNKNOWN (INT64_MIN + 2)
#define GNT_DIM_CUT ((int64_t)1 << 62)

typedef enum gnt_value_kind {
    GNT_VALUE_NONE = 0, /* an optional input left out */
    GNT_VALUE_INTS,
    GNT_VALUE_FLOATS,
    GNT_VALUE_FILL,  /* floats of any shape, all zero or not */
    GNT_VALUE_OTHER, /* a constant of a type that no supported use can take */
    GNT_VALUE_FLOW,  /* depends on the features */
} gnt_value_kind;

typedef enum gnt_stage {
    GNT_STAGE_FEATURES = 0, /* raw, then scaled */
    GNT_STAGE_SEQUENCE,     /* output sequence of a layer */
    GNT_STAGE_STATE,        /* one vector per window */
    GNT_STAGE_CELL,         /* final cell state: may be moved about, not used */
    GNT_STAGE_PROJECTED,    /* attention: W h, then + b */
    GNT_STAGE_ACTIVATED,    /* tanh of it */
    GNT_STAGE_ENERGY,       /* v . tanh(W h + b) */
    GNT_STAGE_SHARE,        /* softmax over steps */
    GNT_STAGE_WEIGHTED,     /* share * h */
    GNT_STAGE_LOGIT,
    GNT_STAGE_PROBABILITY,
} gnt_stage;

typedef enum gnt_axis {
    GNT_AXIS_BATCH = 0,
    GNT_AXIS_TIME,
    GNT_AXIS_PIECE,   /* directions or layer x direction, as many as pieces */
    GNT_AXIS_CHANNEL, /* `width` values */
    GNT_AXIS_ONE,     /* size 1 */
} gnt_axis;

/* H channels from one direction of one layer. */
typedef struct gnt_piece {
    uint8_t layer, reverse;
    bool final; /* that direction's own final state (Y_h) instead of element L-1 of its sequence */
} gnt_piece;

typedef struct gnt_flow {
    gnt_stage stage;
    size_t rank;
    gnt_axis axis[GNT_ONNX_RANK];
    size_t width; /* of the CHANNEL axis; 0: not known yet (features) */
    gnt_piece piece[GNT_ONNX_PIECES];
    size_t n_pieces;
} gnt_flow;

typedef struct gnt_value {
    const char *name; /* borrowed from the message */
    gnt_value_kind kind;
    size_t rank, dim[GNT_ONNX_RANK], n; /* INTS, FLOATS */
    const int64_t *ints;                /* [n], the arena's */
    const float *floats;                /* [n], the arena's */
    bool zero;                          /* FILL */
    int data_type;                      /* OTHER */
    gnt_flow flow;
} gnt_value;

typedef struct gnt_lstm_weights {
    const float *w, *r, *b; /* ONNX layout and gate order; b NULL: zeros */
    size_t in;
} gnt_lstm_weights;

typedef struct gnt_reader {
    const char *file;
    gnt_error *why;
    const Onnx__NodeProto *node; /* being run */
    int64_t opset;
    uint32_t asked_window; /* 0: none */
    int64_t batch, window; /* a size or GNT_DIM_BATCH, GNT_DIM_WINDOW */
    gnt_value *value;      /* [n_values] */
    size_t n_values, values_room;
    void **block; /* arena: [n_blocks] */
    size_t n_blocks, blocks_room, bytes, max_bytes;
    gnt_net net; /* as far as known */
    gnt_scaler scaler;
    bool has_center, has_scale, has_limit;
    gnt_lstm_weights layer[GNT_MAX_LAYERS];
    const float *attention_w, *attention_b, *attention_v; /* w as [D][A]; b NULL: zeros */
    const float *fc;                                      /* [n_pieces * H], in the pieces' order */
    float fc_bias;
    bool has_fc, has_fc_bias;
    gnt_flow head; /* what fc reads */
} gnt_reader;

/* "m.onnx: node 'LSTM_3' (LSTM): ..." as an error of the given status. */
gnt_status gnt_reader_refuse(gnt_reader *r, gnt_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
gnt_status gnt_reader_unsupported(gnt_reader *r, const char *what); /* the same with EUNSUPPORTED and plain text */
/* n * size bytes that live as long as the reader; NULL after an error was set. */
void *gnt_reader_alloc(gnt_reader *r, size_t n, size_t size);

/* ---- values (onnx_value.c) */
GNT_MUST_CHECK gnt_status gnt_value_of_tensor(gnt_reader *r, const Onnx__TensorProto *tensor, gnt_value *value);
GNT_MUST_CHECK gnt_status gnt_reader_define(gnt_reader *r, const char *name, const gnt_value *value);
/* Input i of the running node; NULL when it is left out or not there. */
const gnt_value *gnt_reader_input(gnt_reader *r, size_t i);
GNT_MUST_CHECK gnt_status gnt_reader_output(gnt_reader *r, size_t i, const gnt_value *value);
GNT_MUST_CHECK gnt_status gnt_attribute_int(gnt_reader *r, const char *name, int64_t fallback, int64_t *value);
GNT_MUST_CHECK gnt_status gnt_attribute_float(gnt_reader *r, const char *name, double fallback, double *value);
const Onnx__AttributeProto *gnt_attribute_find(const gnt_reader *r, const char *name);
/* A list of integers given as attribute `name` or as input i (opset 13 moved it); *n = SIZE_MAX when absent. */
GNT_MUST_CHECK gnt_status gnt_reader_list(gnt_reader *r, const char *name, size_t i, const int64_t **list, size_t *n);
/* axis in [-rank, rank) -> [0, rank). */
GNT_MUST_CHECK gnt_status gnt_reader_axis(gnt_reader *r, int64_t axis, size_t rank, size_t *index);
/* Finite float32 constants; says what they are for in a refusal. */
GNT_MUST_CHECK gnt_status gnt_value_weights(gnt_reader *r, const gnt_value *value, const char *what,
                                            const float **floats);

const gnt_flow *gnt_flow_of(const gnt_value *value);                                      /* NULL for anything else */
GNT_MUST_CHECK gnt_status gnt_reader_emit(gnt_reader *r, size_t i, const gnt_flow *flow); /* as output i */

/* ---- operators; each handles the reader's running node */
typedef gnt_status gnt_operator(gnt_reader *r);
/* onnx_const.c: on constants; GNT_OK and *done false when input 0 is a flow */
GNT_MUST_CHECK gnt_status gnt_const_take(gnt_reader *r, const gnt_value *in, size_t axis, const int64_t *index,
                                         size_t n_index, bool drop, gnt_value *out);
GNT_MUST_CHECK gnt_status gnt_const_concat(gnt_reader *r, size_t n, size_t axis, gnt_value *out);
GNT_MUST_CHECK gnt_status gnt_const_transpose(gnt_reader *r, const gnt_value *in, const size_t *perm, gnt_value *out);
GNT_MUST_CHECK gnt_status gnt_const_reshape(gnt_reader *r, const gnt_value *in, const int64_t *dim, size_t n,
                                            gnt_value *out);
/* onnx_flow.c: on flows */
int64_t gnt_flow_size(const gnt_reader *r, const gnt_flow *flow, size_t k);
GNT_MUST_CHECK gnt_status gnt_flow_reshape(gnt_reader *r, const gnt_flow *in, const int64_t *dim, size_t n,
                                           gnt_flow *out);
GNT_MUST_CHECK gnt_status gnt_flow_range(gnt_reader *r, const gnt_flow *in, size_t axis, int64_t begin, int64_t end,
                                         gnt_flow *out);
GNT_MUST_CHECK gnt_status gnt_flow_pick(gnt_reader *r, const gnt_flow *in, size_t axis, int64_t index, bool drop,
                                        gnt_flow *out);
GNT_MUST_CHECK gnt_status gnt_flow_concat(gnt_reader *r, size_t n, size_t axis, gnt_flow *out);
void gnt_flow_drop(gnt_flow *flow, size_t axis);
bool gnt_flow_is(const gnt_flow *flow, gnt_stage stage, size_t rank, const gnt_axis *axis);
size_t gnt_flow_find(const gnt_flow *flow, gnt_axis axis); /* rank when it has none */
/* onnx_move.c: operators that move or pick elements and compute shapes */
gnt_operator gnt_op_same, gnt_op_dropout, gnt_op_cast, gnt_op_constant, gnt_op_constant_of_shape, gnt_op_shape,
    gnt_op_gather, gnt_op_slice, gnt_op_concat, gnt_op_unsqueeze, gnt_op_squeeze, gnt_op_reshape, gnt_op_flatten,
    gnt_op_transpose, gnt_op_expand;
/* onnx_lstm.c, onnx_layers.c: operators that compute */
gnt_operator gnt_op_lstm, gnt_op_gemm, gnt_op_matmul, gnt_op_add, gnt_op_sub, gnt_op_div, gnt_op_mul, gnt_op_clip,
    gnt_op_tanh, gnt_op_softmax, gnt_op_reduce_sum, gnt_op_sigmoid;

/* onnx_build.c: the model from what the graph was found to be */
GNT_MUST_CHECK gnt_status gnt_reader_pool(gnt_reader *r);
GNT_MUST_CHECK gnt_status gnt_reader_weights(gnt_reader *r, gnt_model *model);
GNT_MUST_CHECK gnt_status gnt_reader_scaler(gnt_reader *r, gnt_model *model);

#endif
