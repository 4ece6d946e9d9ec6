/* gnt_log and gnt_exp within 1 ulp of the exact value (long double libm as the judge, itself good to 2^-63). */
#include "kernels/math/explog.h"
#include "tests/test.h"

#include <float.h>
#include <math.h>

static uint64_t next(uint64_t *state) /* the test-data generator of statistics.md 15 */
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return *state;
}

static long double ulp_of(long double exact)
{
    double d = fabs((double)exact);
    return d < DBL_MIN ? (long double)0x1p-1074 : (long double)(nextafter(d, INFINITY) - d);
}

static void check_log(double x)
{
    long double exact = logl((long double)x), error = fabsl((long double)gnt_log(x) - exact);
    if (!(error <= ulp_of(exact)))
        fail_msg("log(%a) = %a, exact %La: %.3Lg ulp", x, gnt_log(x), exact, error / ulp_of(exact));
}

static void check_exp(double x)
{
    long double exact = expl((long double)x), error = fabsl((long double)gnt_exp(x) - exact);
    if (!(error <= ulp_of(exact)))
        fail_msg("exp(%a) = %a, exact %La: %.3Lg ulp", x, gnt_exp(x), exact, error / ulp_of(exact));
}

static void log_within_one_ulp(void **state)
{
    (void)state;
    for (int i = 1; i <= 400000; i++) check_log(i / 100000.0); /* dense around 1, where f is small */
    for (int i = -200; i <= 200; i++) check_log(1 + i * DBL_EPSILON);
    uint64_t seed = 1;
    for (int i = 0; i < 1000000; i++) {
        double x = gnt_of_bits(next(&seed) >> 1); /* every exponent, subnormals too */
        if (x > 0 && isfinite(x)) check_log(x);
    }
    check_log(DBL_MIN);
    check_log(0x1p-1074);
    check_log(DBL_MAX);
}

static void exp_within_one_ulp(void **state)
{
    (void)state;
    for (int i = -745000; i <= 709000; i += 3) check_exp(i / 1000.0);
    uint64_t seed = 2;
    for (int i = 0; i < 1000000; i++) check_exp(((double)(next(&seed) >> 11) * 0x1p-53 - 0.5) * 4);
    check_exp(7.09782712893383973096e+02);
    check_exp(-745.1332191019411);
    check_exp(0x1p-60);
}

static void edges(void **state)
{
    (void)state;
    assert_true(gnt_log(0) == -INFINITY && isnan(gnt_log(-1)) && isnan(gnt_log(NAN)) && gnt_log(INFINITY) == INFINITY);
    assert_true(gnt_log(1) == 0 && gnt_exp(0) == 1 && gnt_exp(-INFINITY) == 0 && gnt_exp(INFINITY) == INFINITY);
    assert_true(gnt_exp(710) == INFINITY && gnt_exp(-746) == 0 && isnan(gnt_exp(NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_within_one_ulp),
        cmocka_unit_test(exp_within_one_ulp),
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
