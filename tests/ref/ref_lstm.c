#include "tests/ref/ref_lstm.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define U 0x1p-24     /* unit roundoff of float32 */
#define TINY 0x1p-148 /* what an underflow can lose */
#define U_BF16 0x1p-8 /* unit roundoff of bfloat16 */
#define ACTIVATION 6  /* 3 ulp in units of U: an ulp is at most 2 U of its number */

/* ---- numbers with bounds ------------------------------------------------------------------------------ */

static ref_num exact(double v)
{
    return (ref_num){v, 0};
}
static ref_num plus(ref_num a, ref_num b)
{
    double v = a.v + b.v, e = a.e + b.e;
    return (ref_num){v, e + U * (fabs(v) + e)};
}
static ref_num minus(ref_num a, ref_num b)
{
    return plus(a, (ref_num){-b.v, b.e});
}
static ref_num times(ref_num a, ref_num b)
{
    double v = a.v * b.v, e = fabs(a.v) * b.e + fabs(b.v) * a.e + a.e * b.e;
    return (ref_num){v, e + U * (fabs(v) + e) + TINY};
}
static ref_num sigmoid(ref_num z)
{
    double v = 1 / (1 + exp(-z.v)), e = 0.25 * z.e;
    return (ref_num){v, e + ACTIVATION * U * (v + e) + TINY};
}
static ref_num tangent(ref_num z)
{
    double v = tanh(z.v);
    return (ref_num){v, z.e + ACTIVATION * U * (fabs(v) + z.e) + TINY};
}
/* 1 - t^2 */
static ref_num tangent_slope(ref_num t)
{
    return minus(exact(1), times(t, t));
}
static void sum_product(ref_sum *sum, ref_num a, ref_num b)
{
    double v = a.v * b.v, e = fabs(a.v) * b.e + fabs(b.v) * a.e + a.e * b.e;
    sum->v += v;
    sum->e += e;
    sum->magnitude += fabs(v) + e;
    sum->n += 1;
}
static void sum_number(ref_sum *sum, ref_num a)
{
    sum_product(sum, a, exact(1));
}
ref_num ref_sum_value(const ref_sum *sum)
{
    double rounding = (sum->n + 1) * U;
    return (ref_num){sum->v, sum->e + rounding / (1 - rounding) * sum->magnitude + sum->n * TINY};
}

/* ---- bfloat16 on tensor cores (docs/NUMERICS.md) ---------------------------------------------------------- */

#define TILE 16          /* products of one instruction */
#define TILE_ROUNDING 48 /* error of adding a tile, in U of the sum of all magnitudes */
#define APPROX_SIGMOID 6 /* absolute errors in U */
#define APPROX_TANH 8
#define APPROX_PRODUCTS 12 /* relative, of f c', i g and o tanh(c) */

/* Nearest number of 8 significant bits, ties to even. */
static double to_bf16(double v)
{
    int exponent;
    if (v == 0) return 0;
    (void)frexp(v, &exponent);
    return ldexp(nearbyint(ldexp(v, 8 - exponent)), exponent - 8);
}

/* Rounding is monotone: whatever lies within e of v ends up between the rounded ends. */
static ref_num rounded(ref_num a)
{
    double v = to_bf16(a.v), above = to_bf16(a.v + a.e) - v, below = v - to_bf16(a.v - a.e);
    return (ref_num){v, fmax(above, below) + (fabs(a.v) - a.e < 0x1p-126 && a.v != 0 ? 0x1p-126 : 0)};
}

static size_t tiles(size_t n)
{
    return (n + TILE - 1) / TILE;
}

static ref_num tiled_sum_value(const ref_sum *sum, size_t n_tiles)
{
    double rounding = (double)n_tiles * TILE_ROUNDING * U;
    return (ref_num){sum->v, sum->e + rounding / (1 - rounding) * sum->magnitude};
}

static ref_num loosened(ref_num a, double n)
{
    return (ref_num){a.v, a.e + n * U * (fabs(a.v) + a.e)};
}

/* ---- architecture ---------------------------------------------------------------------------------------- */

