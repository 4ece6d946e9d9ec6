/* Training epochs: their bits against themselves, the optimiser against float64, what an epoch counts, and that it
 * learns. */
#include <math.h>
#include <stdio.h>

#include "kernels/cpu/train.h"
#include "kernels/math/philox.h"
#include "tests/lstm_case.h"
#include "tests/ref/ref_lstm.h"
#include "tests/test.h"
#include "tests/train_case.h"

#define U 0x1p-24

static const gnt_net stacked = {5, 4, 9, 2, true, GNT_POOL_ATTENTION, 6};
static const gnt_net plain = {5, 4, 12, 3, false, GNT_POOL_LAST, 0};

static void same_bits_for_threads_and_instruction_sets(void **state)
{
    (void)state;
    const gnt_net *const nets[] = {&stacked, &plain};
    for (size_t k = 0; k < 2; k++) {
        model want;
        model_open(&want, nets[k], 83, 21, 61);
        gnt_device *dev = case_device(1, "generic");
        train(dev, &want.job, 1, 2);
        gnt_cpu_ops()->close(dev);
        for (size_t s = 0; s < N_SIMD; s++)
            for (unsigned threads = 1; threads <= 3; threads++) {
                model got;
                if (!(dev = case_device(threads, case_simd[s]))) continue;
                model_open(&got, nets[k], 83, 21, 61);
                train(dev, &got.job, 1, 2);
                same_state(case_simd[s], &want, &got);
                model_close(&got);
                gnt_cpu_ops()->close(dev);
            }
        model_close(&want);
    }
}

/* Jobs of different sizes and lengths beside each other, on a device that has worked on something else before. */
static void same_bits_alone_and_among_others(void **state)
{
    (void)state;
    enum { M = 7 };
    model alone[M], among[M];
    gnt_train_job jobs[M];
    gnt_device *dev = case_device(2, NULL);
    for (size_t i = 0; i < M; i++) {
        const gnt_net *net = i % 2 ? &stacked : &plain;
        model_open(&alone[i], net, 20 + 31 * i, i == 3 ? 0 : 9 + i, 70 + i);
        model_open(&among[i], net, 20 + 31 * i, i == 3 ? 0 : 9 + i, 70 + i);
        among[i].options.batch = alone[i].options.batch = (uint32_t)(5 + 40 * (i % 3));
        gnt_device *fresh = case_device(1, NULL);
        train(fresh, &alone[i].job, 1, 2);
        gnt_cpu_ops()->close(fresh);
        jobs[i] = among[i].job;
    }
    train(dev, jobs, M, 2);
    for (size_t i = 0; i < M; i++) {
        among[i].job = jobs[i];
        if (i == 3) assert_true(isnan(jobs[i].figures->val_loss));
        if (i == 3) alone[i].figures.val_loss = among[i].figures.val_loss = 0;
        same_state("among others", &alone[i], &among[i]);
        model_close(&alone[i]);
        model_close(&among[i]);
    }
    gnt_cpu_ops()->close(dev);
}

/* Two epochs and two more, on another device, equal four. */
static void resumed_training_has_the_same_bits(void **state)
{
    (void)state;
    model whole, resumed;
    model_open(&whole, &stacked, 83, 21, 81);
    model_open(&resumed, &stacked, 83, 21, 81);
    gnt_device *dev = case_device(2, NULL);
    train(dev, &whole.job, 1, 4);
    train(dev, &resumed.job, 1, 2);
    gnt_cpu_ops()->close(dev);
    dev = case_device(1, NULL);
    train(dev, &resumed.job, 1, 2);
    same_state("resumed", &whole, &resumed);
    gnt_cpu_ops()->close(dev);
    model_close(&whole);
    model_close(&resumed);
}

