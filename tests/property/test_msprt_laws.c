/* The always-valid test over many streams: looked at after every pair, it rejects a true null at most alpha of the
 * time, finds a real difference, and its confidence sequence and p-value say the same. */
#include "host/eval/dist.h"
#include "host/eval/msprt.h"
#include "tests/synth.h"
#include "tests/test.h"

enum { PAIRS = 2000, STREAMS = 1000 };

/* First look at which p <= 0.05 on a stream of 0/1 pairs with these rates; -1: never. */
static int64_t one_stream(uint64_t seed, double rate_a, double rate_b, double tau2)
{
    gnt_msprt t;
    gnt_msprt_init(&t, tau2, 0, .05, 30);
    for (int i = 0; i < PAIRS; i++) {
        double before = t.p;
        gnt_msprt_add(&t, 0, synth_uniform(&seed) < rate_a);
        gnt_msprt_add(&t, 1, synth_uniform(&seed) < rate_b);
        gnt_msprt_look(&t);
        if (!(t.p <= before)) fail_msg("p rose from %g to %g", before, t.p);
        if (i + 1 < 30) assert_true(t.p == 1);
        if (t.lambda.reason || t.lo.reason) continue;
        int excludes_0 = t.lo.value > 0 || t.hi.value<0, rejects = t.log_lambda.value> log(1 / .05);
        double margin = fabs(t.log_lambda.value - log(1 / .05));
        if (excludes_0 != rejects && margin > 1e-9)
            fail_msg("interval [%g, %g] and Lambda %g disagree", t.lo.value, t.hi.value, t.lambda.value);
    }
    return t.first_crossing;
}

static uint64_t rejections(double rate_a, double rate_b, double tau2, uint64_t streams)
{
    uint64_t n = 0;
    for (uint64_t s = 1; s <= streams; s++) n += one_stream(s * 1000003, rate_a, rate_b, tau2) > 0;
    return n;
}

static void a_true_null_is_rejected_at_most_alpha(void **state)
{
    (void)state;
    static const double tau2[2] = {.0004, .01};
    for (int k = 0; k < 2; k++) {
        uint64_t n = rejections(.53, .53, tau2[k], STREAMS);
        print_message("tau2 %g: %d of %d true nulls rejected (at most 50 expected)\n", tau2[k], (int)n, STREAMS);
        if (!(1 - gnt_binomial_cdf(n, STREAMS, .05) >= 1e-6)) fail_msg("%d rejections", (int)n);
        assert_true(n > 0); /* a test that never rejects would prove nothing here */
    }
}

static void a_difference_is_found(void **state)
{
    (void)state;
    /* 10 points over 2,000 pairs: 6.3 standard errors */
    assert_true(rejections(.5, .6, .0004, 100) >= 95);
    assert_true(rejections(.5, .6, .01, 100) >= 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_true_null_is_rejected_at_most_alpha),
                                       cmocka_unit_test(a_difference_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
