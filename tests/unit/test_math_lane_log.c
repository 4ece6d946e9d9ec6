/* The logarithm over lanes has the bits of gnt_log in every lane. */
#define GNT_LANES 2
#include "kernels/math/lane_log.h"

#include "tests/test.h"

#include <string.h>

static void check(const double *x)
{
    gnt_f64 in, out;
    for (int j = 0; j < GNT_LANES; j++) gnt_lane_put(&in, j, x[j]);
    out = gnt_lane_log(in);
    for (int j = 0; j < GNT_LANES; j++) {
        double want = gnt_log(x[j]), got = gnt_lane_get(out, j);
        bool same = isnan(want) ? isnan(got) : gnt_bits_of(want) == gnt_bits_of(got);
        if (!same) fail_msg("log %a: %a, alone %a", x[j], got, want);
    }
}

static void special_values(void **state)
{
    (void)state;
    const double x[][GNT_LANES] = {
        {0, -0.0},
        {INFINITY, -INFINITY},
        {NAN, -1},
        {1, 0x1p-1074},
        {0x1p-1022, 0x0.fffffffffffffp-1022},
        {0x1.fffffffffffffp1023, 0x1.6a09e667f3bcdp0},
        {0x1.6a09e667f3bcep0, 0x1.fffffffffffffp-1},
        {0x1.0000000000001p0, 2},
    };
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) check(x[i]);
}

static void many_values(void **state)
{
    (void)state;
    uint64_t r = 42;
    for (int i = 0; i < 500000; i++) {
        double x[GNT_LANES];
        for (int j = 0; j < GNT_LANES; j++) {
            r = r * 6364136223846793005ULL + 1442695040888963407ULL;
            uint64_t bits = r >> 1; /* every positive double, subnormal and NaN too; then those near 1 */
            x[j] = j % 2 ? gnt_of_bits(bits) : gnt_of_bits((bits >> 10) | 0x3fe0000000000000ULL);
        }
        check(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(special_values), cmocka_unit_test(many_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
