/* bf16 forward: bit for bit against vdpbf16ps written out in plain C, within its derived bound of the float64 oracle
 * (docs/NUMERICS.md), its bits against themselves, and its refusal where the processor has no such instruction. */
#include <math.h>
#include <stdio.h>

#include "kernels/math/cell.h"
#include "tests/lstm_case.h"
#include "tests/ref/ref_lstm.h"
#include "tests/test.h"

/* ---- the instruction in plain C ---------------------------------------------------------------------------- */

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
static float no_denormal(float x)
{
    return (bits_of(x) & 0x7F800000u) ? x : copysignf(0, x);
}

/* To nearest, ties to even, denormals as zero; a bfloat16 kept as the float32 it stands for. */
static float to_bf16(float x)
{
    uint32_t bits = bits_of(no_denormal(x));
    return float_of((bits + 0x7FFFu + (bits >> 16 & 1)) & 0xFFFF0000u);
}

/* One fused step: rounded to 24 bits as if exponents had no end, then flushed when below 2^-126. Near that limit the
 * rounding is seen at a scale where float32 has all its bits. */
static float fused(float a, float b, float c)
{
    float sum = fmaf(no_denormal(a), no_denormal(b), no_denormal(c));
    if (fabsf(sum) > 0x1p-126f) return sum;
    float scaled = fmaf(no_denormal(a) * 0x1p64f, no_denormal(b), no_denormal(c) * 0x1p64f);
    return fabsf(scaled) < 0x1p-62f ? copysignf(0, sum) : sum;
}

/* sum of w[k] x[k] on top of acc, in pairs: the odd number of a pair first; a missing last one is 0. */
static float pair_chain(float acc, const float *w, const float *x, size_t n)
{
    for (size_t k = 0; k < n; k += 2) {
        acc = fused(k + 1 < n ? to_bf16(w[k + 1]) : 0, k + 1 < n ? to_bf16(x[k + 1]) : 0, acc);
        acc = fused(to_bf16(w[k]), to_bf16(x[k]), acc);
    }
    return acc;
}

static const float *tensor(const gnt_net *net, const float *weights, size_t i)
{
    gnt_tensor t;
    gnt_net_tensor(net, i, &t);
    return weights + t.offset;
}

/* One direction of a layer over one window: x [L][directions x run] -> h [L][width]. */
static void scalar_direction(const gnt_net *net, const float *weights, size_t l, size_t d, const float *x, float *h)
{
    size_t both = net->bidirectional ? 2 : 1, hidden = net->hidden, steps = net->window, width = hidden * both;
    size_t run = l ? hidden : net->n_features, runs = l ? both : 1, first = (l * both + d) * 4;
    const float *ih = tensor(net, weights, first), *hh = tensor(net, weights, first + 1);
    const float *b_ih = tensor(net, weights, first + 2), *b_hh = tensor(net, weights, first + 3);
    float *c = calloc(hidden, sizeof *c);
    for (size_t i = 0; i < steps; i++) {
        size_t s = d ? steps - 1 - i : i, before = d ? s + 1 : s - 1;
        for (size_t u = 0; u < hidden; u++) {
            float z[4];
            for (size_t gate = 0; gate < 4; gate++) {
                size_t row = gate * hidden + u;
                z[gate] = b_ih[row] + b_hh[row];
                for (size_t e = 0; e < runs; e++)
                    z[gate] = pair_chain(z[gate], ih + (row * runs + e) * run, x + (s * runs + e) * run, run);
                if (i) z[gate] = pair_chain(z[gate], hh + row * hidden, h + before * width + d * hidden, hidden);
            }
            gnt_cell cell = gnt_cell_step(gnt_f32_splat(z[0]), gnt_f32_splat(z[1]), gnt_f32_splat(z[2]),
                                          gnt_f32_splat(z[3]), gnt_f32_splat(c[u]));
            c[u] = cell.c[0];
            h[s * width + d * hidden + u] = cell.h[0];
        }
    }
    free(c);
}

/* Logit of the window x [L][F]; without attention. */
static float scalar_logit(const gnt_net *net, const float *weights, const float *x)
{
    size_t both = net->bidirectional ? 2 : 1, width = net->hidden * both, steps = net->window;
    float *area = calloc(2 * steps * width, sizeof *area), *h = NULL;
    for (size_t l = 0; l < net->layers; l++) {
        h = area + l % 2 * steps * width;
        for (size_t d = 0; d < both; d++) scalar_direction(net, weights, l, d, x, h);
        x = h;
    }
    size_t tail = net->layers * both * 4, reverse = net->pool == GNT_POOL_FINAL ? 0 : steps - 1;
    float logit = tensor(net, weights, tail + 1)[0];
    for (size_t k = 0; k < width; k++)
        logit = fmaf(tensor(net, weights, tail)[k], h[(k < net->hidden ? steps - 1 : reverse) * width + k], logit);
    free(area);
    return logit;
}

