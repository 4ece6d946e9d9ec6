/* What bench says an algorithm needs, counted once more product by product; quartiles; the table's names. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/bench/ops.h"

static const gnt_net nets[] = {{35, 10, 24, 1, false, GNT_POOL_LAST, 0},  {35, 10, 96, 2, false, GNT_POOL_LAST, 0},
                               {3, 4, 5, 3, false, GNT_POOL_LAST, 0},     {3, 4, 5, 1, true, GNT_POOL_LAST, 0},
                               {3, 4, 5, 2, true, GNT_POOL_FINAL, 0},     {3, 4, 5, 2, true, GNT_POOL_ATTENTION, 7},
                               {100, 50, 100, 2, false, GNT_POOL_LAST, 0}};

/* One multiply-add at a time, in the order an LSTM does them. sliding: the first layer's input part is kept a bar. */
typedef struct tally {
    uint64_t forward, backward, cells;
} tally;

static void count_step(const gnt_net *net, uint32_t layer, bool first_step, bool input, tally *t)
{
    uint64_t width = net->hidden * (net->bidirectional ? 2u : 1u), in = layer ? width : net->n_features;
    for (uint64_t unit = 0; unit < net->hidden; unit++) {
        for (int gate = 0; gate < 4; gate++) {
            for (uint64_t k = 0; input && k < in; k++) {
                t->forward += 2;
                t->backward += layer ? 4 : 2; /* weight; and the input unless it is the data */
            }
            for (uint64_t k = 0; !first_step && k < net->hidden; k++) {
                t->forward += 2;
                t->backward += 4;
            }
        }
        t->cells++;
    }
}

static void count_rest(const gnt_net *net, tally *t)
{
    uint64_t width = net->hidden * (net->bidirectional ? 2u : 1u), rest = 2 * width;
    for (uint32_t s = 0; net->attention && s < net->window; s++)
        rest += 2 * net->attention * width + 2 * net->attention + 2 * width;
    t->forward += rest;
    t->backward += 2 * rest;
}

/* n windows one bar apart (sliding) or with nothing in common. */
static tally count(const gnt_net *net, uint64_t n, bool sliding)
{
    tally t = {0};
    for (uint64_t w = 0; w < n; w++) {
        for (uint32_t l = 0; l < net->layers; l++)
            for (int d = 0; d < (net->bidirectional ? 2 : 1); d++) {
                bool last_only = d == 1 && l + 1 == net->layers && net->pool == GNT_POOL_LAST;
                for (uint32_t i = 0; i < (last_only ? 1 : net->window); i++) {
                    bool seen = sliding && l == 0 && !last_only && w > 0 && i + 1 < net->window;
                    count_step(net, l, i == 0, !seen, &t);
                }
            }
        count_rest(net, &t);
    }
    return t;
}

static void costs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        for (size_t n = 1; n <= 17; n += 8) {
            gnt_bench_case what = {.net = nets[i], .n = n};
            tally sliding = count(&nets[i], n, true), apart = count(&nets[i], n, false);
            const struct {
                const char *name;
                double got;
                uint64_t expected;
            } checks[] = {{"sliding", gnt_bench_sliding_flops(&what), sliding.forward},
                          {"windows", gnt_bench_windows_flops(&what), apart.forward},
                          {"train", gnt_bench_train_flops(&what), apart.forward + apart.backward},
                          {"cells", gnt_bench_cells(&what), apart.cells}};
            for (size_t k = 0; k < sizeof checks / sizeof *checks; k++)
                if (!(checks[k].got == (double)checks[k].expected))
                    fail_msg("net %zu, %zu windows, %s: %.0f, counted %llu", i, n, checks[k].name, checks[k].got,
                             (unsigned long long)checks[k].expected);
        }
}

static void quartiles(void **state)
{
    (void)state;
    double x[] = {4, 1, 3, 2, 5}, y[] = {4, 1, 3, 2}, z[] = {7};
    gnt_quartiles a = gnt_quartiles_of(x, 5), b = gnt_quartiles_of(y, 4), c = gnt_quartiles_of(z, 1);
    if (!(a.q1 == 2 && a.median == 3 && a.q3 == 4)) fail_msg("1..5: %g %g %g", a.q1, a.median, a.q3);
    if (!(b.q1 == 1.75 && b.median == 2.5 && b.q3 == 3.25)) fail_msg("1..4: %g %g %g", b.q1, b.median, b.q3);
    if (!(c.q1 == 7 && c.median == 7 && c.q3 == 7)) fail_msg("one: %g %g %g", c.q1, c.median, c.q3);
}

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < gnt_n_bench_ops(); i++) {
        const gnt_bench_op *op = gnt_bench_op_at(i);
        size_t usual = 0;
        for (size_t k = 0; k < gnt_n_bench_shapes; k++) usual += gnt_bench_op_usual(op, gnt_bench_shapes[k].name);
        if (gnt_bench_op_has_shape(op) != (usual > 0)) fail_msg("%s: %zu shapes", gnt_bench_op_name(op), usual);
        assert_false(gnt_bench_op_usual(op, "x24"));
        assert_false(gnt_bench_op_usual(op, "1x2"));
    }
}

/* A model's own weights are what is measured: the last logits are those of a call of its own. */
static void own_weights(void **state)
{
    (void)state;
    gnt_error why = {0};
    gnt_engine engine = {0};
    gnt_net net = nets[2];
    float weights[2048];
    assert_true(gnt_net_n_weights(&net) <= 2048);
    gnt_bench_fill_weights(&net, 7, 9, weights);
    assert_int_equal(gnt_engine_open(&engine, "cpu", 1, NULL, &why), GNT_OK);
    for (int own = 0; own < 2; own++) {
        gnt_bench_case what = {
            .op = gnt_bench_op_at(0), .shape = "own", .net = net, .weights = own ? weights : NULL, .n = 5, .seed = 3};
        gnt_bench_work work = {.engine = &engine, .what = &what};
        assert_int_equal(what.op->prepare(&work, &why), GNT_OK);
        bool same = memcmp(work.weights, weights, gnt_net_n_weights(&net) * sizeof *weights) == 0;
        if (same != (own == 1)) fail_msg("own %d: same %d", own, same);
        assert_int_equal(what.op->call(&work, &why), GNT_OK);
        assert_true(what.op->finite(&work));
        work.logit[4] = NAN;
        assert_false(what.op->finite(&work));
        gnt_bench_work_free(&work);
    }
    gnt_engine_close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs),
        cmocka_unit_test(quartiles),
        cmocka_unit_test(table),
        cmocka_unit_test(own_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
