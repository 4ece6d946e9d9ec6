/* First weights, schedules, early stopping, scores of windows that are not finite, checkpoints that don't fit. */
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/model/fit.h"
#include "kernels/math/curve.h"

static const gnt_net enhanced = {.n_features = 35, .window = 10, .hidden = 96, .layers = 2};

static float *first_weights(const gnt_net *net, uint64_t seed)
{
    gnt_error why = {0};
    float *weights = calloc(gnt_net_n_weights(net), sizeof *weights);
    assert_non_null(weights);
    assert_int_equal(gnt_init_weights(net, seed, weights, &why), GNT_OK);
    return weights;
}

/* Columns of weight_hh [4H][H]: dot products against the identity. Each stored value is rounded to float32 (2^-24 of
 * at most 1); a dot product of 4H terms with unit vectors moves by at most 2 * 2^-24 * sum|q| <= 2^-23 sqrt(4H). */
static void recurrent_weights_are_orthonormal(void **state)
{
    (void)state;
    float *w = first_weights(&enhanced, 42);
    size_t h = enhanced.hidden;
    double bound = ldexp(sqrt(4.0 * (double)h), -23);
    for (size_t i = 1; i < gnt_net_n_tensors(&enhanced); i += 4) {
        gnt_tensor t;
        gnt_net_tensor(&enhanced, i, &t);
        if (!strstr(t.name, "weight_hh")) continue;
        for (size_t a = 0; a < h; a++)
            for (size_t b = a; b < h; b++) {
                double dot = 0;
                for (size_t k = 0; k < t.rows; k++)
                    dot += (double)w[t.offset + k * h + a] * (double)w[t.offset + k * h + b];
                if (!(fabs(dot - (a == b)) <= bound))
                    fail_msg("%s columns %zu, %zu: %.9g, bound %.2g", t.name, a, b, dot, bound);
            }
    }
    free(w);
}

/* Uniform on (-a, a): inside it, mean within 5 standard errors of 0, variance within 5 of a^2/3. */
static void check_xavier(const char *name, const float *w, size_t n, size_t fan_in, size_t fan_out)
{
    double a = sqrt(6.0 / (double)(fan_in + fan_out)), sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(fabs((double)w[i]) <= a)) fail_msg("%s element %zu: %.9g beyond %.9g", name, i, (double)w[i], a);
        sum += (double)w[i];
        squares += (double)w[i] * (double)w[i];
    }
    double mean = sum / (double)n, variance = squares / (double)n, se = a / sqrt(3.0 * (double)n);
    double se2 = a * a * sqrt(4.0 / 45 / (double)n); /* Var(u^2) = a^4 (1/5 - 1/9) */
    if (!(fabs(mean) <= 5 * se)) fail_msg("%s: mean %.3g, standard error %.3g", name, mean, se);
    if (!(fabs(variance - a * a / 3) <= 5 * se2))
        fail_msg("%s: variance %.6g, expected %.6g", name, variance, a * a / 3);
}

static void other_weights_are_xavier_and_biases_zero(void **state)
{
    (void)state;
    float *w = first_weights(&enhanced, 42);
    for (size_t i = 0; i < gnt_net_n_tensors(&enhanced); i++) {
        gnt_tensor t;
        gnt_net_tensor(&enhanced, i, &t);
        if (strstr(t.name, "weight_ih")) check_xavier(t.name, w + t.offset, t.rows * t.cols, t.cols, t.rows);
        if (!strcmp(t.name, "fc.weight")) check_xavier(t.name, w + t.offset, t.rows, t.rows, 1);
        for (size_t k = 0; strstr(t.name, "bias") && k < t.rows; k++)
            if (w[t.offset + k] != 0) fail_msg("%s element %zu is %g", t.name, k, (double)w[t.offset + k]);
    }
    free(w);
}

static void first_weights_depend_on_the_seed_alone(void **state)
{
    (void)state;
    size_t bytes = gnt_net_n_weights(&enhanced) * sizeof(float);
    float *a = first_weights(&enhanced, 1), *b = first_weights(&enhanced, 1), *c = first_weights(&enhanced, 2);
    assert_memory_equal(a, b, bytes);
    assert_true(memcmp(a, c, bytes) != 0);
    free(a);
    free(b);
    free(c);
}

