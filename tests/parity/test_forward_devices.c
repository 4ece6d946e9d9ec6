/* forward of every GPU backend found: the CPU's bits for shapes that take each of its kernels, for rows in any order,
 * several models and any number of multiprocessors; a part of them against the float64 oracle. */
#include <math.h>
#include <stdio.h>

#include "host/device/engine.h"
#include "tests/lstm_case.h"
#include "tests/ref/ref_lstm.h"
#include "tests/test.h"

/* Multiprocessors decide how many windows a block takes, thread orders show missing barriers. */
typedef struct backend {
    const char *name, *device, *order, *sms, *gpus, *bytes;
} backend;

static const backend backends[] = {
    {"emu ahead, 4 SMs", "emu", "ahead", "4", "1", "1000000000"},
    {"emu reversed, 1 SM", "emu", "reverse", "1", "1", "1000000000"},
    {"emu shuffled, 16 SMs, 3 GPUs", "emu", "shuffle:7", "16", "3", "1000000000"},
    {"cuda", "cuda", NULL, NULL, NULL, NULL},
};
#define N_BACKENDS (sizeof backends / sizeof *backends)

static gnt_engine cpu;

static bool open_backend(const backend *b, gnt_engine *engine)
{
    gnt_error why = {0};
    if (b->order) {
        setenv("GNT_EMU_ORDER", b->order, 1);
        setenv("GNT_EMU_SMS", b->sms, 1);
        setenv("GNT_EMU_DEVICES", b->gpus, 1);
        setenv("GNT_EMU_MEMORY", b->bytes, 1);
    }
    if (gnt_engine_open(engine, b->device, 0, NULL, &why) == GNT_OK) {
        if (engine->ops->forward) return true;
        gnt_engine_close(engine);
    }
    if (b->order && !strstr(why.text, "there is no gauntlet-emu.so")) fail_msg("%s: %s", b->name, why.text);
    print_message("skip - %s: %s\n", b->name, why.text);
    return false;
}

/* ---- one call ------------------------------------------------------------------------------------------------- */

enum { GUARD = 16 };
#define SENTINEL 123.25f

/* n_models x n logits of one engine between sentinels, NaN before; freed by the caller at - GUARD. */
static float *logits(gnt_engine *engine, const lstm_case *c, float *const *weights, size_t n_models, gnt_panel panel,
                     gnt_rows rows, const char *name)
{
    size_t n = n_models * rows.n;
    float *out = malloc((n + 2 * GUARD) * sizeof *out);
    gnt_packed *packed[4] = {0};
    gnt_error why = {0};
    assert_non_null(out);
    for (size_t i = 0; i < n + 2 * GUARD; i++) out[i] = i < GUARD || i >= n + GUARD ? SENTINEL : NAN;
    for (size_t m = 0; m < n_models; m++)
        if (gnt_engine_pack(engine, &c->net, weights[m], GNT_FLOAT32, &packed[m], &why))
            fail_msg("%s, %s: %s", name, c->name, why.text);
    if (gnt_engine_forward(engine, (const gnt_packed *const *)packed, n_models, panel, rows, out + GUARD, &why))
        fail_msg("%s, %s: %s", name, c->name, why.text);
    for (size_t m = 0; m < n_models; m++) gnt_engine_unpack(engine, packed[m]);
    for (size_t i = 0; i < GUARD; i++)
        if (out[i] != SENTINEL || out[GUARD + n + i] != SENTINEL) fail_msg("%s, %s: wrote outside", name, c->name);
    return out + GUARD;
}

static void check_same(const char *name, const lstm_case *c, const char *what, const float *got, const float *want,
                       size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof(float)) != 0)
            fail_msg("%s, %s, %s: logit %zu of %zu is %a, the CPU has %a", name, c->name, what, i, n, got[i], want[i]);
}

