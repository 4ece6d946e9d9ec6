/* Where each tensor of a model lies in its flat weight array; see gnt_tensor in kernels.h. */
#include <stdio.h>

#include "kernels.h"

enum { PER_DIRECTION = 4, ATTENTION_TENSORS = 3, HEAD_TENSORS = 2 };

static size_t directions(const gnt_net *net)
{
    return net->bidirectional ? 2 : 1;
}

size_t gnt_net_n_tensors(const gnt_net *net)
{
    return net->layers * directions(net) * PER_DIRECTION + (net->pool == GNT_POOL_ATTENTION ? ATTENTION_TENSORS : 0) +
           HEAD_TENSORS;
}

typedef struct matrix_shape {
    size_t rows, cols;
} matrix_shape;

static matrix_shape shape(const gnt_net *net, size_t i)
{
    size_t n_dir = directions(net), width = net->hidden * n_dir, n_lstm = net->layers * n_dir * PER_DIRECTION;
    if (i < n_lstm) {
        size_t layer = i / (n_dir * PER_DIRECTION), k = i % PER_DIRECTION,
               inputs = layer == 0 ? net->n_features : width;
        return (matrix_shape){4 * (size_t)net->hidden, k == 0 ? inputs : k == 1 ? net->hidden : 1};
    }
    i -= n_lstm;
    if (net->pool == GNT_POOL_ATTENTION) {
        if (i < ATTENTION_TENSORS) return (matrix_shape){net->attention, i == 0 ? width : 1};
        i -= ATTENTION_TENSORS;
    }
    return (matrix_shape){i == 0 ? width : 1, 1};
}

static void set_name(const gnt_net *net, size_t i, gnt_tensor *tensor)
{
    static const char *const part[PER_DIRECTION] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    static const char *const attention[ATTENTION_TENSORS] = {"attention.weight", "attention.bias", "attention.v"};
    static const char *const head[HEAD_TENSORS] = {"fc.weight", "fc.bias"};
    size_t n_dir = directions(net), n_lstm = net->layers * n_dir * PER_DIRECTION;
    if (i < n_lstm) {
        snprintf(tensor->name, sizeof tensor->name, "lstm.%s_l%zu%s", part[i % PER_DIRECTION],
                 i / (n_dir * PER_DIRECTION), i / PER_DIRECTION % n_dir ? "_reverse" : "");
        return;
    }
    i -= n_lstm;
    bool attends = net->pool == GNT_POOL_ATTENTION;
    const char *name = attends && i < ATTENTION_TENSORS ? attention[i] : head[attends ? i - ATTENTION_TENSORS : i];
    snprintf(tensor->name, sizeof tensor->name, "%s", name);
}

/* Numbers of the first n tensors. */
static size_t size_of(const gnt_net *net, size_t n)
{
    size_t size = 0;
    for (size_t k = 0; k < n; k++) {
        matrix_shape s = shape(net, k);
        size += s.rows * s.cols;
    }
    return size;
}

void gnt_net_tensor(const gnt_net *net, size_t i, gnt_tensor *tensor)
{
    matrix_shape s = shape(net, i);
    set_name(net, i, tensor);
    tensor->offset = size_of(net, i);
    tensor->rows = s.rows;
    tensor->cols = s.cols;
}

size_t gnt_net_n_weights(const gnt_net *net)
{
    return size_of(net, gnt_net_n_tensors(net));
}
