/* Laws of the A/B replay over many seeds: the split keeps its weight, is a pure function, doesn't know about threads,
 * and finds nothing between an arm and itself more often than it says. */
#include "host/base/mem.h"
#include "host/eval/dist.h"
#include "host/replay/replay.h"
#include "tests/synth.h"
#include "tests/test.h"

#include <math.h>
#include <string.h>

enum { T = 300, BEGIN = 40, END = 290, ROWS = END - BEGIN, N_SEEDS = 1000 };

typedef struct market {
    gnt_bars bars;
    double storage[5 * T], prob[2][T];
    gnt_day day[T];
} market;

static void make_market(market *m, uint64_t seed, double edge)
{
    gnt_bars_view v = synth_bars(seed, T, .02, m->storage);
    for (size_t t = 0; t < T; t++) m->day[t] = 18263 + (gnt_day)t;
    m->bars = (gnt_bars){.symbol = "SYN-TEST",
                         .n = T,
                         .day = m->day,
                         .open = (double *)v.open,
                         .high = (double *)v.high,
                         .low = (double *)v.low,
                         .close = (double *)v.close,
                         .adj_close = (double *)v.close,
                         .volume = (double *)v.volume};
    for (size_t t = 0; t < T; t++) {
        double coin = synth_uniform(&seed), knows = synth_uniform(&seed);
        m->prob[0][t] = coin;
        m->prob[1][t] = knows < edge ? (t + 1 < T && v.close[t + 1] > v.close[t] ? .9 : .1) : coin;
    }
}

static gnt_replay replay(gnt_engine *engine, market *m, gnt_replay_options o)
{
    gnt_replay_input in = {&m->bars, BEGIN, END, {m->prob[0], m->prob[1]}, NULL};
    gnt_replay r;
    gnt_error why = {0};
    if (gnt_replay_run(engine, &o, &in, &r, &why)) fail_msg("%s", why.text);
    return r;
}

/* Fails when k of n is further from probability p than happens once in a million, either side. */
static void plausible(const char *what, uint64_t k, uint64_t n, double p)
{
    double low = gnt_binomial_cdf(k, n, p), high = k ? 1 - gnt_binomial_cdf(k - 1, n, p) : 1;
    if (!(low >= 1e-6 && high >= 1e-6)) fail_msg("%s: %d of %d at %g", what, (int)k, (int)n, p);
}

static void the_share_keeps_to_its_weight(void **state)
{
    static market m;
    make_market(&m, 1, 0);
    for (int w = 1; w <= 9; w += 2) {
        gnt_replay_options o = gnt_replay_default();
        uint64_t enhanced = 0, mismatches = 0;
        o.weight = w / 10.;
        o.n_replicates = 2000;
        gnt_replay r = replay(*state, &m, o);
        for (size_t k = 0; k < r.replicates.n; k++) {
            enhanced += (uint64_t)llround(r.replicates.share_enhanced[k] * ROWS);
            mismatches += r.replicates.srm_p[k] < .001;
        }
        plausible("requests for enhanced", enhanced, 2000 * (uint64_t)ROWS, o.weight);
        plausible("splits called mismatched", mismatches, 2000, .001);
        gnt_replay_free(&r);
    }
}