static void check_call(gnt_engine *engine, const backend *b, const lstm_case *c, float *const *weights, size_t n_models,
                       gnt_panel panel, gnt_rows rows, const char *what)
{
    float *want = logits(&cpu, c, weights, n_models, panel, rows, "cpu");
    float *got = logits(engine, c, weights, n_models, panel, rows, b->name);
    check_same(b->name, c, what, got, want, n_models * rows.n);
    free(want - GUARD);
    free(got - GUARD);
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

typedef struct inputs {
    float *weights[3], *x;
    gnt_panel panel;
    uint32_t *row; /* [n] consecutive */
} inputs;

static inputs inputs_open(const lstm_case *c, size_t n)
{
    inputs in = {0};
    size_t n_rows = n + c->net.window - 1 + 5; /* a few bars that no window looks at, at either end */
    for (size_t m = 0; m < 3; m++) in.weights[m] = case_weights(&c->net, 101 + m);
    in.x = case_panel(n_rows, c->net.n_features, 105, NULL);
    in.panel = (gnt_panel){in.x, n_rows, c->net.n_features};
    in.row = malloc((n + 1) * sizeof *in.row);
    assert_non_null(in.row);
    for (size_t i = 0; i < n; i++) in.row[i] = c->net.window - 1 + 2 + (uint32_t)i;
    return in;
}

static void inputs_close(inputs *in)
{
    for (size_t m = 0; m < 3; m++) free(in->weights[m]);
    free(in->x);
    free(in->row);
}

/* ---- tests ---------------------------------------------------------------------------------------------------------
 */

typedef struct sized_case {
    lstm_case c;
    size_t n;
} sized_case;

static const sized_case shapes[] = {
    {{"1x24", {35, 10, 24, 1, false, GNT_POOL_LAST, 0}}, 150},
    {{"1x32", {35, 10, 32, 1, false, GNT_POOL_FINAL, 0}}, 70},
    {{"2x64", {35, 10, 64, 2, false, GNT_POOL_LAST, 0}}, 40},
    {{"2x96", {35, 10, 96, 2, false, GNT_POOL_LAST, 0}}, 33},
    {{"3x128", {35, 5, 128, 3, false, GNT_POOL_LAST, 0}}, 20},
    {{"1x100", {100, 7, 100, 1, false, GNT_POOL_LAST, 0}}, 40},
    {{"2x17 attention", {7, 12, 17, 2, false, GNT_POOL_ATTENTION, 21}}, 140},
    {{"2x17 both ways, attention", {7, 12, 17, 2, true, GNT_POOL_ATTENTION, 5}}, 140},
    {{"3x13 both ways", {8, 5, 13, 3, true, GNT_POOL_LAST, 0}}, 70},
    {{"2x6 both ways, final", {8, 5, 6, 2, true, GNT_POOL_FINAL, 0}}, 70},
    {{"4x20", {33, 6, 20, 4, false, GNT_POOL_LAST, 0}}, 70},
    {{"8x3 both ways", {5, 6, 3, 8, true, GNT_POOL_FINAL, 0}}, 35},
    {{"1 unit, 1 feature", {1, 4, 1, 1, false, GNT_POOL_LAST, 0}}, 140},
    {{"3 units, 1 step", {4, 1, 3, 2, false, GNT_POOL_LAST, 0}}, 70},
    {{"1x256", {40, 3, 256, 1, false, GNT_POOL_LAST, 0}}, 9},
    {{"4x256", {12, 3, 256, 4, false, GNT_POOL_LAST, 0}}, 3},
    {{"2x640", {6, 2, 640, 2, false, GNT_POOL_LAST, 0}}, 3}, /* h doesn't fit into shared memory */
};

/* Every n-th window against the oracle. */
static void check_reference(const backend *b, const lstm_case *c, const inputs *in, size_t n, const float *logit)
{
    const gnt_net *net = &c->net;
    double *w = case_doubles(in->weights[0], gnt_net_n_weights(net));
    double *x = case_doubles(in->x, in->panel.n_rows * net->n_features), worst = 0, share = 0;
    ref_lstm *ref = ref_lstm_open(net);
    for (size_t i = 0; i < n; i += n / 3 + 1) {
        ref_num want = ref_lstm_logit(ref, w, x + (in->row[i] + 1 - net->window) * net->n_features, NULL);
        double error = fabs(logit[i] - want.v);
        if (!(error <= want.e))
            fail_msg("%s, %s, window %zu: %.9g, oracle %.9g, bound %.3g", b->name, c->name, i, logit[i], want.v,
                     want.e);
        worst = fmax(worst, error);
        share = fmax(share, error / want.e);
    }
    print_message("%s: %s: error %.2g, share of bound %.2g\n", b->name, c->name, worst, share);
    ref_lstm_close(ref);
    free(w);
    free(x);
}

static void every_shape_has_the_cpus_bits(void **state)
{
    gnt_engine engine = {0};
    (void)state;
    for (size_t k = 0; k < N_BACKENDS; k++) {
        if (!open_backend(&backends[k], &engine)) continue;
        for (size_t s = 0; s < N_KINDS + sizeof shapes / sizeof *shapes; s++) {
            const lstm_case *c = s < N_KINDS ? &lstm_kinds[s] : &shapes[s - N_KINDS].c;
            size_t n = s < N_KINDS ? 70 : shapes[s - N_KINDS].n;
            inputs in = inputs_open(c, n);
            gnt_rows rows = {in.row, n};
            check_call(&engine, &backends[k], c, in.weights, 1, in.panel, rows, "consecutive rows");
            float *logit = logits(&engine, c, in.weights, 1, in.panel, rows, backends[k].name);
            check_reference(&backends[k], c, &in, n, logit);
            free(logit - GUARD);
            inputs_close(&in);
        }
        gnt_engine_close(&engine);
    }
}

/* Of 5 steps: the last writes h of the last layer where the next windows of a block begin (recurrence.cuh, buffers). */
static const lstm_case small = {"2x9", {5, 5, 9, 2, false, GNT_POOL_LAST, 0}};

/* The layered kernel's first step is its last: the next windows of a block write where the head reads. */
static const lstm_case one_step = {"1x5 both ways, 1 step", {4, 1, 5, 1, true, GNT_POOL_FINAL, 0}};

static void every_number_of_windows(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 3, 16, 17, 31, 32, 33, 127, 128, 129, 1000, 1009};
    gnt_engine engine = {0};
    (void)state;
    for (size_t k = 0; k < N_BACKENDS; k++) {
        if (!open_backend(&backends[k], &engine)) continue;
        inputs in = inputs_open(&small, 1009);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            check_call(&engine, &backends[k], &small, in.weights, 1, in.panel, (gnt_rows){in.row, sizes[i]}, "a head");
        for (size_t i = 0; i < 1009; i += 211)
            check_call(&engine, &backends[k], &small, in.weights, 1, in.panel, (gnt_rows){in.row + i, 1009 - i},
                       "a tail");
        inputs_close(&in);
        in = inputs_open(&one_step, 1009);
        check_call(&engine, &backends[k], &one_step, in.weights, 1, in.panel, (gnt_rows){in.row, 1009}, "one step");
        inputs_close(&in);
        gnt_engine_close(&engine);
    }
}

