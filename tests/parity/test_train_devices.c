/* Whole trainings on the emulated device and on a GPU: weights, moments, best weights, figures and curve have the CPU's
 * bytes, for every kind of network, batch and rule, alone or among others, however epochs are cut into calls. */
#include <math.h>
#include <stdio.h>

#include "host/device/engine.h"
#include "kernels/math/curve.h"
#include "tests/ref/ref_lstm.h"
#include "tests/train_case.h"

enum { MOST_EPOCHS = 12 };

typedef struct device_case {
    const char *name;
    gnt_net net;
    size_t n_train, n_val;
    uint32_t batch, epochs;
    double dropout;
    gnt_optimiser optimiser;
    double clip;
} device_case;

/* Every layer stack and pooling; batches of 1, of a block, of a block and one, of several passes; a last batch of one
 * window, of a part of a block; no val rows. */
static const device_case cases[] = {
    {"1x1", {3, 4, 1, 1, false, GNT_POOL_LAST, 0}, 19, 5, 4, 2, 0, GNT_ADAM, 0},
    {"1x3", {5, 3, 3, 1, false, GNT_POOL_LAST, 0}, 33, 17, 16, 3, 0, GNT_ADAMW, 0.05},
    {"1x24", {35, 10, 24, 1, false, GNT_POOL_LAST, 0}, 70, 20, 64, 1, 0, GNT_ADAM, 1},
    {"1x5, one window a batch", {4, 3, 5, 1, false, GNT_POOL_LAST, 0}, 9, 0, 1, 2, 0, GNT_ADAM, 0.05},
    {"2x17 bidirectional attention", {7, 5, 17, 2, true, GNT_POOL_ATTENTION, 21}, 35, 18, 17, 2, 0, GNT_ADAMW, 0.05},
    {"3x6 dropout", {5, 4, 6, 3, false, GNT_POOL_LAST, 0}, 50, 9, 24, 2, 0.25, GNT_ADAMW, 0.05},
    {"2x9 bidirectional dropout", {5, 4, 9, 2, true, GNT_POOL_LAST, 0}, 40, 9, 40, 2, 0.4, GNT_ADAM, 0.05},
    {"2x4 final", {3, 6, 4, 2, true, GNT_POOL_FINAL, 0}, 30, 33, 16, 2, 0.25, GNT_ADAM, 0},
    {"1x6 attention, one step", {2, 1, 6, 1, true, GNT_POOL_ATTENTION, 3}, 21, 4, 20, 2, 0, GNT_ADAM, 0.05},
    {"8x2", {1, 2, 2, GNT_MAX_LAYERS, true, GNT_POOL_FINAL, 0}, 18, 3, 18, 1, 0.1, GNT_ADAM, 0.05},
    {"2x49 dropout, weights in the slab", {3, 2, 49, 2, true, GNT_POOL_LAST, 0}, 66, 3, 64, 1, 0.25, GNT_ADAMW, 0.05},
    {"1x104, weights in shared memory, no stage",
     {2, 2, 104, 1, false, GNT_POOL_LAST, 0},
     64,
     3,
     64,
     1,
     0,
     GNT_ADAM,
     1},
    {"1x230, neither in shared memory", {2, 2, 230, 1, false, GNT_POOL_LAST, 0}, 50, 3, 50, 1, 0, GNT_ADAM, 0.05},
    {"1x50, several passes", {6, 3, 50, 1, false, GNT_POOL_LAST, 0}, 150, 65, 140, 1, 0, GNT_ADAM, 0.05},
};
#define N_CASES (sizeof cases / sizeof *cases)

typedef struct plan {
    const char *name, *device, *order, *sms, *devices;
} plan;

static const plan plans[] = {
    {"emu ahead", "emu", "ahead", "2", "1"},
    {"emu reverse, one SM", "emu", "reverse", "1", "1"},
    {"emu shuffled, two devices", "emu", "shuffle:5", "4", "2"},
    {"cuda", "cuda", "forward", "1", "1"},
};
#define N_PLANS (sizeof plans / sizeof *plans)

/* ---- a job with all that training writes -------------------------------------------------------------------- */

