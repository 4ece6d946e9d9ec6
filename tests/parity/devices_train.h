/* Rows of test_devices.c: training, its state and figures after two epochs. The CPU's are the yardstick; its gradients
 * and steps are held to the float64 oracle by test_train_gradient.c and test_train_epoch.c. */
#ifndef GNT_PARITY_DEVICES_TRAIN_H
#define GNT_PARITY_DEVICES_TRAIN_H

#include "tests/lstm_case.h"
#include "tests/parity/devices.h"

enum { TRAIN_EPOCHS = 2, TRAIN_VAL = 9 };
static const gnt_net train_net = {3, 4, 5, 2, true, GNT_POOL_ATTENTION, 3};
static const gnt_train_options train_options = {.optimiser = GNT_ADAMW,
                                                .learning_rate = 2e-3,
                                                .weight_decay = 1e-2,
                                                .beta1 = 0.9,
                                                .beta2 = 0.999,
                                                .epsilon = 1e-8,
                                                .clip_norm = 0.05,
                                                .dropout = 0.25,
                                                .pos_weight = 1.3,
                                                .batch = 24,
                                                .seed = 20261};

/* Outputs: weights, both moments and the best weights [n_models][n_weights]; figures [n_models][epochs]; steps, epochs
 * run, best epoch, stale epochs of each. Models share windows and differ in their first weights. */
static void train_models(parity_run *run, size_t n_models, size_t n_windows)
{
    gnt_error why = {0};
    size_t n_weights = gnt_net_n_weights(&train_net), n_rows = n_windows + TRAIN_VAL + train_net.window;
    uint8_t *up = parity_array(n_rows, 1);
    uint32_t *row = parity_array(n_windows + TRAIN_VAL, sizeof *row);
    float *x = case_panel(n_rows, train_net.n_features, 61, up);
    float *first = parity_array(n_models * n_weights, sizeof *first);
    gnt_train_job *jobs = parity_array(n_models, sizeof *jobs);
    for (size_t i = 0; i < n_windows + TRAIN_VAL; i++) row[i] = train_net.window - 1 + (uint32_t)i;
    for (size_t m = 0; m < n_models; m++) {
        float *w = case_weights(&train_net, 62 + m);
        memcpy(first + m * n_weights, w, n_weights * sizeof *w);
        free(w);
    }
    float *weights = parity_in_out(run, PARITY_F32, n_models * n_weights, first);
    memset(first, 0, n_models * n_weights * sizeof *first);
    float *moment1 = parity_in_out(run, PARITY_F32, n_models * n_weights, first);
    float *moment2 = parity_in_out(run, PARITY_F32, n_models * n_weights, first);
    float *best = parity_out(run, PARITY_F32, n_models * n_weights);
    gnt_train_figures *figures = parity_out(run, PARITY_BYTES, n_models * TRAIN_EPOCHS * sizeof *figures);
    uint32_t *ends = parity_out(run, PARITY_U32, n_models * 4);
    for (size_t m = 0; m < n_models; m++)
        jobs[m] = (gnt_train_job){.net = &train_net,
                                  .options = &train_options,
                                  .panel = {x, n_rows, train_net.n_features},
                                  .labels = {up, n_rows - 1},
                                  .train = {row, n_windows},
                                  .val = {row + n_windows, TRAIN_VAL},
                                  .weights = weights + m * n_weights,
                                  .moment1 = moment1 + m * n_weights,
                                  .moment2 = moment2 + m * n_weights,
                                  .best = best + m * n_weights,
                                  .n_epochs = TRAIN_EPOCHS,
                                  .figures = figures + m * TRAIN_EPOCHS};
    parity_call(run, gnt_engine_train(run->engine, jobs, n_models, &why), &why);
    for (size_t m = 0; m < n_models; m++) {
        ends[4 * m] = (uint32_t)jobs[m].step;
        ends[4 * m + 1] = jobs[m].n_run;
        ends[4 * m + 2] = jobs[m].curve.best;
        ends[4 * m + 3] = jobs[m].curve.stale;
    }
    free(up);
    free(row);
    free(x);
    free(first);
    free(jobs);
}

static void train_windows(parity_run *run)
{
    train_models(run, 1, run->size);
}
static void train_many(parity_run *run)
{
    train_models(run, run->size, 20);
}

#endif