/* Reversed, mixed, repeated and far apart; some share bars, some don't. */
static void rows_in_any_order(void **state)
{
    enum { N = 150 };
    static const lstm_case *const cases[] = {&small, &lstm_kinds[6]};
    gnt_engine engine = {0};
    (void)state;
    for (size_t k = 0; k < 2 * N_BACKENDS; k++) {
        const backend *b = &backends[k / 2];
        const lstm_case *c = cases[k % 2];
        uint32_t row[N];
        if (!open_backend(b, &engine)) continue;
        inputs in = inputs_open(c, N * 20);
        for (size_t i = 0; i < N; i++) row[i] = in.row[N - 1 - i];
        check_call(&engine, b, c, in.weights, 1, in.panel, (gnt_rows){row, N}, "reversed rows");
        for (size_t i = 0; i < N; i++) row[i] = in.row[i * 67 % N];
        check_call(&engine, b, c, in.weights, 1, in.panel, (gnt_rows){row, N}, "mixed rows");
        for (size_t i = 0; i < N; i++) row[i] = in.row[i / 7 * 11];
        check_call(&engine, b, c, in.weights, 1, in.panel, (gnt_rows){row, N}, "repeated rows");
        for (size_t i = 0; i < N; i++) row[i] = in.row[i * 1009 % (N * 20)];
        check_call(&engine, b, c, in.weights, 1, in.panel, (gnt_rows){row, N}, "rows far apart");
        check_call(&engine, b, c, in.weights, 1, in.panel, (gnt_rows){row, 5}, "a few rows far apart");
        inputs_close(&in);
        gnt_engine_close(&engine);
    }
}

/* Memory for a part of the windows, and of the models, at a time; then for not even the bars. */
static void as_much_at_a_time_as_fits(void **state)
{
    enum { MANY = 30000 };
    static const backend little[] = {{"emu, 400 kB", "emu", "forward", "1", "1", "400000"},
                                     {"emu, 400 kB on 2 GPUs", "emu", "forward", "2", "2", "400000"}};
    gnt_engine engine = {0};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        if (!open_backend(&little[k], &engine)) skip();
        inputs in = inputs_open(&small, 3000);
        uint32_t row[700];
        for (size_t i = 0; i < 700; i++) row[i] = in.row[i * 1009 % 3000];
        check_call(&engine, &little[k], &small, in.weights, 1, in.panel, (gnt_rows){in.row, 3000}, "3000 windows");
        check_call(&engine, &little[k], &small, in.weights, 1, in.panel, (gnt_rows){row, 700}, "700 mixed windows");
        check_call(&engine, &little[k], &small, in.weights, 3, in.panel, (gnt_rows){in.row, 900}, "3 models");
        inputs_close(&in);
        in = inputs_open(&small, MANY);
        gnt_packed *packed = NULL;
        gnt_error why = {0};
        float *logit = malloc(MANY * sizeof *logit);
        assert_non_null(logit);
        assert_int_equal(gnt_engine_pack(&engine, &small.net, in.weights[0], GNT_FLOAT32, &packed, &why), GNT_OK);
        gnt_status st = gnt_engine_forward(&engine, (const gnt_packed *const *)&packed, 1, in.panel,
                                           (gnt_rows){in.row, MANY}, logit, &why);
        if (st != GNT_ENOMEM || !strstr(why.text, "needs")) fail_msg("%s: status %d, %s", little[k].name, st, why.text);
        gnt_engine_unpack(&engine, packed);
        free(logit);
        check_call(&engine, &little[k], &small, in.weights, 1, in.panel, (gnt_rows){in.row, 33}, "afterwards");
        inputs_close(&in);
        gnt_engine_close(&engine);
    }
}