struct ref_lstm {
    gnt_net net;
    bool bf16;                      /* bounds of products in bfloat16 */
    bool tensor;                    /* products in bfloat16 of numbers rounded as a tensor core meets them */
    size_t directions, width, most; /* most: largest number of inputs of a layer */
    ref_num *x;                     /* [layers][L][most] what each layer read */
    ref_num *h;                     /* [layers][L][D] */
    ref_num *gate;                  /* [layers][directions][L][H][4] */
    ref_num *c, *tanh_c;            /* [layers][directions][L][H] */
    ref_num *u;                     /* [L][A] tanh(W h + b) */
    ref_num *alpha;                 /* [L] */
    ref_num *pooled;                /* [D] */
    ref_num *dh;                    /* [L][most] */
    const double *mask;
    size_t *offset; /* of each tensor in the flat weights */
};

static void *zeros(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p) abort();
    return p;
}

ref_lstm *ref_lstm_open(const gnt_net *net)
{
    ref_lstm *r = zeros(1, sizeof *r);
    r->net = *net;
    r->directions = net->bidirectional ? 2 : 1;
    r->width = net->hidden * r->directions;
    r->most = net->n_features > r->width ? net->n_features : r->width;
    size_t steps = net->window, cells = net->layers * r->directions * steps * net->hidden;
    r->x = zeros(net->layers * steps * r->most, sizeof(ref_num));
    r->h = zeros(net->layers * steps * r->width, sizeof(ref_num));
    r->gate = zeros(cells * 4, sizeof(ref_num));
    r->c = zeros(cells, sizeof(ref_num));
    r->tanh_c = zeros(cells, sizeof(ref_num));
    r->u = zeros(steps * net->attention, sizeof(ref_num));
    r->alpha = zeros(steps, sizeof(ref_num));
    r->pooled = zeros(r->width, sizeof(ref_num));
    r->dh = zeros(steps * r->most, sizeof(ref_num));
    r->offset = zeros(gnt_net_n_tensors(net), sizeof(size_t));
    for (size_t i = 0; i < gnt_net_n_tensors(net); i++) {
        gnt_tensor t;
        gnt_net_tensor(net, i, &t);
        r->offset[i] = t.offset;
    }
    return r;
}

void ref_lstm_bf16(ref_lstm *r)
{
    r->bf16 = true;
}

void ref_lstm_tensor(ref_lstm *r)
{
    r->tensor = true;
}

void ref_lstm_close(ref_lstm *r)
{
    if (!r) return;
    ref_num *const parts[] = {r->x, r->h, r->gate, r->c, r->tanh_c, r->u, r->alpha, r->pooled, r->dh};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
    free(r->offset);
    free(r);
}

/* Offsets: part 0..3 (weight_ih, weight_hh, bias_ih, bias_hh) of a layer's direction; tensors counted from the end. */
static size_t lstm_tensor(const ref_lstm *r, size_t layer, size_t direction, size_t part)
{
    return r->offset[(layer * r->directions + direction) * 4 + part];
}
static size_t tail_tensor(const ref_lstm *r, size_t from_end)
{
    return r->offset[gnt_net_n_tensors(&r->net) - from_end];
}
enum { FC_BIAS = 1, FC_WEIGHT = 2, ATTENTION_V = 3, ATTENTION_BIAS = 4, ATTENTION_WEIGHT = 5 };

static size_t inputs(const ref_lstm *r, size_t layer)
{
    return layer == 0 ? r->net.n_features : r->width;
}
static size_t cell_at(const ref_lstm *r, size_t layer, size_t direction, size_t step, size_t unit)
{
    return ((layer * r->directions + direction) * r->net.window + step) * r->net.hidden + unit;
}

/* ---- forward ---------------------------------------------------------------------------------------------- */

/* A number as a layer's product meets it: in bf16 rounded to 8 bits, and zero when denormal. */
static ref_num met(const ref_lstm *r, ref_num a)
{
    if (r->tensor) return rounded(a);
    if (r->bf16) a.e += U_BF16 * (fabs(a.v) + a.e) + 0x1p-126;
    return a;
}

