/* A model in training on made-up windows, with guards around what training writes; shared by tests of training. */
#ifndef GNT_TEST_TRAIN_CASE_H
#define GNT_TEST_TRAIN_CASE_H

#include "tests/lstm_case.h"
#include "tests/test.h"

typedef struct model {
    const gnt_net *net;
    gnt_train_options options;
    size_t n_weights, n_rows;
    float *memory; /* weights, moment1, moment2, each between guards */
    float *x;
    uint8_t *up;
    uint32_t *row;
    gnt_train_figures figures; /* of the last epoch */
    gnt_train_job job;
} model;

#define GUARD 16
#define SENTINEL -77.5f

/* n_train and n_val windows of a made-up panel; everything follows from seed. */
static inline void model_open(model *m, const gnt_net *net, size_t n_train, size_t n_val, uint64_t seed)
{
    m->net = net;
    m->n_weights = gnt_net_n_weights(net);
    m->n_rows = n_train + n_val + net->window;
    m->up = malloc(m->n_rows);
    m->x = case_panel(m->n_rows, net->n_features, seed, m->up);
    m->row = malloc((n_train + n_val) * sizeof *m->row);
    for (size_t i = 0; i < n_train + n_val; i++) m->row[i] = net->window - 1 + (uint32_t)i;
    size_t part = m->n_weights + GUARD;
    m->memory = calloc(3 * part + GUARD, sizeof *m->memory);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < GUARD; k++) m->memory[i * part + k] = SENTINEL;
    float *w = case_weights(net, seed + 1);
    memcpy(m->memory + GUARD, w, m->n_weights * sizeof *w);
    free(w);
    m->options = (gnt_train_options){.optimiser = GNT_ADAMW,
                                     .learning_rate = 2e-3,
                                     .weight_decay = 1e-2,
                                     .beta1 = 0.9,
                                     .beta2 = 0.999,
                                     .epsilon = 1e-8,
                                     .clip_norm = 0.05,
                                     .dropout = 0.25,
                                     .pos_weight = 1.3,
                                     .batch = 24,
                                     .seed = seed};
    m->job = (gnt_train_job){.net = net,
                             .options = &m->options,
                             .panel = {m->x, m->n_rows, net->n_features},
                             .labels = {m->up, m->n_rows - 1},
                             .train = {m->row, n_train},
                             .val = {m->row + n_train, n_val},
                             .weights = m->memory + GUARD,
                             .moment1 = m->memory + part + GUARD,
                             .moment2 = m->memory + 2 * part + GUARD,
                             .n_epochs = 1,
                             .figures = &m->figures};
}

static inline void model_close(model *m)
{
    size_t part = m->n_weights + GUARD;
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < GUARD; k++) assert_true(m->memory[i * part + k] == SENTINEL);
    free(m->memory);
    free(m->x);
    free(m->up);
    free(m->row);
}

static inline void train(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs, int epochs)
{
    for (int e = 0; e < epochs; e++) assert_int_equal(gnt_cpu_ops()->train(dev, jobs, n_jobs), GNT_OK);
}

static inline void same_state(const char *what, const model *a, const model *b)
{
    size_t n = 3 * (a->n_weights + GUARD);
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a->memory[i], &b->memory[i], sizeof(float)) != 0)
            fail_msg("%s: number %zu is %a, want %a", what, i, b->memory[i], a->memory[i]);
    if (memcmp(&a->figures.train_loss, &b->figures.train_loss, sizeof(double)) != 0 ||
        memcmp(&a->figures.val_loss, &b->figures.val_loss, sizeof(double)) != 0)
        fail_msg("%s: losses %a %a, want %a %a", what, b->figures.train_loss, b->figures.val_loss,
                 a->figures.train_loss, a->figures.val_loss);
    assert_int_equal(a->job.step, b->job.step);
    assert_int_equal(a->job.curve.epochs, b->job.curve.epochs);
    assert_int_equal(a->figures.train_correct, b->figures.train_correct);
    assert_int_equal(a->figures.val_correct, b->figures.val_correct);
}

#endif
