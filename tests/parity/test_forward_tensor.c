/* bf16 forward on tensor cores, on the emulated device and on a GPU where there is one: off unless switched on, within
 * its derived bound of the float64 oracle whose products meet the same rounded numbers (docs/NUMERICS.md), beside the
 * CPU's bf16, and its bits against themselves: thread orders, splits of rows, numbers of multiprocessors, neighbours.
 */
#include <math.h>
#include <stdio.h>

#include "host/device/engine.h"
#include "tests/lstm_case.h"
#include "tests/ref/ref_lstm.h"
#include "tests/test.h"

static bool open_device(gnt_engine *engine, const char *device, const char *order, const char *n_sms)
{
    gnt_error why = {0};
    assert_int_equal(setenv("GNT_CUDA_BF16", "1", 1), 0);
    assert_int_equal(setenv("GNT_EMU_ORDER", order, 1), 0);
    assert_int_equal(setenv("GNT_EMU_SMS", n_sms, 1), 0);
    memset(engine, 0, sizeof *engine);
    if (gnt_engine_open(engine, device, 1, NULL, &why) == GNT_OK && engine->info.bf16) return true;
    gnt_engine_close(engine);
    return false;
}

/* false, said by name, without the module; one that is there must open and have bf16. */
static bool open_emu(gnt_engine *engine, const char *order, const char *n_sms)
{
    gnt_error why = {0};
    if (open_device(engine, "emu", order, n_sms)) return true;
    if (!gnt_engine_open(engine, "emu", 1, NULL, &why) || !strstr(why.text, "there is no gauntlet-emu.so"))
        fail_msg("the emulated device: %s", *why.text ? why.text : "no bf16");
    print_message("no emulated device in this build\n");
    return false;
}

static void forward_many(gnt_engine *engine, const gnt_net *net, float *const *weights, size_t n_models,
                         gnt_panel panel, gnt_rows rows, float *logit)
{
    gnt_packed *packed[4] = {0};
    gnt_error why = {0};
    for (size_t m = 0; m < n_models; m++)
        if (gnt_engine_pack(engine, net, weights[m], GNT_BF16, &packed[m], &why)) fail_msg("pack: %s", why.text);
    if (gnt_engine_forward(engine, (const gnt_packed *const *)packed, n_models, panel, rows, logit, &why))
        fail_msg("forward: %s", why.text);
    for (size_t m = 0; m < n_models; m++) gnt_engine_unpack(engine, packed[m]);
}

static void forward(gnt_engine *engine, const gnt_net *net, float *weights, gnt_panel panel, gnt_rows rows,
                    float *logit)
{
    forward_many(engine, net, &weights, 1, panel, rows, logit);
}

/* ---- windows --------------------------------------------------------------------------------------------------- */

enum { MOST = 1009, GUARD = 8 };

typedef struct windows {
    const gnt_net *net;
    float *weights, *x;
    gnt_panel panel;
    gnt_rows rows; /* consecutive */
    uint32_t row[MOST];
    float logit[MOST + 2 * GUARD]; /* results between guards */
} windows;

static void windows_open(windows *v, const gnt_net *net, size_t n, uint64_t seed)
{
    size_t n_rows = (n ? n : 1) + net->window - 1;
    v->net = net;
    v->weights = case_weights(net, seed);
    v->x = case_panel(n_rows, net->n_features, seed + 1, NULL);
    v->panel = (gnt_panel){v->x, n_rows, net->n_features};
    v->rows = (gnt_rows){v->row, n};
    for (size_t i = 0; i < n; i++) v->row[i] = net->window - 1 + (uint32_t)i;
    memset(v->logit, 0xFF, sizeof v->logit);
}

static void windows_close(windows *v)
{
    free(v->weights);
    free(v->x);
}

static void check_guards(const char *what, const windows *v)
{
    const unsigned char *byte = (const unsigned char *)v->logit;
    for (size_t i = 0; i < GUARD * sizeof(float); i++)
        if (byte[i] != 0xFF || byte[(GUARD + v->rows.n) * sizeof(float) + i] != 0xFF)
            fail_msg("%s, %zu windows: a number beside the logits was written", what, v->rows.n);
}

/* ---- the bound -----------------------------------------------------------------------------------------------------
 */