/* ---- the device --------------------------------------------------------------------------------------------- */

/* NULL, and the test is skipped, on a processor without AVX512-BF16. */
static gnt_device *bf16_device(unsigned threads)
{
    gnt_device *dev = case_device(threads, NULL);
    gnt_device_info info;
    gnt_cpu_ops()->info(dev, &info);
    if (info.bf16) return dev;
    gnt_cpu_ops()->close(dev);
    print_message("no AVX512-BF16 here\n");
    return NULL;
}

static void forward(gnt_device *dev, const gnt_net *net, const float *weights, gnt_panel panel, gnt_rows rows,
                    float *logit)
{
    case_forward(dev, net, weights, GNT_BF16, panel, rows, logit);
}

static void rising(const gnt_net *net, size_t n, uint32_t *row)
{
    for (size_t i = 0; i < n; i++) row[i] = net->window - 1 + (uint32_t)i;
}

enum { N = 37 };

static void check_scalar(gnt_device *dev, const lstm_case *c, const float *weights, const float *x)
{
    const gnt_net *net = &c->net;
    uint32_t row[N];
    float logit[N];
    rising(net, N, row);
    forward(dev, net, weights, (gnt_panel){x, N + net->window - 1, net->n_features}, (gnt_rows){row, N}, logit);
    for (size_t i = 0; i < N; i++) {
        float want = scalar_logit(net, weights, x + i * net->n_features);
        if (bits_of(logit[i]) != bits_of(want)) fail_msg("%s, window %zu: %a, in C %a", c->name, i, logit[i], want);
    }
}

static const lstm_case shapes[] = {
    {"1x24", {35, 10, 24, 1, false, GNT_POOL_LAST, 0}},
    {"2x64", {35, 10, 64, 2, false, GNT_POOL_LAST, 0}},
    {"2x17 both ways", {7, 6, 17, 2, true, GNT_POOL_FINAL, 0}},
    {"3x13 both ways", {8, 5, 13, 3, true, GNT_POOL_LAST, 0}},
    {"1 feature, 1 unit", {1, 3, 1, 2, false, GNT_POOL_LAST, 0}},
};
#define N_SHAPES (sizeof shapes / sizeof *shapes)

static void same_bits_as_the_instruction_in_c(void **state)
{
    (void)state;
    gnt_device *dev = bf16_device(1);
    if (!dev) skip();
    for (size_t i = 0; i < N_KINDS + N_SHAPES; i++) {
        const lstm_case *c = i < N_KINDS ? &lstm_kinds[i] : &shapes[i - N_KINDS];
        if (c->net.pool == GNT_POOL_ATTENTION) continue;
        float *weights = case_weights(&c->net, 51 + i);
        float *x = case_panel(N + c->net.window - 1, c->net.n_features, 52 + i, NULL);
        check_scalar(dev, c, weights, x);
        free(weights);
        free(x);
    }
    gnt_cpu_ops()->close(dev);
}

/* Products around 2^-126, where partial sums are flushed, and denormal weights and inputs; a head of 2^120 shows them.
 */
static void same_bits_where_numbers_vanish(void **state)
{
    (void)state;
    gnt_device *dev = bf16_device(1);
    if (!dev) skip();
    const lstm_case *c = &lstm_kinds[0];
    size_t n_rows = N + c->net.window - 1, n_weights = gnt_net_n_weights(&c->net), n_shown = 0;
    float *weights = case_weights(&c->net, 61), *x = case_panel(n_rows, c->net.n_features, 62, NULL);
    size_t n_lstm = n_weights - c->net.hidden - 1;
    for (size_t i = 0; i < n_weights; i++) {
        weights[i] *= i < n_lstm ? ldexpf(1, -(int)(60 + i % 9)) : 0x1p120f;
        if (i < n_lstm && i % 11 == 3) weights[i] *= 0x1p-70f;
    }
    weights[n_weights - 1] = 0; /* biases would hide everything */
    gnt_tensor t;
    for (size_t part = 2; part < 4; part++) {
        gnt_net_tensor(&c->net, part, &t);
        memset(weights + t.offset, 0, t.rows * sizeof *weights);
    }
    for (size_t i = 0; i < n_rows * c->net.n_features; i++)
        x[i] *= i % 13 == 5 ? 0x1p-130f : ldexpf(1, -(int)(58 + i % 8));
    for (size_t i = 0; i < N; i++) n_shown += scalar_logit(&c->net, weights, x + i * c->net.n_features) != 0;
    if (n_shown < N / 2) fail_msg("only %zu of %d windows show their sums", n_shown, N);
    check_scalar(dev, c, weights, x);
    free(weights);
    free(x);
    gnt_cpu_ops()->close(dev);
}