static void the_split_is_a_pure_function(void **state)
{
    static market m, other;
    make_market(&m, 2, .3);
    make_market(&other, 99, .9);
    gnt_replay_options o = gnt_replay_default(), longer = o, named = o, seeded = o;
    longer.n_requests = 3 * ROWS;
    named.experiment = "another-experiment";
    seeded.seed = 43;
    gnt_replay a = replay(*state, &m, o), b = replay(*state, &other, longer), c = replay(*state, &m, named),
               d = replay(*state, &m, seeded);
    assert_memory_equal(a.arm, b.arm, ROWS); /* neither data nor length matter */
    size_t by_name = 0, by_seed = 0;
    for (size_t j = 0; j < ROWS; j++) {
        by_name += a.arm[j] != c.arm[j];
        by_seed += a.arm[j] != d.arm[j];
    }
    plausible("arms changed by the name", by_name, ROWS, 2 * .3 * .7);
    plausible("arms changed by the seed", by_seed, ROWS, 2 * .3 * .7);
    gnt_replay_free(&a);
    gnt_replay_free(&b);
    gnt_replay_free(&c);
    gnt_replay_free(&d);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static market m;
    gnt_replay r[3];
    static const unsigned threads[3] = {1, 2, 7};
    gnt_replay_options o = gnt_replay_default();
    make_market(&m, 3, .3);
    o.n_replicates = 301;
    for (int k = 0; k < 3; k++) {
        gnt_engine engine = {0};
        gnt_error why = {0};
        assert_int_equal(gnt_engine_open(&engine, "cpu", threads[k], NULL, &why), GNT_OK);
        r[k] = replay(&engine, &m, o);
        gnt_engine_close(&engine);
    }
    for (int k = 1; k < 3; k++) {
        assert_memory_equal(r[0].arm, r[k].arm, r[0].n);
        assert_memory_equal(r[0].replicates.block, r[k].replicates.block, 8 * o.n_replicates * sizeof(double));
        json_t *a = gnt_replay_json(&r[0]), *b = gnt_replay_json(&r[k]);
        assert_true(json_equal(a, b));
        json_decref(a);
        json_decref(b);
    }
    for (int k = 0; k < 3; k++) gnt_replay_free(&r[k]);
}

/* An arm against itself: the truth is no difference. Routing 250 fixed outcomes at random gives the difference the
 * same variance as two independent samples, so Newcombe's interval misses 0 about once in twenty. */
static void nothing_is_found_between_equals(void **state)
{
    uint64_t missed = 0, stopped = 0;
    static market m;
    for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
        gnt_replay_options o = gnt_replay_default();
        make_market(&m, seed, 0);
        o.seed = seed;
        gnt_replay r = replay(*state, &m, o);
        missed += r.diff_lo.value > 0 || r.diff_hi.value < 0;
        stopped += r.first_crossing >= 0;
        assert_true(r.mcnemar.exact_p.value == 1);
        assert_true(r.all[0].total_return.value == r.all[1].total_return.value);
        gnt_replay_free(&r);
    }
    print_message("of %d null tests: %d intervals miss 0 (50 expected), %d always-valid rejections\n", N_SEEDS,
                  (int)missed, (int)stopped);
    plausible("intervals that miss 0", missed, N_SEEDS, .05);
    if (!(1 - gnt_binomial_cdf(stopped, N_SEEDS, .05) >= 1e-6)) fail_msg("%d looks stopped wrongly", (int)stopped);
}

/* The other side: an arm that knows half of all outcomes is seen, by the pairs and by the routed requests. */
static void a_real_edge_is_found(void **state)
{
    static market m;
    uint64_t paired = 0, routed = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        gnt_replay_options o = gnt_replay_default();
        make_market(&m, seed, .5);
        o.seed = seed;
        gnt_replay r = replay(*state, &m, o);
        paired += r.mcnemar.exact_p.value < .05;
        routed += r.diff_lo.value > 0;
        gnt_replay_free(&r);
    }
    assert_int_equal(paired, 50); /* about 62 discordant pairs, all one way */
    if (!(routed >= 40)) fail_msg("routed interval above 0 in %d of 50", (int)routed); /* power is 0.97 there */
}

static int open_engine(void **state)
{
    static gnt_engine engine;
    gnt_error why;
    *state = &engine;
    return gnt_engine_open(&engine, "cpu", 0, NULL, &why);
}
static int close_engine(void **state)
{
    gnt_engine_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_keeps_to_its_weight), cmocka_unit_test(the_split_is_a_pure_function),
        cmocka_unit_test(threads_change_no_bit), cmocka_unit_test(nothing_is_found_between_equals),
        cmocka_unit_test(a_real_edge_is_found)};
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