static ref_num cell_sigmoid(const ref_lstm *r, ref_num z)
{
    ref_num s = sigmoid(z);
    if (r->tensor) s.e = 0.25 * z.e + APPROX_SIGMOID * U;
    return s;
}
static ref_num cell_tangent(const ref_lstm *r, ref_num z)
{
    ref_num t = tangent(z);
    if (r->tensor) t.e = z.e + APPROX_TANH * U;
    return t;
}
static ref_num cell_product(const ref_lstm *r, ref_num a, ref_num b)
{
    ref_num product = times(a, b);
    return r->tensor ? loosened(product, APPROX_PRODUCTS) : product;
}

static void unit_step(ref_lstm *r, const double *w, size_t l, size_t d, size_t s, bool first, size_t before, size_t j)
{
    size_t hidden = r->net.hidden, n_in = inputs(r, l), at = cell_at(r, l, d, s, j);
    size_t n_tiles = (l ? r->directions * tiles(hidden) : tiles(n_in)) + (first ? 0 : tiles(hidden));
    const ref_num *x = r->x + (l * r->net.window + s) * r->most;
    for (size_t gate = 0; gate < 4; gate++) {
        size_t row = gate * hidden + j;
        const double *w_ih = w + lstm_tensor(r, l, d, 0) + row * n_in,
                     *w_hh = w + lstm_tensor(r, l, d, 1) + row * hidden;
        ref_sum z = {0};
        sum_number(&z, plus(exact(w[lstm_tensor(r, l, d, 2) + row]), exact(w[lstm_tensor(r, l, d, 3) + row])));
        for (size_t k = 0; k < n_in; k++) sum_product(&z, met(r, exact(w_ih[k])), met(r, x[k]));
        for (size_t k = 0; k < hidden && !first; k++)
            sum_product(&z, met(r, exact(w_hh[k])),
                        met(r, r->h[(l * r->net.window + before) * r->width + d * hidden + k]));
        if (r->bf16 || r->tensor) z.e += z.n * 0x1p-126; /* each partial sum may be flushed */
        ref_num value = r->tensor ? tiled_sum_value(&z, n_tiles) : ref_sum_value(&z);
        r->gate[at * 4 + gate] = gate == 2 ? cell_tangent(r, value) : cell_sigmoid(r, value);
    }
    const ref_num *g = r->gate + at * 4;
    r->c[at] = cell_product(r, g[0], g[2]);
    if (!first) r->c[at] = plus(cell_product(r, g[1], r->c[cell_at(r, l, d, before, j)]), r->c[at]);
    r->tanh_c[at] = cell_tangent(r, r->c[at]);
    r->h[(l * r->net.window + s) * r->width + d * hidden + j] = cell_product(r, g[3], r->tanh_c[at]);
}

static void layer_forward(ref_lstm *r, const double *w, size_t l)
{
    size_t steps = r->net.window;
    for (size_t d = 0; d < r->directions; d++)
        for (size_t i = 0; i < steps; i++) {
            size_t s = d ? steps - 1 - i : i, before = d ? s + 1 : s - 1;
            for (size_t j = 0; j < r->net.hidden; j++) unit_step(r, w, l, d, s, i == 0, before, j);
        }
}