/* An odd number of units leaves half a pair empty: an infinite input must not reach a number through it. */
static void an_infinite_input_stays_finite(void **state)
{
    (void)state;
    gnt_device *dev = bf16_device(1);
    if (!dev) skip();
    for (size_t i = 0; i < N_KINDS; i++) {
        const lstm_case *c = &lstm_kinds[i];
        size_t n_rows = N + c->net.window - 1, n_k = c->net.n_features;
        if (c->net.pool == GNT_POOL_ATTENTION) continue;
        float *weights = case_weights(&c->net, 65 + i), *x = case_panel(n_rows, n_k, 66 + i, NULL);
        x[n_rows / 2 * n_k] = INFINITY;
        for (size_t k = 0; k < N; k++) assert_true(isfinite(scalar_logit(&c->net, weights, x + k * n_k)));
        check_scalar(dev, c, weights, x);
        free(weights);
        free(x);
    }
    gnt_cpu_ops()->close(dev);
}

/* ---- the bound --------------------------------------------------------------------------------------------- */

static void check_reference(gnt_device *dev, const lstm_case *c)
{
    const gnt_net *net = &c->net;
    size_t n_rows = N + net->window - 1;
    float *weights = case_weights(net, 71), *x = case_panel(n_rows, net->n_features, 72, NULL), logit[N];
    double *w = case_doubles(weights, gnt_net_n_weights(net)), *xd = case_doubles(x, n_rows * net->n_features);
    uint32_t row[N];
    ref_lstm *ref = ref_lstm_open(net);
    ref_lstm_bf16(ref);
    rising(net, N, row);
    forward(dev, net, weights, (gnt_panel){x, n_rows, net->n_features}, (gnt_rows){row, N}, logit);
    double worst = 0, share = 0, spread = 0, bound = 0;
    for (size_t i = 0; i < N; i += 4) {
        ref_num want = ref_lstm_logit(ref, w, xd + i * net->n_features, NULL);
        double error = fabs(logit[i] - want.v);
        if (!(error <= want.e))
            fail_msg("%s, window %zu: %.9g, reference %.9g, bound %.3g", c->name, i, logit[i], want.v, want.e);
        worst = fmax(worst, error);
        share = fmax(share, error / want.e);
        spread = fmax(spread, fabs(want.v));
        bound = fmax(bound, want.e);
    }
    print_message("bf16 %s: largest logit %.3g, bound %.2g, error %.2g, share of bound %.2g\n", c->name, spread, bound,
                  worst, share);
    ref_lstm_close(ref);
    free(weights);
    free(x);
    free(w);
    free(xd);
}

static void logits_match_reference(void **state)
{
    (void)state;
    gnt_device *dev = bf16_device(2);
    if (!dev) skip();
    for (size_t i = 0; i < N_KINDS; i++) check_reference(dev, &lstm_kinds[i]);
    for (size_t i = 0; i < N_SHAPES; i++) check_reference(dev, &shapes[i]);
    gnt_cpu_ops()->close(dev);
}

/* ---- its bits against themselves ------------------------------------------------------------------------------ */

static void check_same(const char *what, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bits_of(got[i]) != bits_of(want[i]))
            fail_msg("%s, window %zu of %zu: %a, want %a", what, i, n, got[i], want[i]);
}

enum { MOST = 211 };

typedef struct windows {
    const gnt_net *net;
    float *weights, *x, *copies; /* copies [MOST][L][F]: the same windows, not overlapping */
    gnt_panel panel;
    uint32_t row[MOST];
    float want[MOST];
} windows;

