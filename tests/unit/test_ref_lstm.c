/* The oracle itself: its gradients are the derivatives of its loss, for every tensor of every architecture. */
#include <math.h>
#include <stdio.h>

#include "tests/lstm_case.h"
#include "tests/ref/ref_lstm.h"
#include "tests/test.h"

#define WINDOWS 3
#define POS_WEIGHT 1.7
#define STEP 2e-3 /* five-point rule: truncation about STEP^4/30, rounding about 1e-16/STEP */

typedef struct setting {
    ref_lstm *ref;
    gnt_net net;
    double *weights, *x, *mask;
} setting;

static double total_loss(const setting *s, const double *weights)
{
    double sum = 0;
    size_t window = s->net.window * s->net.n_features;
    for (size_t i = 0; i < WINDOWS; i++)
        sum += ref_bce(ref_lstm_logit(s->ref, weights, s->x + i * window, s->mask).v, i % 2 == 0, POS_WEIGHT);
    return sum;
}

/* Differences of pairs, so that a parameter without influence has a derivative of exactly 0. */
static double derivative(const setting *s, size_t k)
{
    double keep = s->weights[k], pair[2];
    for (int i = 0; i < 2; i++) {
        s->weights[k] = keep + (i + 1) * STEP;
        pair[i] = total_loss(s, s->weights);
        s->weights[k] = keep - (i + 1) * STEP;
        pair[i] -= total_loss(s, s->weights);
    }
    s->weights[k] = keep;
    return (8 * pair[0] - pair[1]) / (12 * STEP);
}

static void check_tensors(const char *name, const setting *s, const ref_sum *gradient)
{
    for (size_t i = 0; i < gnt_net_n_tensors(&s->net); i++) {
        gnt_tensor t;
        double worst = 0, largest = 0;
        gnt_net_tensor(&s->net, i, &t);
        for (size_t k = t.offset; k < t.offset + t.rows * t.cols; k++) {
            double error = fabs(gradient[k].v - derivative(s, k));
            if (!(error <= worst)) worst = error;
            largest = fmax(largest, fabs(gradient[k].v));
        }
        if (!(worst <= 1e-6 * largest))
            fail_msg("%s, %s: largest difference %.3g, largest gradient %.3g", name, t.name, worst, largest);
    }
}

static void check_case(const lstm_case *c, bool dropout)
{
    setting s = {.net = c->net, .ref = ref_lstm_open(&c->net)};
    size_t n = gnt_net_n_weights(&c->net), width = c->net.hidden * (c->net.bidirectional ? 2 : 1);
    size_t n_mask = c->net.layers * c->net.window * width;
    uint64_t seed = 5;
    double *mask = malloc(n_mask * sizeof *mask);
    float *weights = case_weights(&c->net, 3), *x = case_panel(WINDOWS * c->net.window, c->net.n_features, 9, NULL);
    s.weights = case_doubles(weights, n);
    s.x = case_doubles(x, WINDOWS * c->net.window * c->net.n_features);
    for (size_t i = 0; i < n_mask; i++) mask[i] = case_uniform(&seed) < 0.3 ? 0 : 1 / 0.7;
    s.mask = dropout ? mask : NULL;
    for (size_t i = 0; i < n; i++) s.weights[i] *= 1.5; /* away from the linear range */
    ref_sum *gradient = calloc(n, sizeof *gradient);
    for (size_t i = 0; i < WINDOWS; i++) {
        ref_num z = ref_lstm_logit(s.ref, s.weights, s.x + i * c->net.window * c->net.n_features, s.mask);
        ref_lstm_gradient(s.ref, s.weights, ref_bce_slope(z, i % 2 == 0, POS_WEIGHT), gradient);
    }
    check_tensors(c->name, &s, gradient);
    ref_lstm_close(s.ref);
    free(s.weights);
    free(s.x);
    free(mask);
    free(weights);
    free(x);
    free(gradient);
}

static void gradients_match_central_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_KINDS; i++) {
        check_case(&lstm_kinds[i], false);
        check_case(&lstm_kinds[i], true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gradients_match_central_differences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