/* Every `stride`-th logit against the oracle. */
static void check_reference(gnt_engine *engine, const lstm_case *c, size_t n, size_t stride)
{
    static windows v;
    windows_open(&v, &c->net, n, 171);
    forward(engine, &c->net, v.weights, v.panel, v.rows, v.logit + GUARD);
    check_guards(c->name, &v);
    double *w = case_doubles(v.weights, gnt_net_n_weights(&c->net));
    double *x = case_doubles(v.x, v.panel.n_rows * c->net.n_features);
    ref_lstm *ref = ref_lstm_open(&c->net);
    ref_lstm_tensor(ref);
    double worst = 0, share = 0, bound = 0;
    for (size_t i = 0; i < n; i += stride) {
        ref_num want = ref_lstm_logit(ref, w, x + i * c->net.n_features, NULL);
        double got = v.logit[GUARD + i], error = fabs(got - want.v);
        if (!(error <= want.e))
            fail_msg("%s on %s, window %zu of %zu: %.9g, reference %.9g, bound %.3g", c->name, engine->info.name, i, n,
                     got, want.v, want.e);
        worst = fmax(worst, error);
        share = fmax(share, error / want.e);
        bound = fmax(bound, want.e);
    }
    print_message("%s, %zu windows on %s: largest error %.2g, bound %.2g, share of bound %.2g\n", c->name, n,
                  engine->info.name, worst, bound, share);
    ref_lstm_close(ref);
    windows_close(&v);
    free(w);
    free(x);
}

/* Sizes beside tiles of 16 and slices of 32; weights that stay in shared memory and, the last two, that don't fit. */
static const lstm_case shapes[] = {
    {"1x24", {35, 4, 24, 1, false, GNT_POOL_LAST, 0}},
    {"1 unit, 1 feature", {1, 3, 1, 1, false, GNT_POOL_LAST, 0}},
    {"1x16, 36 features", {36, 3, 16, 1, false, GNT_POOL_LAST, 0}},
    {"2x17 both ways", {7, 5, 17, 2, true, GNT_POOL_FINAL, 0}},
    {"3x3", {2, 4, 3, 3, false, GNT_POOL_LAST, 0}},
    {"4x33", {35, 3, 33, 4, false, GNT_POOL_LAST, 0}},
    {"2x20 both ways, attention", {5, 4, 20, 2, true, GNT_POOL_ATTENTION, 18}},
    {"1x16 attention, no padding", {5, 4, 16, 1, false, GNT_POOL_ATTENTION, 16}},
    {"2x100, 100 features", {100, 2, 100, 2, false, GNT_POOL_LAST, 0}},
    {"2x130", {20, 2, 130, 2, false, GNT_POOL_LAST, 0}},
    {"1x256", {35, 2, 256, 1, false, GNT_POOL_LAST, 0}},
};
#define N_SHAPES (sizeof shapes / sizeof *shapes)

static void logits_match_reference(void **state)
{
    static const size_t sizes[] = {0, 1, 31, 32, 33};
    gnt_engine engine;
    (void)state;
    for (size_t device = 0; device < 2; device++) {
        if (!(device ? open_device(&engine, "cuda", "forward", "2") : open_emu(&engine, "forward", "2"))) {
            if (!device) skip();
            print_message("skip - cuda: bf16 on tensor cores: no such device here\n");
            continue;
        }
        for (size_t i = 0; i < N_KINDS; i++) check_reference(&engine, &lstm_kinds[i], 37, 5);
        for (size_t i = 0; i < N_SHAPES; i++)
            check_reference(&engine, &shapes[i], sizes[i % 5] ? sizes[i % 5] : 65, shapes[i].net.hidden > 90 ? 40 : 9);
        for (size_t i = 0; i < 5; i++) check_reference(&engine, &shapes[0], sizes[i], 16);
        check_reference(&engine, &lstm_kinds[1], MOST, 48);
        gnt_engine_close(&engine);
    }
}

/* ---- beside the CPU's bf16 ------------------------------------------------------------------------------------------
 */

/* Both round the same numbers, and the CPU's sums and activations are within the tensor core's bounds too: so the two
 * lie within twice the oracle's bound of each other. */
