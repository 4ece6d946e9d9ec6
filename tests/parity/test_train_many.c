/* Any number of models trained at once, of any shapes, sizes and lengths: each gets the bits it gets alone. */
#include <math.h>
#include <stdio.h>

#include "tests/train_case.h"

static const gnt_net nets[] = {
    {5, 4, 3, 1, false, GNT_POOL_LAST, 0},      {5, 4, 9, 2, true, GNT_POOL_ATTENTION, 6},
    {5, 4, 12, 3, false, GNT_POOL_LAST, 0},     {5, 3, 40, 2, false, GNT_POOL_LAST, 0}, /* many slices: a giant */
    {3, 6, 8, 2, true, GNT_POOL_FINAL, 0},      {7, 1, 5, 1, false, GNT_POOL_LAST, 0},
    {5, 4, 6, 1, false, GNT_POOL_ATTENTION, 3}, {1, 2, 1, GNT_MAX_LAYERS, true, GNT_POOL_FINAL, 0},
};
#define N_NETS (sizeof nets / sizeof *nets)

enum { MOST = 100, MOST_EPOCHS = 3 };
static const unsigned thread_counts[] = {1, 2, 3, 7};

/* Everything of model i of the case follows from (seed, i). */
static int open_one(model *m, uint64_t seed, size_t i, size_t n_models)
{
    uint64_t x = seed * 1000003 + i;
    (void)case_uniform(&x);
    const gnt_net *net = &nets[(size_t)(case_uniform(&x) * N_NETS)];
    double rows = n_models > 20 ? 20 : 120;
    size_t n_train = 1 + (size_t)(rows * case_uniform(&x)), n_val = (size_t)(rows / 4 * case_uniform(&x));
    model_open(m, net, n_train, n_val, seed * 131 + i);
    m->options.batch = 1 + (uint32_t)(90 * case_uniform(&x));
    m->options.dropout = case_uniform(&x) < 0.5 ? 0 : 0.25;
    m->options.optimiser = case_uniform(&x) < 0.5 ? GNT_ADAM : GNT_ADAMW;
    m->options.clip_norm = case_uniform(&x) < 0.3 ? 0 : 0.05;
    return 1 + (int)(MOST_EPOCHS * case_uniform(&x));
}

/* NaN is the loss of no validation rows; as a number, so that states compare by their bits. */
static void settle(model *m)
{
    if (m->job.val.n) return;
    assert_true(isnan(m->figures.val_loss));
    m->figures.val_loss = 0;
}

/* Epoch by epoch, each model leaving after its own last one. */
static void train_all(gnt_device *dev, model *models, const int *epochs, size_t n)
{
    gnt_train_job jobs[MOST];
    size_t of[MOST];
    for (int e = 0; e < MOST_EPOCHS; e++) {
        size_t active = 0;
        for (size_t i = 0; i < n; i++)
            if (e < epochs[i]) {
                of[active] = i;
                jobs[active++] = models[i].job;
            }
        train(dev, jobs, active, 1);
        for (size_t k = 0; k < active; k++) models[of[k]].job = jobs[k];
    }
}

static void check(size_t n, uint64_t seed)
{
    static model alone[MOST], among[MOST];
    int epochs[MOST];
    gnt_device *one = case_device(1, NULL);
    for (size_t i = 0; i < n; i++) {
        epochs[i] = open_one(&alone[i], seed, i, n);
        train(one, &alone[i].job, 1, epochs[i]);
        settle(&alone[i]);
    }
    gnt_cpu_ops()->close(one);
    for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
        char what[80];
        gnt_device *dev = case_device(thread_counts[t], NULL);
        for (size_t i = 0; i < n; i++) (void)open_one(&among[i], seed, i, n);
        train_all(dev, among, epochs, n);
        for (size_t i = 0; i < n; i++) {
            snprintf(what, sizeof what, "seed %d, %zu models, %u threads, model %zu", (int)seed, n, thread_counts[t],
                     i);
            settle(&among[i]);
            same_state(what, &alone[i], &among[i]);
            model_close(&among[i]);
        }
        gnt_cpu_ops()->close(dev);
    }
    for (size_t i = 0; i < n; i++) model_close(&alone[i]);
}

static void few_models_of_mixed_shapes(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 9; n++)
        for (uint64_t seed = 1; seed <= 3; seed++) check(n, 10 * n + seed);
}

static void many_models_of_mixed_shapes(void **state)
{
    (void)state;
    check(33, 7);
    check(MOST, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_models_of_mixed_shapes),
        cmocka_unit_test(many_models_of_mixed_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
