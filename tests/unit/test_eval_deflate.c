/* PSR, DSR and the expected maximum against the figures printed in their papers (statistics.md 7). */
#include <math.h>

#include "host/eval/deflate.h"
#include "tests/test.h"

static void close_to(const char *what, double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance))
        fail_msg("%s: %.17g, expected %.17g within %g", what, got, expected, tolerance);
}

/* Bailey & Lopez de Prado 2012: two years of months, annual Sharpe 1.585. */
static void psr_as_printed(void **state)
{
    (void)state;
    double sharpe = 1.585 / sqrt(12);
    close_to("psr", gnt_psr(sharpe, 0, 24, -2.448, 10.164).value, .913234306884860, 1e-14);
    close_to("psr of a normal record", gnt_psr(sharpe, 0, 24, 0, 3).value, .98159, 5e-6); /* five digits printed */
}

/* Bailey & Lopez de Prado 2014: the numerical example, 250 days a year. */
static void dsr_as_printed(void **state)
{
    (void)state;
    double sharpe = 2.5 / sqrt(250), v = .5 / 250, sr0 = gnt_deflated_benchmark(v, 100);
    close_to("emax(100)", gnt_expected_max(100), 2.5306028932017, 1e-13);
    close_to("sr0", sr0, .1131720019, 5e-11);
    close_to("dsr, 100 trials", gnt_psr(sharpe, sr0, 1250, -3, 10).value, .90039683444939, 1e-14);
    close_to("dsr, 46 trials", gnt_psr(sharpe, gnt_deflated_benchmark(v, 46), 1250, -3, 10).value, .9505017069, 5e-11);
    close_to("dsr, 88 trials of normals", gnt_psr(sharpe, gnt_deflated_benchmark(v, 88), 1250, 0, 3).value, .9504908167,
             5e-11);
}

static void one_trial_is_not_deflated(void **state)
{
    (void)state;
    close_to("emax(1)", gnt_expected_max(1), 0, 0);
    close_to("sr0 of one trial", gnt_deflated_benchmark(NAN, 1), 0, 0);
}

/* More trials can only lower the chance, up to the largest grid there is. */
static void expected_max_rises(void **state)
{
    (void)state;
    double before = 0;
    for (uint64_t n = 2; n <= (uint64_t)1 << 31; n *= 2) {
        double now = gnt_expected_max(n);
        if (!(now > before)) fail_msg("emax(%llu) = %.17g, not above %.17g", (unsigned long long)n, now, before);
        before = now;
    }
}

static void shape_by_hand(void **state)
{
    (void)state;
    const double x[] = {0, 0, 0, 4}; /* mean 1, deviations -1 -1 -1 3: m2 3, m3 6, m4 21 */
    gnt_shape s = gnt_shape_of(x, 4);
    close_to("skew", s.skew, 6 / (3 * sqrt(3)), 1e-15);
    close_to("kurtosis", s.kurtosis, 21. / 9, 1e-15);
    const double flat[] = {.1, .1};
    if (!isnan(gnt_shape_of(flat, 2).skew)) fail_msg("a constant series has a skewness");
}

static void no_variance_no_chance(void **state)
{
    (void)state;
    gnt_figure f = gnt_psr(1, 0, 10, 3, 3); /* 1 - 3 + 0.5 < 0 */
    if (!isnan(f.value)) fail_msg("psr %.17g, expected none", f.value);
    assert_string_equal(f.reason, "negative_variance");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(psr_as_printed),
        cmocka_unit_test(dsr_as_printed),
        cmocka_unit_test(one_trial_is_not_deflated),
        cmocka_unit_test(expected_max_rises),
        cmocka_unit_test(shape_by_hand),
        cmocka_unit_test(no_variance_no_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