/* Alike and not alike, more models than windows and fewer. */
static void several_models_in_a_call(void **state)
{
    enum { N = 70, M = 5 };
    static const size_t sizes[] = {1, 3, N};
    const lstm_case other = {"1x7 attention", {5, 5, 7, 1, false, GNT_POOL_ATTENTION, 3}};
    gnt_engine engine = {0};
    (void)state;
    for (size_t k = 0; k < N_BACKENDS; k++) {
        if (!open_backend(&backends[k], &engine)) continue;
        inputs in = inputs_open(&small, N);
        float *weights = case_weights(&other.net, 9);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            size_t n = sizes[i];
            gnt_rows rows = {in.row, n};
            check_call(&engine, &backends[k], &small, in.weights, 3, in.panel, rows, "3 models");
            gnt_packed *packed[M] = {0};
            gnt_error why = {0};
            float mixed[M * N];
            for (size_t m = 0; m < M; m++)
                assert_int_equal(gnt_engine_pack(&engine, m == 2 ? &other.net : &small.net,
                                                 m == 2 ? weights : in.weights[m % 3], GNT_FLOAT32, &packed[m], &why),
                                 GNT_OK);
            assert_int_equal(
                gnt_engine_forward(&engine, (const gnt_packed *const *)packed, M, in.panel, rows, mixed, &why), GNT_OK);
            for (size_t m = 0; m < M; m++) {
                float *w[1] = {m == 2 ? weights : in.weights[m % 3]};
                float *want = logits(&cpu, m == 2 ? &other : &small, w, 1, in.panel, rows, "cpu");
                check_same(backends[k].name, &small, "one of mixed models", mixed + m * n, want, n);
                free(want - GUARD);
                gnt_engine_unpack(&engine, packed[m]);
            }
        }
        free(weights);
        inputs_close(&in);
        gnt_engine_close(&engine);
    }
}

/* NaN in bars that no window looks at, between the windows too; NaN in one bar reaches its windows only. */
static void a_nan_stays_in_its_windows(void **state)
{
    enum { N = 60, BAD = 30 };
    gnt_engine engine = {0};
    (void)state;
    for (size_t k = 0; k < N_BACKENDS; k++) {
        if (!open_backend(&backends[k], &engine)) continue;
        inputs in = inputs_open(&small, 2 * N);
        size_t n_k = small.net.n_features;
        float *want = logits(&cpu, &small, in.weights, 1, in.panel, (gnt_rows){in.row, 2 * N}, "cpu");
        in.x[0] = in.x[(in.panel.n_rows - 1) * n_k] = NAN; /* outside */
        for (size_t bar = BAD; bar < BAD + 2 * small.net.window; bar++) in.x[bar * n_k + 2] = NAN;
        uint32_t row[2 * N];
        size_t place[2 * N], n = 0;
        for (size_t i = 0; i < 2 * N; i++)
            if (in.row[i] < BAD || in.row[i] >= BAD + 3 * small.net.window - 1) place[n] = i, row[n++] = in.row[i];
        float *got = logits(&engine, &small, in.weights, 1, in.panel, (gnt_rows){row, n}, backends[k].name);
        for (size_t i = 0; i < n; i++)
            check_same(backends[k].name, &small, "NaN elsewhere", got + i, want + place[i], 1);
        free(got - GUARD);
        got = logits(&engine, &small, in.weights, 1, in.panel, (gnt_rows){in.row, 2 * N}, backends[k].name);
        for (size_t i = 0; i < 2 * N; i++) {
            bool hit = in.row[i] >= BAD && in.row[i] < BAD + 3 * small.net.window - 1;
            if (hit ? !isnan(got[i]) : memcmp(&got[i], &want[i], sizeof(float)) != 0)
                fail_msg("%s, window %zu: %g, without NaN %g", backends[k].name, i, got[i], want[i]);
        }
        free(got - GUARD);
        free(want - GUARD);
        inputs_close(&in);
        gnt_engine_close(&engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_has_the_cpus_bits),
        cmocka_unit_test(every_number_of_windows),
        cmocka_unit_test(rows_in_any_order),
        cmocka_unit_test(several_models_in_a_call),
        cmocka_unit_test(a_nan_stays_in_its_windows),
        cmocka_unit_test(as_much_at_a_time_as_fits),
    };
    gnt_error why = {0};
    if (gnt_engine_open(&cpu, "cpu", 2, NULL, &why)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gnt_engine_close(&cpu);
    return failed;
}
