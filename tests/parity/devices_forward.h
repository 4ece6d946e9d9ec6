/* Rows of test_devices.c: forward in float32. Sizes count windows; an output a model: every kind of stack and pooling,
 * and the two variants of SPEC 4. */
#ifndef GNT_PARITY_DEVICES_FORWARD_H
#define GNT_PARITY_DEVICES_FORWARD_H

#include "tests/lstm_case.h"
#include "tests/parity/devices.h"
#include "tests/ref/ref_lstm.h"

/* Large models for the emulated device's sake with few windows. */
static const size_t forward_sizes_variants[] = {0, 1, 31, 33, PARITY_END};
static const lstm_case forward_variants[] = {
    {"baseline", {35, 10, 32, 1, false, GNT_POOL_LAST, 0}},
    {"enhanced", {35, 10, 96, 2, false, GNT_POOL_LAST, 0}},
};
enum { FORWARD_VARIANTS = sizeof forward_variants / sizeof *forward_variants };

/* Made-up weights, rows and windows in no order; all follow from the case and the number of windows. */
typedef struct forward_input {
    float *weights, *x;
    uint32_t *row;
    gnt_panel panel;
    gnt_rows rows;
} forward_input;

static forward_input forward_make(const lstm_case *c, size_t n)
{
    forward_input in = {.weights = case_weights(&c->net, 51), .row = parity_array(n, sizeof(uint32_t))};
    size_t n_rows = n + c->net.window - 1;
    in.x = case_panel(n_rows, c->net.n_features, 52, NULL);
    for (size_t i = 0; i < n; i++) in.row[i] = c->net.window - 1 + (uint32_t)(i * 7 % n);
    in.panel = (gnt_panel){in.x, n_rows, c->net.n_features};
    in.rows = (gnt_rows){in.row, n};
    return in;
}

static void forward_free(forward_input *in)
{
    free(in->weights);
    free(in->x);
    free(in->row);
}

static void forward_run(parity_run *run, const lstm_case *cases, size_t n_cases)
{
    for (size_t i = 0; i < n_cases; i++) {
        gnt_error why = {0};
        gnt_packed *packed = NULL;
        forward_input in = forward_make(&cases[i], run->size);
        float *logit = parity_out(run, PARITY_F32, run->size);
        gnt_status st = gnt_engine_pack(run->engine, &cases[i].net, in.weights, GNT_FLOAT32, &packed, &why);
        const gnt_packed *models[1] = {packed};
        if (!st) st = gnt_engine_forward(run->engine, models, 1, in.panel, in.rows, logit, &why);
        parity_call(run, st, &why);
        gnt_engine_unpack(run->engine, packed);
        forward_free(&in);
    }
}

/* Windows are sampled: the oracle is slow. */
static void forward_check(parity_run *run, const lstm_case *cases, size_t n_cases)
{
    for (size_t i = 0; i < n_cases; i++) {
        const gnt_net *net = &cases[i].net;
        const float *logit = parity_data(&run->out[i]);
        forward_input in = forward_make(&cases[i], run->size);
        double *w = case_doubles(in.weights, gnt_net_n_weights(net));
        double *x = case_doubles(in.x, in.panel.n_rows * net->n_features);
        ref_lstm *ref = ref_lstm_open(net);
        for (size_t k = 0; k<run->size; k += run->size> 100 ? 97 : net->hidden > 40 ? 8 : 1) {
            ref_num want = ref_lstm_logit(ref, w, x + (in.row[k] + 1 - net->window) * net->n_features, NULL);
            parity_near(run, k, logit[k], want.v, want.e);
        }
        ref_lstm_close(ref);
        free(w);
        free(x);
        forward_free(&in);
    }
}

static void forward_kinds(parity_run *run)
{
    forward_run(run, lstm_kinds, N_KINDS);
}
static void forward_kinds_check(parity_run *run)
{
    forward_check(run, lstm_kinds, N_KINDS);
}
static void forward_both(parity_run *run)
{
    forward_run(run, forward_variants, FORWARD_VARIANTS);
}
static void forward_both_check(parity_run *run)
{
    forward_check(run, forward_variants, FORWARD_VARIANTS);
}

#endif