static void attend(ref_lstm *r, const double *w, const ref_num *h)
{
    size_t steps = r->net.window, rows = r->net.attention;
    const double *weight = w + tail_tensor(r, ATTENTION_WEIGHT), *bias = w + tail_tensor(r, ATTENTION_BIAS);
    double top = -INFINITY, top_error = 0;
    for (size_t s = 0; s < steps; s++) {
        ref_sum score = {0};
        for (size_t a = 0; a < rows; a++) {
            ref_sum z = {0};
            sum_number(&z, exact(bias[a]));
            for (size_t k = 0; k < r->width; k++) sum_product(&z, exact(weight[a * r->width + k]), h[s * r->width + k]);
            r->u[s * rows + a] = tangent(ref_sum_value(&z));
            sum_product(&score, exact(w[tail_tensor(r, ATTENTION_V) + a]), r->u[s * rows + a]);
        }
        r->alpha[s] = ref_sum_value(&score);
        if (r->alpha[s].v > top) top = r->alpha[s].v;
        if (r->alpha[s].e > top_error) top_error = r->alpha[s].e;
    }
    ref_sum total = {0};
    for (size_t s = 0; s < steps; s++) { /* a shift by any top cancels in the quotient; its rounding does not */
        ref_num shifted = minus(r->alpha[s], (ref_num){top, top_error});
        double v = exp(shifted.v), e = v * expm1(shifted.e);
        r->alpha[s] = (ref_num){v, e + ACTIVATION * U * (v + e) + 2e-38};
        sum_number(&total, r->alpha[s]);
    }
    ref_num sum = ref_sum_value(&total);
    for (size_t s = 0; s < steps; s++) {
        double v = r->alpha[s].v / sum.v, e = (r->alpha[s].e + v * sum.e) / (sum.v - sum.e);
        r->alpha[s] = (ref_num){v, e + U * (v + e)};
    }
    for (size_t k = 0; k < r->width; k++) {
        ref_sum context = {0};
        for (size_t s = 0; s < steps; s++) sum_product(&context, r->alpha[s], h[s * r->width + k]);
        r->pooled[k] = ref_sum_value(&context);
    }
}

static void pool(ref_lstm *r, const double *w)
{
    size_t steps = r->net.window, hidden = r->net.hidden;
    const ref_num *h = r->h + (r->net.layers - 1) * steps * r->width;
    if (r->net.pool == GNT_POOL_ATTENTION) {
        attend(r, w, h);
        return;
    }
    for (size_t k = 0; k < r->width; k++) {
        bool at_start = r->net.pool == GNT_POOL_FINAL && k >= hidden; /* where the reverse direction ends */
        r->pooled[k] = h[(at_start ? 0 : steps - 1) * r->width + k];
    }
}

ref_num ref_lstm_logit(ref_lstm *r, const double *w, const double *x, const double *mask)
{
    size_t steps = r->net.window;
    r->mask = mask;
    for (size_t l = 0; l < r->net.layers; l++) {
        for (size_t s = 0; s < steps; s++)
            for (size_t k = 0; k < inputs(r, l); k++) {
                ref_num *to = &r->x[(l * steps + s) * r->most + k];
                if (l == 0)
                    *to = exact(x[s * r->net.n_features + k]);
                else
                    *to = r->h[((l - 1) * steps + s) * r->width + k];
                if (l && mask) *to = times(*to, exact(mask[((l - 1) * steps + s) * r->width + k]));
            }
        layer_forward(r, w, l);
    }
    pool(r, w);
    ref_sum logit = {0};
    sum_number(&logit, exact(w[tail_tensor(r, FC_BIAS)]));
    for (size_t k = 0; k < r->width; k++) sum_product(&logit, exact(w[tail_tensor(r, FC_WEIGHT) + k]), r->pooled[k]);
    return ref_sum_value(&logit);
}

/* ---- backward --------------------------------------------------------------------------------------------- */

static void attention_back(ref_lstm *r, const double *w, const ref_num *d_pooled, const ref_num *h, ref_sum *gradient)
{
    size_t steps = r->net.window, rows = r->net.attention, n_k = r->width;
    const double *weight = w + tail_tensor(r, ATTENTION_WEIGHT), *v = w + tail_tensor(r, ATTENTION_V);
    ref_num *da = zeros(steps, sizeof *da);
    ref_sum mean = {0};
    for (size_t s = 0; s < steps; s++) {
        ref_sum sum = {0};
        for (size_t k = 0; k < n_k; k++) sum_product(&sum, d_pooled[k], h[s * n_k + k]);
        da[s] = ref_sum_value(&sum);
        sum_product(&mean, r->alpha[s], da[s]);
    }
    for (size_t s = 0; s < steps; s++) {
        ref_num de = times(r->alpha[s], minus(da[s], ref_sum_value(&mean)));
        ref_sum *dh = zeros(n_k, sizeof *dh);
        for (size_t k = 0; k < n_k; k++) sum_product(&dh[k], r->alpha[s], d_pooled[k]);
        for (size_t a = 0; a < rows; a++) {
            ref_num u = r->u[s * rows + a], dz = times(times(de, exact(v[a])), tangent_slope(u));
            sum_product(&gradient[tail_tensor(r, ATTENTION_V) + a], de, u);
            sum_number(&gradient[tail_tensor(r, ATTENTION_BIAS) + a], dz);
            for (size_t k = 0; k < n_k; k++) {
                sum_product(&gradient[tail_tensor(r, ATTENTION_WEIGHT) + a * n_k + k], dz, h[s * n_k + k]);
                sum_product(&dh[k], dz, exact(weight[a * n_k + k]));
            }
        }
        for (size_t k = 0; k < n_k; k++) r->dh[s * n_k + k] = ref_sum_value(&dh[k]);
        free(dh);
    }
    free(da);
}