/* With a learning rate of 0 the loss is the mean over every window, each once, the last partial batch included. */
static void an_epoch_sees_every_window_once(void **state)
{
    (void)state;
    model m;
    model_open(&m, &stacked, 83, 21, 91);
    m.options.learning_rate = m.options.dropout = 0;
    gnt_device *dev = case_device(2, NULL);
    train(dev, &m.job, 1, 1);
    ref_lstm *ref = ref_lstm_open(m.net);
    double *w = case_doubles(m.job.weights, m.n_weights), loss[2] = {0}, slack[2] = {0};
    uint32_t correct[2] = {0};
    for (size_t i = 0; i < 104; i++) {
        double *x = case_doubles(m.x + i * m.net->n_features, m.net->window * m.net->n_features);
        ref_num z = ref_lstm_logit(ref, w, x, NULL);
        bool up = m.up[m.row[i]];
        loss[i >= 83] += ref_bce(z.v, up, m.options.pos_weight) / (i < 83 ? 83 : 21);
        slack[i >= 83] += m.options.pos_weight * z.e / (i < 83 ? 83 : 21); /* |d loss/d logit| <= max(1, pos_weight) */
        if (!(fabs(z.v) > z.e)) fail_msg("window %zu: logit %g is too near 0 to be counted", i, z.v);
        correct[i >= 83] += (z.v >= 0) == up;
        free(x);
    }
    if (!(fabs(m.figures.train_loss - loss[0]) <= slack[0] && fabs(m.figures.val_loss - loss[1]) <= slack[1]))
        fail_msg("losses %.9g %.9g, reference %.9g %.9g", m.figures.train_loss, m.figures.val_loss, loss[0], loss[1]);
    assert_int_equal(m.figures.train_correct, correct[0]);
    assert_int_equal(m.figures.val_correct, correct[1]);
    assert_int_equal(m.job.step, 4);
    assert_int_equal(m.job.curve.epochs, 1);
    gnt_cpu_ops()->close(dev);
    ref_lstm_close(ref);
    free(w);
    model_close(&m);
}

/* Three steps of one window each against float64, from the kernels' own gradients. A step's roundings: the gradient
 * (scaled, and decayed: 3 U of |g| + |decay w|), moments 4 U, the quotient 8 U, the new weight 3 U of |w|; a relative
 * error of the gradient moves the quotient by at most 2 of it. */
static void check_optimiser(gnt_optimiser optimiser, double clip)
{
    model m;
    model_open(&m, &plain, 1, 0, 101);
    m.options.optimiser = optimiser;
    m.options.clip_norm = clip;
    m.options.dropout = 0;
    size_t n = m.n_weights;
    float *g = malloc(n * sizeof *g), logit;
    double *gd = malloc(n * sizeof *gd);
    gnt_device *dev = case_device(1, NULL);
    for (uint64_t t = 1; t <= 3; t++) {
        assert_int_equal(gnt_cpu_gradient(dev, &m.job, g, &logit), GNT_OK);
        double *w = case_doubles(m.job.weights, n), *m1 = case_doubles(m.job.moment1, n), squares = 0;
        double *m2 = case_doubles(m.job.moment2, n), *before = case_doubles(m.job.weights, n);
        for (size_t i = 0; i < n; i++) squares += (double)g[i] * g[i];
        double factor = clip > 0 ? fmin(1, clip / (sqrt(squares) + 1e-6)) : 1;
        for (size_t i = 0; i < n; i++) gd[i] = factor * g[i];
        ref_adam(&m.options, t, n, gd, w, m1, m2);
        train(dev, &m.job, 1, 1);
        for (size_t i = 0; i < n; i++) {
            double decay = optimiser == GNT_ADAM ? m.options.weight_decay * before[i] : 0, total = gd[i] + decay;
            double input = 3 * U * (fabs(gd[i]) + fabs(decay)), root = sqrt(m2[i] / (1 - pow(0.999, (double)t)));
            double move = fabs(w[i] - before[i]) + m.options.learning_rate * m.options.weight_decay * fabs(before[i]);
            double relative = fabs(total) > 0 ? input / fabs(total) : 0;
            double bound1 = 0.1 * input + 4 * U * (fabs(m1[i]) + 0.1 * fabs(total) + fabs(0.9 * m1[i])) + 1e-44;
            double bound = 3 * U * fabs(before[i]) + move * (12 * U + 2 * relative) +
                           m.options.learning_rate * 2 * bound1 / (0.1 * (root + 1e-8));
            if (!(fabs(m.job.moment1[i] - m1[i]) <= bound1))
                fail_msg("step %d, moment %zu: %.9g, reference %.9g", (int)t, i, m.job.moment1[i], m1[i]);
            if (!(fabs(m.job.weights[i] - w[i]) <= bound))
                fail_msg("step %d, weight %zu: %.9g, reference %.9g, bound %.2g", (int)t, i, m.job.weights[i], w[i],
                         bound);
        }
        free(w);
        free(m1);
        free(m2);
        free(before);
    }
    gnt_cpu_ops()->close(dev);
    free(g);
    free(gd);
    model_close(&m);
}