static void variants_have_the_contract_s_sizes(void **state)
{
    (void)state;
    gnt_net net;
    gnt_fit_options baseline, other;
    gnt_error why = {0};
    assert_int_equal(gnt_variant("baseline", 35, 10, &net, &baseline, &why), GNT_OK);
    assert_int_equal(gnt_net_n_weights(&net), 8865);
    assert_int_equal(gnt_variant("enhanced", 35, 10, &net, &other, &why), GNT_OK);
    assert_int_equal(gnt_net_n_weights(&net), 125665);
    assert_true(other.train.dropout == 0.25 && baseline.train.dropout == 0);
    /* dropout is the one difference: both arms have the same budget */
    assert_true(other.epochs == baseline.epochs && other.patience == baseline.patience);
    assert_true(other.schedule == baseline.schedule && other.balanced == baseline.balanced);
    assert_true(other.train.learning_rate == baseline.train.learning_rate && other.train.batch == baseline.train.batch);
    assert_true(other.train.weight_decay == baseline.train.weight_decay);
    assert_int_equal(gnt_variant("large", 35, 10, &net, &other, &why), GNT_EINVAL);
}

/* ---- what follows from the curve ---------------------------------------------------------------------- */

static void curve(gnt_fit_state *state, gnt_epoch *epoch, unsigned n, const double *val_loss)
{
    *state = (gnt_fit_state){.epochs_run = n, .epoch = epoch};
    for (unsigned e = 0; e < n; e++) epoch[e] = (gnt_epoch){.val_loss = val_loss[e]};
}

static void the_first_lowest_epoch_is_the_best(void **unused)
{
    (void)unused;
    gnt_fit_state state;
    gnt_epoch epoch[6];
    curve(&state, epoch, 6, (double[]){0.70, 0.68, 0.69, 0.68, 0.71, 0.72});
    assert_int_equal(gnt_fit_best(&state), 1);
    assert_true(gnt_fit_exhausted(&state, 4));
    assert_false(gnt_fit_exhausted(&state, 5));
    assert_false(gnt_fit_exhausted(&state, 0));         /* no early stopping */
    curve(&state, epoch, 3, (double[]){NAN, NAN, NAN}); /* no validation rows: the last epoch, never a stop */
    assert_int_equal(gnt_fit_best(&state), 2);
    assert_false(gnt_fit_exhausted(&state, 1));
}

static void schedules_by_hand(void **unused)
{
    (void)unused;
    static const double flat[] = {.7, .6, .6, .6, .6, .6, .6, .6, .6, .6, .6, .6};
    gnt_fit_state state;
    gnt_epoch epoch[12];
    gnt_fit_options o;
    double table[20];
    gnt_fit_default(&o);
    o.train.learning_rate = 0.001;
    o.epochs = 20;
    const struct {
        gnt_schedule schedule;
        unsigned done;
        double rate;
    } row[] = {
        {GNT_SCHEDULE_CONSTANT, 11, 0.001}, {GNT_SCHEDULE_STEP, 9, 0.001},     {GNT_SCHEDULE_STEP, 10, 0.0005},
        {GNT_SCHEDULE_COSINE, 0, 0.001},    {GNT_SCHEDULE_COSINE, 10, 0.0005}, {GNT_SCHEDULE_PLATEAU, 5, 0.001},
        {GNT_SCHEDULE_PLATEAU, 6, 0.0005},  {GNT_SCHEDULE_PLATEAU, 9, 0.0005}, {GNT_SCHEDULE_PLATEAU, 10, 0.00025},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        o.schedule = row[i].schedule;
        curve(&state, epoch, row[i].done, flat);
        gnt_fit_rates(&o, table);
        gnt_train_rule rule = {table, 20, row[i].schedule == GNT_SCHEDULE_PLATEAU, 0};
        gnt_train_curve so_far = gnt_fit_curve(&state);
        double rate = gnt_curve_rate(&so_far, &rule, NAN);
        if (!(fabs(rate - row[i].rate) <= 1e-15)) /* cos(pi/2) is 6e-17, times 0.0005 */
            fail_msg("schedule %d after %u epochs: %.17g, expected %g", (int)row[i].schedule, row[i].done, rate,
                     row[i].rate);
    }
}

/* ---- scores and checkpoints ------------------------------------------------------------------------------ */