static void check_beside(gnt_engine *engine, gnt_engine *host, const lstm_case *c)
{
    static windows v;
    static float cpu[MOST];
    windows_open(&v, &c->net, 33, 181);
    forward(engine, v.net, v.weights, v.panel, v.rows, v.logit + GUARD);
    forward(host, v.net, v.weights, v.panel, v.rows, cpu);
    double *w = case_doubles(v.weights, gnt_net_n_weights(v.net));
    double *x = case_doubles(v.x, v.panel.n_rows * v.net->n_features);
    ref_lstm *ref = ref_lstm_open(v.net);
    ref_lstm_tensor(ref);
    double worst = 0, share = 0, most = 0;
    for (size_t i = 0; i<v.rows.n; i += v.net->hidden> 90 ? 32 : 8) {
        ref_num want = ref_lstm_logit(ref, w, x + i * v.net->n_features, NULL);
        double got = v.logit[GUARD + i], error = fabs(got - (double)cpu[i]);
        if (!(error <= 2 * want.e))
            fail_msg("%s, window %zu: %.9g, on the CPU %.9g, bound %.3g", c->name, i, got, (double)cpu[i], 2 * want.e);
        worst = fmax(worst, error);
        share = fmax(share, error / (2 * want.e));
        most = fmax(most, fabs(want.v));
    }
    print_message("%s: largest difference from the CPU's bf16 %.2g, share of bound %.2g, largest logit %.2g\n", c->name,
                  worst, share, most);
    ref_lstm_close(ref);
    windows_close(&v);
    free(w);
    free(x);
}

static void beside_the_cpu(void **state)
{
    gnt_engine engine, host;
    (void)state;
    if (!open_device(&host, "cpu", "forward", "2")) {
        print_message("this processor has no bf16\n");
        skip();
    }
    bool found = open_emu(&engine, "forward", "2");
    for (size_t i = 0; found && i < N_SHAPES; i++) check_beside(&engine, &host, &shapes[i]);
    for (size_t i = 0; found && i < N_KINDS; i++) check_beside(&engine, &host, &lstm_kinds[i]);
    if (found) gnt_engine_close(&engine);
    gnt_engine_close(&host);
    if (!found) skip();
}

/* ---- its bits against themselves
 * -------------------------------------------------------------------------------------- */

static void check_same(const char *what, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof *got) != 0)
            fail_msg("%s, window %zu of %zu: %a, want %a", what, i, n, (double)got[i], (double)want[i]);
}

enum { N = 101 };

/* Tails of the rows, rows in another order, windows that don't overlap, a second model. */
static void check_splits(gnt_engine *engine, const windows *v, const float *want)
{
    size_t window = v->net->window, size = window * v->net->n_features;
    float got[2 * N], mixed[N], *copies = malloc(N * size * sizeof *copies);
    uint32_t other[N];
    assert_non_null(copies);
    for (size_t i = 0; i < N; i += 33) {
        forward(engine, v->net, v->weights, v->panel, (gnt_rows){v->row + i, N - i}, got);
        check_same("a tail", got, want + i, N - i);
    }
    for (size_t i = 0; i < N; i++) {
        other[i] = v->row[i * 40 % N];
        mixed[i] = want[i * 40 % N];
        memcpy(copies + i * size, v->x + i * v->net->n_features, size * sizeof *copies);
    }
    forward(engine, v->net, v->weights, v->panel, (gnt_rows){other, N}, got);
    check_same("mixed rows", got, mixed, N);
    for (size_t i = 0; i < N; i++) other[i] = (uint32_t)(i * window + window - 1);
    forward(engine, v->net, v->weights, (gnt_panel){copies, N * window, v->net->n_features}, (gnt_rows){other, N}, got);
    check_same("copied windows", got, want, N);
    float *second = case_weights(v->net, 5);
    forward_many(engine, v->net, (float *const[]){second, v->weights}, 2, v->panel, v->rows, got);
    check_same("the second of two models", got + N, want, N);
    if (memcmp(got, want, sizeof mixed) == 0) fail_msg("two models gave the same bits");
    free(second);
    free(copies);
}

static void same_bits_for_any_order_and_split(void **state)
{
    static const char *const orders[] = {"forward", "ahead", "reverse", "shuffle:7"};
    static const char *const n_sms[] = {"4", "1", "1", "2"};
    static windows v;
    float want[N];
    gnt_engine engine;
    (void)state;
    windows_open(&v, &lstm_kinds[6].net, N, 191); /* both ways, attention */
    for (size_t i = 0; i < 4; i++) {
        if (!open_emu(&engine, orders[i], n_sms[i])) skip();
        if (i == 0) forward(&engine, v.net, v.weights, v.panel, v.rows, want);
        check_splits(&engine, &v, want);
        gnt_engine_close(&engine);
    }
    windows_close(&v);
    windows_open(&v, &shapes[3].net, N, 192); /* two warps a slice, several slices a block */
    for (size_t i = 0; i < 4; i++) {
        if (!open_emu(&engine, orders[i], n_sms[i])) skip();
        forward(&engine, v.net, v.weights, v.panel, v.rows, i ? v.logit : want);
        if (i) check_same(orders[i], v.logit, want, N);
        gnt_engine_close(&engine);
    }
    windows_close(&v);
}

