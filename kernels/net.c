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

/* Name and shape of tensor i, without its offset. */
static void shape(const gnt_net *net, size_t i, gnt_tensor *tensor)
{
    static const char *const part[PER_DIRECTION] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    static const char *const attention[ATTENTION_TENSORS] = {"attention.weight", "attention.bias", "attention.v"};
    size_t n_dir = directions(net), width = net->hidden * n_dir, n_lstm = net->layers * n_dir * PER_DIRECTION;
    if (i < n_lstm) {
        size_t layer = i / (n_dir * PER_DIRECTION), reverse = i / PER_DIRECTION % n_dir, k = i % PER_DIRECTION;
        snprintf(tensor->name, sizeof tensor->name, "lstm.%s_l%zu%s", part[k], layer, reverse ? "_reverse" : "");
        tensor->rows = 4 * (size_t)net->hidden;
        tensor->cols = k == 0 ? (layer == 0 ? net->n_features : width) : k == 1 ? net->hidden : 1;
        return;
    }
    i -= n_lstm;
    if (net->pool == GNT_POOL_ATTENTION) {
        if (i < ATTENTION_TENSORS) {
            snprintf(tensor->name, sizeof tensor->name, "%s", attention[i]);
            tensor->rows = net->attention;
            tensor->cols = i == 0 ? width : 1;
            return;
        }
        i -= ATTENTION_TENSORS;
    }
    snprintf(tensor->name, sizeof tensor->name, i == 0 ? "fc.weight" : "fc.bias");
    tensor->rows = i == 0 ? width : 1;
    tensor->cols = 1;
}

void gnt_net_tensor(const gnt_net *net, size_t i, gnt_tensor *tensor)
{
    size_t offset = 0;
    for (size_t k = 0; k < i; k++) {
        shape(net, k, tensor);
        offset += tensor->rows * tensor->cols;
    }
    shape(net, i, tensor);
    tensor->offset = offset;
}

size_t gnt_net_n_weights(const gnt_net *net)
{
    gnt_tensor last;
    gnt_net_tensor(net, gnt_net_n_tensors(net) - 1, &last);
    return last.offset + last.rows * last.cols;
}