static void windows_open(windows *v, const gnt_net *net)
{
    size_t n_k = net->n_features, n_rows = MOST + net->window - 1, size = net->window * n_k;
    v->net = net;
    v->weights = case_weights(net, 81);
    v->x = case_panel(n_rows, n_k, 82, NULL);
    v->copies = malloc(MOST * size * sizeof *v->copies);
    assert_non_null(v->copies);
    for (size_t i = 0; i < MOST; i++) memcpy(v->copies + i * size, v->x + i * n_k, size * sizeof *v->copies);
    v->panel = (gnt_panel){v->x, n_rows, n_k};
    rising(net, MOST, v->row);
}

static void windows_close(windows *v)
{
    free(v->weights);
    free(v->x);
    free(v->copies);
}

/* Tails of the rows, rows in another order, windows that don't overlap. */
static void check_splits(gnt_device *dev, const windows *v)
{
    uint32_t other[MOST];
    float got[MOST], mixed[MOST];
    for (size_t i = 0; i < MOST; i += 13) {
        forward(dev, v->net, v->weights, v->panel, (gnt_rows){v->row + i, MOST - i}, got);
        check_same("a tail", got, v->want + i, MOST - i);
    }
    for (size_t i = 0; i < MOST; i++) {
        other[i] = v->row[i * 100 % MOST];
        mixed[i] = v->want[i * 100 % MOST];
    }
    forward(dev, v->net, v->weights, v->panel, (gnt_rows){other, MOST}, got);
    check_same("mixed rows", got, mixed, MOST);
    size_t window = v->net->window;
    for (size_t i = 0; i < MOST; i++) other[i] = (uint32_t)(i * window + window - 1);
    forward(dev, v->net, v->weights, (gnt_panel){v->copies, MOST * window, v->net->n_features}, (gnt_rows){other, MOST},
            got);
    check_same("copied windows", got, v->want, MOST);
}

static void check_beside_float32(gnt_device *dev, const windows *v)
{
    gnt_packed *wide = NULL, *narrow = NULL;
    float got[2 * MOST];
    assert_int_equal(gnt_cpu_ops()->pack(dev, v->net, v->weights, GNT_FLOAT32, &wide), GNT_OK);
    assert_int_equal(gnt_cpu_ops()->pack(dev, v->net, v->weights, GNT_BF16, &narrow), GNT_OK);
    const gnt_packed *models[2] = {wide, narrow};
    assert_int_equal(gnt_cpu_ops()->forward(dev, models, 2, v->panel, (gnt_rows){v->row, MOST}, got), GNT_OK);
    check_same("beside a float32 model", got + MOST, v->want, MOST);
    if (memcmp(got, v->want, sizeof v->want) == 0) fail_msg("float32 and bf16 gave the same bits for all windows");
    gnt_cpu_ops()->unpack(dev, wide);
    gnt_cpu_ops()->unpack(dev, narrow);
}

static void same_bits_for_any_split_and_neighbour(void **state)
{
    (void)state;
    gnt_device *dev = bf16_device(1);
    if (!dev) skip();
    windows v;
    windows_open(&v, &lstm_kinds[6].net); /* both ways, attention */
    forward(dev, v.net, v.weights, v.panel, (gnt_rows){v.row, MOST}, v.want);
    gnt_cpu_ops()->close(dev);
    for (unsigned threads = 1; threads <= 3; threads++) {
        dev = bf16_device(threads);
        check_splits(dev, &v);
        check_beside_float32(dev, &v);
        gnt_cpu_ops()->close(dev);
    }
    windows_close(&v);
}

static void refused_without_the_instruction(void **state)
{
    (void)state;
    const gnt_net *net = &lstm_kinds[0].net;
    float *weights = case_weights(net, 91);
    for (size_t s = 0; s < 2; s++) { /* generic, avx2 */
        gnt_device *dev = case_device(1, case_simd[s]);
        if (!dev) continue;
        gnt_packed *packed = NULL;
        gnt_device_info info;
        gnt_cpu_ops()->info(dev, &info);
        gnt_status st = gnt_cpu_ops()->pack(dev, net, weights, GNT_BF16, &packed);
        if (info.bf16 || st != GNT_EUNSUPPORTED || packed)
            fail_msg("%s: bf16 %d, status %d, %s", case_simd[s], info.bf16, st, packed ? "packed" : "nothing packed");
        gnt_cpu_ops()->close(dev);
    }
    free(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_as_the_instruction_in_c),     cmocka_unit_test(same_bits_where_numbers_vanish),
        cmocka_unit_test(an_infinite_input_stays_finite),        cmocka_unit_test(logits_match_reference),
        cmocka_unit_test(same_bits_for_any_split_and_neighbour), cmocka_unit_test(refused_without_the_instruction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
