/* One batch's gradient against the float64 oracle: every kind of network, with and without dropout. */
#include <math.h>
#include <stdio.h>

#include "kernels/cpu/train.h"
#include "tests/lstm_case.h"
#include "tests/ref/ref_lstm.h"
#include "tests/test.h"

#define SEED 0x123456789abcdef0ULL
#define EPOCH 3

typedef struct batch {
    const gnt_net *net;
    size_t n, n_weights;
    float *weights, *x, *gradient, *logit;
    uint8_t *up;
    uint32_t *row;
    gnt_train_options options;
    gnt_train_job job;
} batch;

static batch make_batch(const gnt_net *net, size_t n, double dropout)
{
    size_t n_rows = n + net->window;
    batch b = {.net = net, .n = n, .n_weights = gnt_net_n_weights(net)};
    b.up = malloc(n_rows);
    b.weights = case_weights(net, 51);
    b.x = case_panel(n_rows, net->n_features, 52, b.up);
    b.gradient = malloc(b.n_weights * sizeof *b.gradient);
    b.logit = malloc(n * sizeof *b.logit);
    b.row = malloc(n * sizeof *b.row);
    for (size_t i = 0; i < n; i++) b.row[i] = net->window - 1 + (uint32_t)(i * 5 % n);
    b.options = (gnt_train_options){.optimiser = GNT_ADAM,
                                    .learning_rate = 1e-3,
                                    .beta1 = 0.9,
                                    .beta2 = 0.999,
                                    .epsilon = 1e-8,
                                    .dropout = dropout,
                                    .pos_weight = 1.7,
                                    .batch = 64,
                                    .seed = SEED};
    return b;
}

static void point_job(batch *b)
{
    size_t n_rows = b->n + b->net->window;
    b->job = (gnt_train_job){.net = b->net,
                             .options = &b->options,
                             .panel = {b->x, n_rows, b->net->n_features},
                             .labels = {b->up, n_rows - 1},
                             .train = {b->row, b->n},
                             .weights = b->weights,
                             .curve = {.epochs = EPOCH}};
}

static void free_batch(batch *b)
{
    free(b->up);
    free(b->weights);
    free(b->x);
    free(b->gradient);
    free(b->logit);
    free(b->row);
}

static ref_sum *reference(const batch *b)
{
    const gnt_net *net = b->net;
    size_t width = net->hidden * (net->bidirectional ? 2 : 1), window = net->window * net->n_features;
    double *w = case_doubles(b->weights, b->n_weights),
           *mask = malloc(net->layers * net->window * width * sizeof *mask);
    ref_sum *gradient = calloc(b->n_weights, sizeof *gradient);
    ref_lstm *ref = ref_lstm_open(net);
    for (size_t i = 0; i < b->n; i++) {
        double *x = case_doubles(b->x + (b->row[i] + 1 - net->window) * net->n_features, window);
        for (size_t e = 0; e < net->layers * net->window * width; e++)
            mask[e] = ref_dropout(net, b->options.dropout, SEED, EPOCH, b->row[i], e / width / net->window,
                                  e / width % net->window, e % width);
        ref_num z = ref_lstm_logit(ref, w, x, b->options.dropout > 0 ? mask : NULL);
        ref_num d = ref_bce_slope(z, b->up[b->row[i]], b->options.pos_weight);
        if (!(fabs(z.v - b->logit[i]) <= z.e)) fail_msg("logit %zu: %.9g, reference %.9g", i, b->logit[i], z.v);
        ref_lstm_gradient(ref, w, (ref_num){d.v / (double)b->n, d.e / (double)b->n}, gradient);
        free(x);
    }
    ref_lstm_close(ref);
    free(w);
    free(mask);
    return gradient;
}

/* Prints, over all tensors, the largest error and its share of the bound. */
static void check_gradient(const char *name, const gnt_net *net, size_t n, double dropout)
{
    batch b = make_batch(net, n, dropout);
    point_job(&b);
    gnt_device *dev = case_device(2, NULL);
    assert_int_equal(gnt_cpu_gradient(dev, &b.job, b.gradient, b.logit), GNT_OK);
    ref_sum *want = reference(&b);
    double worst = 0, share = 0, largest = 0;
    for (size_t i = 0; i < gnt_net_n_tensors(net); i++) {
        gnt_tensor t;
        gnt_net_tensor(net, i, &t);
        for (size_t k = t.offset; k < t.offset + t.rows * t.cols; k++) {
            ref_num v = ref_sum_value(&want[k]);
            double error = fabs(v.v - b.gradient[k]);
            if (!(error <= v.e))
                fail_msg("%s, dropout %g, %s[%zu]: %.9g, reference %.9g, bound %.3g", name, dropout, t.name,
                         k - t.offset, b.gradient[k], v.v, v.e);
            worst = fmax(worst, error);
            largest = fmax(largest, fabs(v.v));
            if (v.e > 0) share = fmax(share, error / v.e);
        }
    }
    print_message("gradient %s, dropout %g: largest %.3g, error %.2g, share of bound %.2g\n", name, dropout, largest,
                  worst, share);
    gnt_cpu_ops()->close(dev);
    free(want);
    free_batch(&b);
}

static void gradients_match_reference(void **state)
{
    (void)state;
    static const lstm_case large[] = {{"1x32", {35, 10, 32, 1, false, GNT_POOL_LAST, 0}},
                                      {"2x96", {35, 10, 96, 2, false, GNT_POOL_LAST, 0}},
                                      {"2x17 attention", {7, 12, 17, 2, true, GNT_POOL_ATTENTION, 21}}};
    for (size_t i = 0; i < N_KINDS; i++) {
        check_gradient(lstm_kinds[i].name, &lstm_kinds[i].net, 37, 0);
        check_gradient(lstm_kinds[i].name, &lstm_kinds[i].net, 37, 0.3);
    }
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) check_gradient(large[i].name, &large[i].net, 5, 0.25);
}

/* A batch of more blocks than are held at a time is the same sum. */
static void large_batches_are_summed_in_pieces(void **state)
{
    (void)state;
    check_gradient("2 layers, 600 windows", &lstm_kinds[1].net, 600, 0.3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_match_reference),
        cmocka_unit_test(large_batches_are_summed_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