/* ---- what it refuses, what it passes on
 * --------------------------------------------------------------------------------- */

static void off_unless_switched_on(void **state)
{
    gnt_engine engine = {0};
    gnt_error why = {0};
    gnt_packed *packed = NULL;
    const gnt_net *net = &lstm_kinds[0].net;
    (void)state;
    if (!open_emu(&engine, "forward", "2")) skip();
    gnt_engine_close(&engine);
    static const char *const values[] = {"", "0", "yes", NULL};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(values[i] ? setenv("GNT_CUDA_BF16", values[i], 1) : unsetenv("GNT_CUDA_BF16"), 0);
        memset(&engine, 0, sizeof engine);
        assert_int_equal(gnt_engine_open(&engine, "emu", 1, NULL, &why), GNT_OK);
        float *weights = case_weights(net, 1);
        gnt_status st = gnt_engine_pack(&engine, net, weights, GNT_BF16, &packed, &why);
        if (engine.info.bf16 || st != GNT_EUNSUPPORTED || packed || !strstr(why.text, "GNT_CUDA_BF16=1"))
            fail_msg("GNT_CUDA_BF16 \"%s\": bf16 %d, status %d, \"%s\"", values[i] ? values[i] : "unset",
                     engine.info.bf16, st, why.text);
        free(weights);
        gnt_engine_close(&engine);
    }
}

static void refuses_what_no_block_holds(void **state)
{
    static const gnt_net nets[] = {{5, 2, 257, 1, false, GNT_POOL_LAST, 0}, {4000, 2, 3, 1, false, GNT_POOL_LAST, 0}};
    gnt_engine engine;
    (void)state;
    if (!open_emu(&engine, "forward", "2")) skip();
    for (size_t i = 0; i < 2; i++) {
        gnt_error why = {0};
        gnt_packed *packed = NULL;
        float *weights = case_weights(&nets[i], 3);
        gnt_status st = gnt_engine_pack(&engine, &nets[i], weights, GNT_BF16, &packed, &why);
        if (st != GNT_EUNSUPPORTED || packed || !strstr(why.text, "256 units"))
            fail_msg("%u units, %u features: status %d, \"%s\"", nets[i].hidden, nets[i].n_features, st, why.text);
        free(weights);
    }
    gnt_engine_close(&engine);
}

/* A logit that looks at a NaN is NaN; its neighbours in the tile are as if alone. */
static void nan_stays_nan(void **state)
{
    static windows v;
    gnt_engine engine;
    float want[N];
    (void)state;
    if (!open_emu(&engine, "forward", "2")) skip();
    windows_open(&v, &shapes[0].net, N, 201);
    forward(&engine, v.net, v.weights, v.panel, v.rows, want);
    v.x[50 * v.net->n_features + 3] = NAN;
    forward(&engine, v.net, v.weights, v.panel, v.rows, v.logit);
    for (size_t i = 0; i < N; i++) {
        bool looks = i <= 50 && i + v.net->window > 50;
        if (looks != !!isnan(v.logit[i]) || (!looks && v.logit[i] != want[i]))
            fail_msg("window %zu: %g, without the NaN %g", i, (double)v.logit[i], (double)want[i]);
    }
    windows_close(&v);
    gnt_engine_close(&engine);
}

/* A missing unit's columns have no weights, and 0 x infinity is NaN: it must not reach a number. */
static void an_infinite_input_stays_finite(void **state)
{
    static windows v;
    gnt_engine engine;
    (void)state;
    if (!open_emu(&engine, "forward", "2")) skip();
    for (size_t i = 0; i < N_KINDS; i++) {
        windows_open(&v, &lstm_kinds[i].net, 37, 211 + i);
        v.x[20 * v.net->n_features] = INFINITY;
        forward(&engine, v.net, v.weights, v.panel, v.rows, v.logit);
        for (size_t k = 0; k < v.rows.n; k++)
            if (!isfinite(v.logit[k])) fail_msg("%s, window %zu: %g", lstm_kinds[i].name, k, (double)v.logit[k]);
        windows_close(&v);
    }
    gnt_engine_close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_unless_switched_on),
        cmocka_unit_test(logits_match_reference),
        cmocka_unit_test(beside_the_cpu),
        cmocka_unit_test(same_bits_for_any_order_and_split),
        cmocka_unit_test(refuses_what_no_block_holds),
        cmocka_unit_test(nan_stays_nan),
        cmocka_unit_test(an_infinite_input_stays_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