static void windows_that_are_not_finite_are_refused(void **state)
{
    (void)state;
    enum { F = 3, L = 4, T = 12 };
    gnt_model model = {.net = {.n_features = F, .window = L, .hidden = 5, .layers = 1}};
    gnt_engine engine = {0};
    gnt_error why = {0};
    float x[T * F], score[T];
    uint32_t row[T];
    for (int i = 0; i < T * F; i++) x[i] = 0.01f * (float)i;
    for (uint32_t i = 0; i < T; i++) row[i] = i;
    x[5 * F + 1] = NAN;
    model.weights = first_weights(&model.net, 3);
    assert_int_equal(gnt_engine_open(&engine, "cpu", 1, NULL, &why), GNT_OK);
    for (uint32_t t = 0; t < T; t++) {
        gnt_rows one = {&row[t], 1};
        gnt_status st = gnt_model_score(&engine, &model, (gnt_panel){x, T, F}, one, GNT_FLOAT32, score, &why);
        gnt_status expected = t < L - 1 ? GNT_EINVAL : t >= 5 && t < 5 + L ? GNT_EVALUE : GNT_OK;
        if (st != expected) fail_msg("window that ends at row %u: status %d, expected %d", t, st, expected);
        if (st == GNT_EVALUE) assert_non_null(strstr(why.text, "row 5, feature 1"));
    }
    assert_int_equal(
        gnt_model_score(&engine, &model, (gnt_panel){x, T, 2}, (gnt_rows){row + 4, 1}, GNT_FLOAT32, score, &why),
        GNT_EINVAL);
    gnt_engine_close(&engine);
    gnt_model_free(&model);
}

static void checkpoints_read_back_and_refuse_others(void **unused)
{
    (void)unused;
    const gnt_net net = {.n_features = 3, .window = 4, .hidden = 5, .layers = 1};
    const gnt_net wide = {.n_features = 4, .window = 4, .hidden = 5, .layers = 1};
    gnt_fit_state state, back;
    gnt_error why = {0};
    char path[64];
    snprintf(path, sizeof path, "/tmp/gauntlet-checkpoint-%d.h5", (int)getpid());
    assert_int_equal(gnt_fit_state_alloc(&state, &net, 3, &why), GNT_OK);
    state.epochs_run = 2;
    state.step = 77;
    for (size_t i = 0; i < state.n_weights; i++) state.weights[i] = state.best[i] = (float)i + 0.5f;
    state.epoch[1] = (gnt_epoch){.train_loss = 0.7, .val_loss = NAN, .learning_rate = 0.001};
    state.val_correct[1] = 5;
    assert_int_equal(gnt_checkpoint_write(path, &state, "print", &why), GNT_OK);
    assert_int_equal(gnt_fit_state_alloc(&back, &net, 3, &why), GNT_OK);
    if (gnt_checkpoint_read(path, "print", 3, &back, &why)) fail_msg("%s", why.text);
    assert_int_equal(back.step, 77);
    assert_int_equal(back.epochs_run, 2);
    assert_memory_equal(back.best, state.best, state.n_weights * sizeof(float));
    assert_memory_equal(&back.epoch[1], &state.epoch[1], sizeof(gnt_epoch));
    assert_int_equal(back.val_correct[1], 5);
    assert_int_equal(gnt_checkpoint_read(path, "other", 3, &back, &why), GNT_EVALUE);
    assert_int_equal(gnt_checkpoint_read(path, "print", 1, &back, &why), GNT_EVALUE);
    gnt_fit_state_free(&back);
    assert_int_equal(gnt_fit_state_alloc(&back, &wide, 3, &why), GNT_OK);
    assert_int_equal(gnt_checkpoint_read(path, "print", 3, &back, &why), GNT_EVALUE);
    gnt_fit_state_free(&back);
    gnt_fit_state_free(&state);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recurrent_weights_are_orthonormal),
        cmocka_unit_test(other_weights_are_xavier_and_biases_zero),
        cmocka_unit_test(first_weights_depend_on_the_seed_alone),
        cmocka_unit_test(variants_have_the_contract_s_sizes),
        cmocka_unit_test(the_first_lowest_epoch_is_the_best),
        cmocka_unit_test(schedules_by_hand),
        cmocka_unit_test(windows_that_are_not_finite_are_refused),
        cmocka_unit_test(checkpoints_read_back_and_refuse_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
