/* forward against the float64 oracle, and its bits against themselves: threads, instruction sets, splits of rows. */
#include <math.h>
#include <stdio.h>

#include "tests/lstm_case.h"
#include "tests/ref/ref_lstm.h"
#include "tests/test.h"

static const lstm_case shapes[] = {
    {"1x24", {35, 10, 24, 1, false, GNT_POOL_LAST, 0}},
    {"1x32", {35, 10, 32, 1, false, GNT_POOL_LAST, 0}},
    {"2x64", {35, 10, 64, 2, false, GNT_POOL_LAST, 0}},
    {"2x96", {35, 10, 96, 2, false, GNT_POOL_LAST, 0}},
    {"3x128", {35, 10, 128, 3, false, GNT_POOL_LAST, 0}},
    {"8x3", {5, 6, 3, 8, true, GNT_POOL_FINAL, 0}},
    {"2x17 attention", {7, 12, 17, 2, true, GNT_POOL_ATTENTION, 21}},
};
#define N_SHAPES (sizeof shapes / sizeof *shapes)

static void forward(gnt_device *dev, const gnt_net *net, const float *weights, gnt_panel panel, gnt_rows rows,
                    float *logit)
{
    case_forward(dev, net, weights, GNT_FLOAT32, panel, rows, logit);
}

static uint32_t *rising_rows(const gnt_net *net, size_t n)
{
    uint32_t *row = malloc((n + 1) * sizeof *row);
    for (size_t i = 0; i < n; i++) row[i] = net->window - 1 + (uint32_t)i;
    return row;
}

/* Every `stride`-th window against the oracle; prints the largest error and its largest share of the bound. */
static void check_reference(const lstm_case *c, size_t n, size_t stride)
{
    const gnt_net *net = &c->net;
    size_t n_rows = n + net->window - 1;
    float *weights = case_weights(net, 11), *x = case_panel(n_rows, net->n_features, 12, NULL);
    double *w = case_doubles(weights, gnt_net_n_weights(net)), *xd = case_doubles(x, n_rows * net->n_features);
    float *logit = malloc(n * sizeof *logit);
    uint32_t *row = rising_rows(net, n);
    gnt_device *dev = case_device(2, NULL);
    ref_lstm *ref = ref_lstm_open(net);
    forward(dev, net, weights, (gnt_panel){x, n_rows, net->n_features}, (gnt_rows){row, n}, logit);
    double worst = 0, share = 0, spread = 0;
    for (size_t i = 0; i < n; i += stride) {
        ref_num want = ref_lstm_logit(ref, w, xd + i * net->n_features, NULL);
        double error = fabs(logit[i] - want.v);
        if (!(error <= want.e))
            fail_msg("%s, window %zu: %.9g, reference %.9g, bound %.3g", c->name, i, logit[i], want.v, want.e);
        worst = fmax(worst, error);
        share = fmax(share, error / want.e);
        spread = fmax(spread, fabs(want.v));
    }
    print_message("forward %s: largest logit %.3g, error %.2g, share of bound %.2g\n", c->name, spread, worst, share);
    gnt_cpu_ops()->close(dev);
    ref_lstm_close(ref);
    free(weights);
    free(x);
    free(w);
    free(xd);
    free(logit);
    free(row);
}

static void logits_match_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) check_reference(&lstm_kinds[i], 97, 1);
    for (size_t i = 0; i < N_SHAPES; i++) check_reference(&shapes[i], 70, 9);
}

#define GUARD 8
#define SENTINEL 123.25f

/* n windows on dev into a guarded, NaN-filled array; compares with want and checks the guards. */
static void check_bits(gnt_device *dev, const lstm_case *c, const float *weights, gnt_panel panel, gnt_rows rows,
                       const float *want, const char *what)
{
    float *out = malloc((rows.n + 2 * GUARD) * sizeof *out);
    for (size_t i = 0; i < rows.n + 2 * GUARD; i++) out[i] = i < GUARD || i >= rows.n + GUARD ? SENTINEL : NAN;
    forward(dev, &c->net, weights, panel, rows, out + GUARD);
    for (size_t i = 0; i < rows.n; i++)
        if (memcmp(&out[GUARD + i], &want[i], sizeof(float)) != 0)
            fail_msg("%s, %s, window %zu of %zu: %a, want %a", c->name, what, i, rows.n, out[GUARD + i], want[i]);
    for (size_t i = 0; i < GUARD; i++)
        if (out[i] != SENTINEL || out[rows.n + GUARD + i] != SENTINEL) fail_msg("%s, %s: wrote outside", c->name, what);
    free(out);
}