typedef struct run {
    model m;
    float *best;
    double rate[MOST_EPOCHS];
    gnt_train_figures figures[MOST_EPOCHS];
} run;

static void run_open(run *r, const device_case *c, uint64_t seed)
{
    memset(r, 0, sizeof *r);
    model_open(&r->m, &c->net, c->n_train, c->n_val, seed);
    r->m.options.batch = c->batch;
    r->m.options.dropout = c->dropout;
    r->m.options.optimiser = c->optimiser;
    r->m.options.clip_norm = c->clip;
    r->best = calloc(r->m.n_weights, sizeof *r->best);
    for (size_t e = 0; e < MOST_EPOCHS; e++) r->rate[e] = 2e-3 * 0.5 * (1 + cos(0.25 * (double)e));
    for (size_t e = 0; e < MOST_EPOCHS; e++) r->figures[e].train_loss = -1;
    r->m.job.best = r->best;
    r->m.job.rule = (gnt_train_rule){r->rate, MOST_EPOCHS, false, 0};
    r->m.job.n_epochs = c->epochs;
    r->m.job.figures = r->figures;
}

static void run_close(run *r)
{
    free(r->best);
    model_close(&r->m);
}

/* NaN is the loss of no validation rows: as a number, so that states compare by their bits. */
static void plain_losses(run *r)
{
    for (size_t e = 0; e < MOST_EPOCHS; e++) {
        if (!isnan(r->figures[e].val_loss)) continue;
        assert_int_equal(r->m.job.val.n, 0);
        r->figures[e].val_loss = 0;
    }
    if (isnan(r->m.job.curve.best_loss)) r->m.job.curve.best_loss = 0;
}

static void same_run(const char *device, const char *what, run *want, run *got)
{
    char text[200];
    snprintf(text, sizeof text, "%s: %s", device, what);
    plain_losses(want);
    plain_losses(got);
    assert_int_equal(want->m.job.n_run, got->m.job.n_run);
    for (size_t e = 0; e < MOST_EPOCHS; e++) {
        want->m.figures = want->figures[e];
        got->m.figures = got->figures[e];
        same_state(text, &want->m, &got->m);
        if (memcmp(&want->figures[e], &got->figures[e], sizeof(gnt_train_figures)) != 0)
            fail_msg("%s: figures of epoch %zu differ", text, e);
    }
    if (memcmp(want->best, got->best, want->m.n_weights * sizeof *want->best) != 0)
        fail_msg("%s: the best weights differ", text);
    const gnt_train_curve *a = &want->m.job.curve, *b = &got->m.job.curve;
    if (a->epochs != b->epochs || a->best != b->best || a->stale != b->stale || a->halvings != b->halvings ||
        memcmp(&a->best_loss, &b->best_loss, 2 * sizeof(double)) != 0)
        fail_msg("%s: curve %u %u %u %u, want %u %u %u %u", text, b->epochs, b->best, b->stale, b->halvings, a->epochs,
                 a->best, a->stale, a->halvings);
}

/* ---- devices ------------------------------------------------------------------------------------------------ */

static bool open_plan(gnt_engine *engine, const plan *p)
{
    gnt_error why = {0};
    if (p->order) setenv("GNT_EMU_ORDER", p->order, 1);
    setenv("GNT_EMU_SMS", p->sms, 1);
    setenv("GNT_EMU_DEVICES", p->devices, 1);
    if (gnt_engine_open(engine, p->device, 1, NULL, &why) == GNT_OK) return true;
    if (!strcmp(p->device, "emu") && !strstr(why.text, "there is no gauntlet-emu.so"))
        fail_msg("%s: %s", p->name, why.text);
    print_message("skip - %s: %s\n", p->name, why.text);
    return false;
}

static void train_on(gnt_engine *engine, gnt_train_job *jobs, size_t n)
{
    gnt_error why = {0};
    if (gnt_engine_train(engine, jobs, n, &why)) fail_msg("%s", why.text);
}