static void steps_match_adam_and_adamw(void **state)
{
    (void)state;
    check_optimiser(GNT_ADAM, 0);
    check_optimiser(GNT_ADAMW, 0);
    check_optimiser(GNT_ADAM, 1e-3);
    check_optimiser(GNT_ADAMW, 1e-3);
    check_optimiser(GNT_ADAM, 1e3); /* above the norm: gradients stay as they are */
}

/* The order of an epoch, drawn again from Philox: a permutation of the rows, another one in every epoch. */
static void order_is_fisher_yates_of_the_epoch(void **state)
{
    (void)state;
    enum { N = 101 };
    model m;
    model_open(&m, &plain, N, 0, 121);
    uint32_t order[N], before[N] = {0};
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        uint32_t want[N], seen[N + 3] = {0};
        m.job.curve.epochs = epoch;
        gnt_train_order(&m.job, order);
        memcpy(want, m.row, sizeof want);
        for (uint32_t i = N - 1; i > 0; i--) {
            uint32_t j = (uint32_t)gnt_bounded(gnt_random_at(121, 105, epoch), i, i + 1), keep = want[i];
            want[i] = want[j];
            want[j] = keep;
        }
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(order[i], want[i]);
            assert_int_equal(seen[order[i] - 3]++, 0);
        }
        assert_memory_not_equal(order, before, sizeof order);
        memcpy(before, order, sizeof order);
    }
    model_close(&m);
}

static void a_learnable_toy_is_learned(void **state)
{
    (void)state;
    model m;
    model_open(&m, &plain, 400, 200, 111);
    m.options.learning_rate = 1e-2;
    m.options.clip_norm = 1;
    m.options.pos_weight = 1;
    gnt_device *dev = case_device(2, NULL);
    train(dev, &m.job, 1, 1);
    double first = m.figures.train_loss;
    train(dev, &m.job, 1, 14);
    print_message("toy: loss %.3f -> %.3f, validation %.3f, %u of 200 right\n", first, m.figures.train_loss,
                  m.figures.val_loss, m.figures.val_correct);
    if (!(m.figures.train_loss < 0.5 * first && m.figures.val_correct > 180))
        fail_msg("loss %.3f -> %.3f, %u of 200 right", first, m.figures.train_loss, m.figures.val_correct);
    gnt_cpu_ops()->close(dev);
    model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bits_for_threads_and_instruction_sets),
        cmocka_unit_test(same_bits_alone_and_among_others),
        cmocka_unit_test(resumed_training_has_the_same_bits),
        cmocka_unit_test(an_epoch_sees_every_window_once),
        cmocka_unit_test(steps_match_adam_and_adamw),
        cmocka_unit_test(order_is_fisher_yates_of_the_epoch),
        cmocka_unit_test(a_learnable_toy_is_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