/* dh [L][D] of the last layer. */
static void pool_back(ref_lstm *r, const double *w, ref_num d_logit, ref_sum *gradient)
{
    size_t steps = r->net.window, n_k = r->width;
    const ref_num *h = r->h + (r->net.layers - 1) * steps * n_k;
    ref_num *d_pooled = zeros(n_k, sizeof *d_pooled);
    sum_number(&gradient[tail_tensor(r, FC_BIAS)], d_logit);
    for (size_t k = 0; k < n_k; k++) {
        sum_product(&gradient[tail_tensor(r, FC_WEIGHT) + k], d_logit, r->pooled[k]);
        d_pooled[k] = times(d_logit, exact(w[tail_tensor(r, FC_WEIGHT) + k]));
    }
    memset(r->dh, 0, steps * r->most * sizeof *r->dh);
    if (r->net.pool == GNT_POOL_ATTENTION)
        attention_back(r, w, d_pooled, h, gradient);
    else
        for (size_t k = 0; k < n_k; k++) {
            bool at_start = r->net.pool == GNT_POOL_FINAL && k >= r->net.hidden;
            r->dh[(at_start ? 0 : steps - 1) * n_k + k] = d_pooled[k];
        }
    free(d_pooled);
}

/* Gradients of the four pre-activations of a unit; *dc goes from this step's cell to the one before. */
static void unit_back(const ref_lstm *r, size_t at, ref_num c_before, ref_num dh, ref_num *dc, ref_num dz[4])
{
    const ref_num *g = r->gate + at * 4, one = exact(1);
    ref_num total = plus(times(times(dh, g[3]), tangent_slope(r->tanh_c[at])), *dc);
    dz[0] = times(times(total, g[2]), times(g[0], minus(one, g[0])));
    dz[1] = times(times(total, c_before), times(g[1], minus(one, g[1])));
    dz[2] = times(times(total, g[0]), tangent_slope(g[2]));
    dz[3] = times(times(dh, r->tanh_c[at]), times(g[3], minus(one, g[3])));
    *dc = times(total, g[1]);
}

/* One direction of a layer: from dh to weight gradients, adding to the sums of its inputs' gradients. */
static void direction_back(ref_lstm *r, const double *w, size_t l, size_t d, ref_sum *dx, ref_sum *gradient)
{
    size_t steps = r->net.window, hidden = r->net.hidden, n_in = inputs(r, l);
    size_t ih = lstm_tensor(r, l, d, 0), hh = lstm_tensor(r, l, d, 1), b_ih = lstm_tensor(r, l, d, 2);
    size_t b_hh = lstm_tensor(r, l, d, 3);
    ref_num *dc = zeros(hidden, sizeof *dc);
    ref_sum *recurrent = zeros(hidden, sizeof *recurrent);
    for (size_t i = steps; i-- > 0;) {
        size_t s = d ? steps - 1 - i : i, before = d ? s + 1 : s - 1;
        const ref_num *x = r->x + (l * steps + s) * r->most;
        ref_sum *next = zeros(hidden, sizeof *next);
        for (size_t j = 0; j < hidden; j++) {
            ref_num dz[4], c_before = i ? r->c[cell_at(r, l, d, before, j)] : exact(0);
            ref_num dh = plus(ref_sum_value(&recurrent[j]), r->dh[s * r->width + d * hidden + j]);
            unit_back(r, cell_at(r, l, d, s, j), c_before, dh, &dc[j], dz);
            for (size_t gate = 0; gate < 4; gate++) {
                size_t row = gate * hidden + j;
                sum_number(&gradient[b_ih + row], dz[gate]);
                sum_number(&gradient[b_hh + row], dz[gate]);
                for (size_t k = 0; k < n_in; k++) {
                    sum_product(&gradient[ih + row * n_in + k], dz[gate], x[k]);
                    sum_product(&dx[s * n_in + k], dz[gate], exact(w[ih + row * n_in + k]));
                }
                for (size_t k = 0; k < hidden && i; k++) {
                    ref_num h = r->h[(l * steps + before) * r->width + d * hidden + k];
                    sum_product(&gradient[hh + row * hidden + k], dz[gate], h);
                    sum_product(&next[k], dz[gate], exact(w[hh + row * hidden + k]));
                }
            }
        }
        free(recurrent);
        recurrent = next;
    }
    free(recurrent);
    free(dc);
}