static void train_on_cpu(run *runs, size_t n)
{
    gnt_engine cpu = {0};
    gnt_error why = {0};
    assert_int_equal(gnt_engine_open(&cpu, "cpu", 1, NULL, &why), GNT_OK);
    for (size_t i = 0; i < n; i++) train_on(&cpu, &runs[i].m.job, 1);
    gnt_engine_close(&cpu);
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

/* Where job i sits in plan p's call. */
static size_t seat_of(size_t i, size_t p)
{
    return ((p % 2 ? N_CASES - 1 - i : i) + p) % N_CASES;
}

/* All cases in one call, in an order of the plan's own, each against the CPU's bytes for it alone. */
static void jobs_of_all_kinds_together(void **state)
{
    (void)state;
    static run want[N_CASES], got[N_CASES];
    size_t tried = 0;
    for (size_t i = 0; i < N_CASES; i++) run_open(&want[i], &cases[i], 300 + i);
    train_on_cpu(want, N_CASES);
    for (size_t p = 0; p < N_PLANS; p++) {
        gnt_train_job jobs[N_CASES];
        gnt_engine engine = {0};
        if (!open_plan(&engine, &plans[p])) continue;
        tried++;
        for (size_t i = 0; i < N_CASES; i++) {
            run_open(&got[i], &cases[i], 300 + i);
            jobs[seat_of(i, p)] = got[i].m.job;
        }
        train_on(&engine, jobs, N_CASES);
        for (size_t i = 0; i < N_CASES; i++) {
            got[i].m.job = jobs[seat_of(i, p)];
            same_run(plans[p].name, cases[i].name, &want[i], &got[i]);
            run_close(&got[i]);
        }
        gnt_engine_close(&engine);
    }
    for (size_t i = 0; i < N_CASES; i++) run_close(&want[i]);
    if (!tried) skip();
}

/* A job alone is a job among others; two epochs and one more are three. */
static void alone_and_in_pieces(void **state)
{
    (void)state;
    static const size_t some[] = {1, 2, 4, 5, 11, N_CASES - 1};
    gnt_engine engine = {0};
    if (!open_plan(&engine, &plans[0])) skip();
    for (size_t k = 0; k < sizeof some / sizeof *some; k++) {
        device_case c = cases[some[k]];
        run want, got;
        c.epochs = 3;
        run_open(&want, &c, 400 + k);
        run_open(&got, &c, 400 + k);
        train_on_cpu(&want, 1);
        got.m.job.n_epochs = 2;
        train_on(&engine, &got.m.job, 1);
        got.m.job.n_epochs = 1;
        got.m.job.figures += 2;
        train_on(&engine, &got.m.job, 1);
        got.m.job.n_run += 2;
        same_run("in pieces", c.name, &want, &got);
        run_close(&want);
        run_close(&got);
    }
    gnt_engine_close(&engine);
}

/* Rates that leave the curve nowhere to go: patience ends the training, halvings come. */
static void rules_inside_the_launch(void **state)
{
    (void)state;
    const device_case c = {"rules", {5, 3, 3, 1, false, GNT_POOL_LAST, 0}, 33, 17, 16, MOST_EPOCHS, 0, GNT_ADAM, 0};
    gnt_engine engine = {0};
    bool stopped = false, halved = false;
    if (!open_plan(&engine, &plans[0])) skip();
    for (uint64_t k = 0; k < 6; k++) {
        run want, got, *both[] = {&want, &got};
        for (size_t i = 0; i < 2; i++) {
            run_open(both[i], &c, 500 + k);
            both[i]->m.job.rule.plateau = k % 2;
            both[i]->m.job.rule.patience = k % 2 ? 0 : 1 + (uint32_t)k / 2;
            for (size_t e = 0; e < MOST_EPOCHS; e++) both[i]->rate[e] = k % 2 ? ldexp(2, -(int)e) : 2;
        }
        train_on_cpu(&want, 1);
        train_on(&engine, &got.m.job, 1);
        same_run("rules", k % 2 ? "plateau" : "patience", &want, &got);
        stopped = stopped || got.m.job.n_run < MOST_EPOCHS;
        halved = halved || got.m.job.curve.halvings > 0;
        run_close(&want);
        run_close(&got);
    }
    gnt_engine_close(&engine);
    assert_true(stopped && halved); /* else neither was tried */
}

/* Memory for a few of the jobs: they go in waves, or the call says what it needs and nothing is changed. */
static void waves_and_no_memory(void **state)
{
    (void)state;
    enum { M = 6 };
    static run want[M], got[M];
    gnt_train_job jobs[M];
    gnt_engine engine = {0};
    gnt_error why = {0};
    for (size_t i = 0; i < M; i++) run_open(&want[i], &cases[5], 600 + i);
    train_on_cpu(want, M);
    for (size_t i = 0; i < M; i++) {
        run_open(&got[i], &cases[5], 600 + i);
        jobs[i] = got[i].m.job;
    }
    setenv("GNT_EMU_MEMORY", "20000", 1);
    bool there = open_plan(&engine, &plans[0]);
    if (there && gnt_engine_train(&engine, jobs, M, &why) != GNT_ENOMEM) fail_msg("%s", why.text);
    gnt_engine_close(&engine);
    setenv("GNT_EMU_MEMORY", "700000", 1);
    there = there && open_plan(&engine, &plans[0]);
    if (there) train_on(&engine, jobs, M);
    for (size_t i = 0; i < M; i++) {
        got[i].m.job = jobs[i];
        if (there) same_run("waves", "3x6 dropout", &want[i], &got[i]);
        run_close(&want[i]);
        run_close(&got[i]);
    }
    gnt_engine_close(&engine);
    unsetenv("GNT_EMU_MEMORY");
    if (!there) skip();
}

/* One batch, one step from zero moments: the first moment is a tenth of the gradient, which the float64 oracle bounds;
 * u: two roundings on the way. */
static void gradient_matches_reference(void **state)
{
    (void)state;
    const device_case c = {"gradient", {7, 5, 17, 2, true, GNT_POOL_ATTENTION, 6}, 37, 0, 37, 1, 0.25, GNT_ADAMW, 0};
    const gnt_net *net = &c.net;
    gnt_engine engine = {0};
    run r;
    if (!open_plan(&engine, &plans[0])) skip();
    run_open(&r, &c, 700);
    size_t width = 2u * net->hidden, n_mask = net->layers * net->window * width, n = r.m.n_weights;
    double *w = case_doubles(r.m.job.weights, n), *mask = malloc(n_mask * sizeof *mask), share = 0;
    ref_sum *want = calloc(n, sizeof *want);
    ref_lstm *ref = ref_lstm_open(net);
    for (size_t i = 0; i < c.n_train; i++) {
        double *x = case_doubles(r.m.x + i * net->n_features, net->window * net->n_features);
        for (size_t e = 0; e < n_mask; e++)
            mask[e] = ref_dropout(net, c.dropout, r.m.options.seed, 0, r.m.row[i], e / width / net->window,
                                  e / width % net->window, e % width);
        ref_num d = ref_bce_slope(ref_lstm_logit(ref, w, x, mask), r.m.up[r.m.row[i]], r.m.options.pos_weight);
        ref_lstm_gradient(ref, w, (ref_num){d.v / (double)c.n_train, d.e / (double)c.n_train}, want);
        free(x);
    }
    train_on(&engine, &r.m.job, 1);
    for (size_t i = 0; i < n; i++) {
        ref_num g = ref_sum_value(&want[i]);
        double tenth = (double)(float)(1 - r.m.options.beta1), bound = tenth * (g.e + 0x1p-23 * fabs(g.v)) + 0x1p-140;
        double error = fabs(r.m.job.moment1[i] - tenth * g.v);
        if (!(error <= bound))
            fail_msg("moment %zu: %.9g, reference %.9g, bound %.3g", i, r.m.job.moment1[i], tenth * g.v, bound);
        share = fmax(share, error / bound);
    }
    print_message("gradient: %zu numbers, share of bound %.2g\n", n, share);
    ref_lstm_close(ref);
    free(want);
    free(mask);
    free(w);
    run_close(&r);
    gnt_engine_close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_of_all_kinds_together), cmocka_unit_test(alone_and_in_pieces),
        cmocka_unit_test(rules_inside_the_launch),    cmocka_unit_test(waves_and_no_memory),
        cmocka_unit_test(gradient_matches_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