static void same_bits_for_sizes_threads_and_instruction_sets(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 31, 33, 509, 1000};
    static const lstm_case cases[] = {{"1x5", {3, 4, 5, 1, false, GNT_POOL_LAST, 0}},
                                      {"2x9 both ways", {5, 7, 9, 2, true, GNT_POOL_ATTENTION, 6}}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const lstm_case *c = &cases[k];
        size_t most = 1000, n_rows = most + c->net.window - 1;
        float *weights = case_weights(&c->net, 21), *x = case_panel(n_rows, c->net.n_features, 22, NULL);
        float *want = malloc(most * sizeof *want);
        uint32_t *row = rising_rows(&c->net, most);
        gnt_panel panel = {x, n_rows, c->net.n_features};
        gnt_device *first = case_device(1, "generic");
        forward(first, &c->net, weights, panel, (gnt_rows){row, most}, want);
        gnt_cpu_ops()->close(first);
        for (size_t s = 0; s < N_SIMD; s++)
            for (unsigned threads = 1; threads <= 3; threads++) {
                gnt_device *dev = case_device(threads, case_simd[s]);
                for (size_t i = 0; dev && i < sizeof sizes / sizeof *sizes; i++)
                    check_bits(dev, c, weights, panel, (gnt_rows){row, sizes[i]}, want, case_simd[s]);
                if (dev) gnt_cpu_ops()->close(dev);
            }
        free(weights);
        free(x);
        free(want);
        free(row);
    }
}

/* Rows in any order and number, windows as a panel of their own, several models at once: the same bits a window. */
static void same_bits_for_any_split_of_rows(void **state)
{
    (void)state;
    enum { N = 211 };
    const lstm_case *c = &shapes[N_SHAPES - 1];
    size_t window = c->net.window, n_k = c->net.n_features, n_rows = N + window - 1;
    float *weights = case_weights(&c->net, 31), *x = case_panel(n_rows, n_k, 32, NULL), want[N], mixed[N];
    float *copies = malloc(N * window * n_k * sizeof *copies);
    uint32_t *row = rising_rows(&c->net, N), other[N];
    gnt_panel panel = {x, n_rows, n_k};
    gnt_device *dev = case_device(2, NULL);
    forward(dev, &c->net, weights, panel, (gnt_rows){row, N}, want);
    for (size_t i = 0; i < N; i++) {
        other[i] = row[i * 100 % N];
        mixed[i] = want[i * 100 % N];
    }
    check_bits(dev, c, weights, panel, (gnt_rows){other, N}, mixed, "mixed rows");
    for (size_t i = 0; i < N; i += 7)
        check_bits(dev, c, weights, panel, (gnt_rows){row + i, N - i}, want + i, "a tail");
    for (size_t i = 0; i < N; i++) {
        memcpy(copies + i * window * n_k, x + i * n_k, window * n_k * sizeof *copies);
        other[i] = (uint32_t)(i * window + window - 1);
    }
    check_bits(dev, c, weights, (gnt_panel){copies, N * window, n_k}, (gnt_rows){other, N}, want, "copied windows");
    gnt_net second = {(uint32_t)n_k, (uint32_t)window, 40, 1, false, GNT_POOL_LAST, 0};
    float *second_weights = case_weights(&second, 33), both[2 * N], alone[N];
    gnt_packed *a = NULL, *b = NULL;
    assert_int_equal(gnt_cpu_ops()->pack(dev, &second, second_weights, GNT_FLOAT32, &a), GNT_OK);
    assert_int_equal(gnt_cpu_ops()->pack(dev, &c->net, weights, GNT_FLOAT32, &b), GNT_OK);
    const gnt_packed *models[2] = {a, b};
    assert_int_equal(gnt_cpu_ops()->forward(dev, models, 2, panel, (gnt_rows){row, N}, both), GNT_OK);
    assert_int_equal(gnt_cpu_ops()->forward(dev, models, 1, panel, (gnt_rows){row, N}, alone), GNT_OK);
    assert_memory_equal(both + N, want, sizeof want);
    assert_memory_equal(both, alone, sizeof alone);
    gnt_cpu_ops()->unpack(dev, a);
    gnt_cpu_ops()->unpack(dev, b);
    gnt_cpu_ops()->close(dev);
    free(weights);
    free(second_weights);
    free(x);
    free(copies);
    free(row);
}

/* A NaN in a window gives NaN for it and for no other window of its block. */
static void a_nan_stays_in_its_windows(void **state)
{
    (void)state;
    enum { N = 40, BAD = 20 };
    const lstm_case *c = &lstm_kinds[6];
    size_t n_rows = N + c->net.window - 1;
    float *weights = case_weights(&c->net, 41), *x = case_panel(n_rows, c->net.n_features, 42, NULL), want[N], got[N];
    uint32_t *row = rising_rows(&c->net, N);
    gnt_panel panel = {x, n_rows, c->net.n_features};
    gnt_device *dev = case_device(1, NULL);
    forward(dev, &c->net, weights, panel, (gnt_rows){row, N}, want);
    x[BAD * c->net.n_features + 1] = NAN;
    forward(dev, &c->net, weights, panel, (gnt_rows){row, N}, got);
    for (size_t i = 0; i < N; i++) {
        bool hit = row[i] >= BAD && row[i] + 1 - c->net.window <= BAD;
        if (hit ? !isnan(got[i]) : memcmp(&got[i], &want[i], sizeof(float)) != 0)
            fail_msg("window %zu: %g, without the NaN %g", i, got[i], want[i]);
    }
    gnt_cpu_ops()->close(dev);
    free(weights);
    free(x);
    free(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_match_reference),
        cmocka_unit_test(same_bits_for_sizes_threads_and_instruction_sets),
        cmocka_unit_test(same_bits_for_any_split_of_rows),
        cmocka_unit_test(a_nan_stays_in_its_windows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