void ref_lstm_gradient(ref_lstm *r, const double *w, ref_num d_logit, ref_sum *gradient)
{
    size_t steps = r->net.window;
    pool_back(r, w, d_logit, gradient);
    for (size_t l = r->net.layers; l-- > 0;) {
        size_t n_in = inputs(r, l);
        ref_sum *dx = zeros(steps * n_in, sizeof *dx);
        for (size_t d = 0; d < r->directions; d++) direction_back(r, w, l, d, dx, gradient);
        for (size_t i = 0; i < steps * n_in && l; i++) {
            r->dh[i] = ref_sum_value(&dx[i]);
            if (r->mask) r->dh[i] = times(r->dh[i], exact(r->mask[(l - 1) * steps * r->width + i]));
        }
        free(dx);
    }
}

/* ---- loss, dropout, optimiser ---------------------------------------------------------------------------- */

double ref_bce(double logit, bool up, double pos_weight)
{
    /* log(1 + exp(-|z|)) + max(-z, 0) = -log sigmoid(z) */
    double log_up = log1p(exp(-fabs(logit))) + fmax(-logit, 0);
    return up ? pos_weight * log_up : log_up + logit;
}

ref_num ref_bce_slope(ref_num logit, bool up, double pos_weight)
{
    double p = 1 / (1 + exp(-logit.v)), weight = up ? pos_weight : 1;
    double v = weight * (p - (up ? 1 : 0)), e = weight * 0.25 * logit.e;
    return (ref_num){v, e + U * (fabs(v) + e)};
}

/* Philox4x32-10 written out from Salmon et al. 2011: word e mod 4 of block e/4, e = (l L + s) D + k. */
double ref_dropout(const gnt_net *net, double p, uint64_t seed, uint32_t epoch, uint32_t row, size_t l, size_t s,
                   size_t k)
{
    size_t width = net->hidden * (net->bidirectional ? 2 : 1), element = (l * net->window + s) * width + k;
    uint32_t c[4] = {(uint32_t)(element / 4), 104, row, epoch}, key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (int round = 0; round < 10; round++) {
        uint64_t a = 0xD2511F53ull * c[0], b = 0xCD9E8D57ull * c[2];
        uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ key[0], (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ key[1],
                            (uint32_t)a};
        memcpy(c, next, sizeof c);
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return c[element % 4] < p * 0x1p32 ? 0 : (double)(float)(1 / (1 - p));
}

void ref_adam(const gnt_train_options *o, uint64_t t, size_t n, const double *gradient, double *weights,
              double *moment1, double *moment2)
{
    double correction1 = 1 - pow(o->beta1, (double)t), correction2 = 1 - pow(o->beta2, (double)t);
    for (size_t i = 0; i < n; i++) {
        double g = gradient[i];
        if (o->optimiser == GNT_ADAMW)
            weights[i] -= o->learning_rate * o->weight_decay * weights[i];
        else
            g += o->weight_decay * weights[i];
        moment1[i] = o->beta1 * moment1[i] + (1 - o->beta1) * g;
        moment2[i] = o->beta2 * moment2[i] + (1 - o->beta2) * g * g;
        weights[i] -= o->learning_rate * (moment1[i] / correction1) / (sqrt(moment2[i] / correction2) + o->epsilon);
    }
}
