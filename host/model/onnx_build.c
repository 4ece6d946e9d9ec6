/* The model that an ONNX graph was found to be: its pooling, PyTorch's flat weights, its scaler. */
#include <math.h>
#include <string.h>

#include "host/base/mem.h"
#include "onnx_reader.h"

/* Which directions the head reads; unidirectional final states and last steps are the same thing. */
gnt_status gnt_reader_pool(gnt_reader *r)
{
    bool seen[2] = {false, false}, whole = r->head.n_pieces == (r->net.bidirectional ? 2u : 1u);
    for (size_t i = 0; i < r->head.n_pieces; i++) {
        const gnt_piece *p = &r->head.piece[i];
        if (p->layer + 1u != r->net.layers || seen[p->reverse])
            return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "the linear layer must read the last layer's output once");
        seen[p->reverse] = true;
        if (p->reverse && p->final) r->net.pool = GNT_POOL_FINAL;
    }
    if (r->net.pool != GNT_POOL_ATTENTION) r->net.attention = 0; /* attention that nothing reads */
    if (r->net.pool == GNT_POOL_ATTENTION && !(whole && r->head.piece[0].reverse == 0))
        return gnt_reader_refuse(r, GNT_EUNSUPPORTED, "attention must pool the last layer's whole output");
    return GNT_OK;
}

/* Gate blocks of H rows: ONNX i o f c -> PyTorch i f g o. */
static void copy_gates(float *to, const float *from, size_t hidden, size_t cols)
{
    static const size_t source[4] = {0, 2, 3, 1};
    for (size_t g = 0; g < 4; g++)
        memcpy(to + g * hidden * cols, from + source[g] * hidden * cols, hidden * cols * sizeof *to);
}

static void copy_lstm(const gnt_reader *r, size_t layer, size_t reverse, size_t part, float *to)
{
    const gnt_lstm_weights *l = &r->layer[layer];
    size_t h = r->net.hidden;
    if (part == 0) copy_gates(to, l->w + reverse * 4 * h * l->in, h, l->in);
    if (part == 1) copy_gates(to, l->r + reverse * 4 * h * h, h, h);
    if (part >= 2 && l->b) copy_gates(to, l->b + (reverse * 8 + (part - 2) * 4) * h, h, 1);
}

static void copy_head(const gnt_reader *r, float *to, size_t part)
{
    size_t h = r->net.hidden;
    if (part == 1) *to = r->fc_bias;
    for (size_t i = 0; part == 0 && i < r->head.n_pieces; i++)
        memcpy(to + r->head.piece[i].reverse * h, r->fc + i * h, h * sizeof *to);
}

static void copy_attention(const gnt_reader *r, const gnt_tensor *tensor, float *to, size_t part)
{
    size_t a = r->net.attention;
    for (size_t i = 0; part == 0 && i < tensor->rows; i++) /* [D][A] in the graph, [A][D] in the model */
        for (size_t k = 0; k < tensor->cols; k++) to[i * tensor->cols + k] = r->attention_w[k * a + i];
    if (part == 1 && r->attention_b) memcpy(to, r->attention_b, a * sizeof *to);
    if (part == 2) memcpy(to, r->attention_v, a * sizeof *to);
}

gnt_status gnt_reader_weights(gnt_reader *r, gnt_model *model)
{
    size_t d = r->net.bidirectional ? 2 : 1, n_lstm = r->net.layers * d * 4;
    size_t n_attention = r->net.pool == GNT_POOL_ATTENTION ? 3 : 0;
    model->weights = gnt_alloc(gnt_net_n_weights(&r->net), sizeof *model->weights);
    if (!model->weights) return gnt_reader_refuse(r, GNT_ENOMEM, "out of memory");
    for (size_t i = 0; i < gnt_net_n_tensors(&r->net); i++) {
        gnt_tensor tensor;
        gnt_net_tensor(&r->net, i, &tensor);
        float *to = model->weights + tensor.offset;
        if (i < n_lstm)
            copy_lstm(r, i / (4 * d), i / 4 % d, i % 4, to);
        else if (i < n_lstm + n_attention)
            copy_attention(r, &tensor, to, i - n_lstm);
        else
            copy_head(r, to, i - n_lstm - n_attention);
    }
    return GNT_OK;
}

gnt_status gnt_reader_scaler(gnt_reader *r, gnt_model *model)
{
    size_t n = r->net.n_features;
    if (!r->has_center && !r->has_scale && !r->has_limit) return GNT_OK;
    model->scaler = (gnt_scaler){.n = n, .limit = r->has_limit ? r->scaler.limit : INFINITY};
    model->scaler.center = gnt_alloc(n, sizeof(float));
    model->scaler.scale = gnt_alloc(n, sizeof(float));
    if (!model->scaler.center || !model->scaler.scale) return gnt_reader_refuse(r, GNT_ENOMEM, "out of memory");
    for (size_t k = 0; k < n; k++) {
        model->scaler.center[k] = r->has_center ? r->scaler.center[k] : 0;
        model->scaler.scale[k] = r->has_scale ? r->scaler.scale[k] : 1;
    }
    return GNT_OK;
}
