/* Philox, uniforms, bounded integers and normals against the vectors of statistics.md 15. */
#include "kernels/math/normal.h"
#include "kernels/math/philox.h"
#include "tests/test.h"

#include <math.h>

static void known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } cases[] = {
        /* Random123 kat_vectors */
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gnt_philox c;
        for (int k = 0; k < 4; k++) c.w[k] = cases[i].counter[k];
        c = gnt_philox_rounds(c, cases[i].key[0], cases[i].key[1]);
        for (int k = 0; k < 4; k++)
            if (c.w[k] != cases[i].out[k])
                fail_msg("case %zu word %d: %08x, expected %08x", i, k, c.w[k], cases[i].out[k]);
    }
}

static void addressed_block(void **state)
{
    (void)state;
    gnt_random at = gnt_random_at(42, 5, 123456789012ULL);
    gnt_philox b = gnt_philox_block(at, 17);
    assert_int_equal(b.w[0], 1232673382u);
    assert_int_equal(b.w[1], 2229255588u);
    assert_int_equal(b.w[2], 1643899666u);
    assert_int_equal(b.w[3], 4227467739u);
    double u = gnt_uniform(gnt_philox_x(b)), z = gnt_normal(u);
    if (!(fabs(u - .519039013489849) <= 1e-15)) fail_msg("u = %.17g, expected .519039013489849", u);
    if (!(fabs(z - .0477418595543922) <= 1e-15)) fail_msg("z = %.17g, expected .0477418595543922", z);
    assert_int_equal(gnt_bounded(at, 17, 1509), 783);
}

static void uniform_is_open(void **state)
{
    (void)state;
    assert_true(gnt_uniform(0) == 0x1p-54);
    assert_true(gnt_uniform(UINT64_MAX) == 1 - 0x1p-53);
    assert_true(isfinite(gnt_normal(gnt_uniform(0))) && isfinite(gnt_normal(gnt_uniform(UINT64_MAX))));
}

/* A bound just above 2^63 rejects about half of all draws: the retry must come from stream + 65536. */
static void rejected_draws_move_to_the_next_attempt(void **state)
{
    (void)state;
    uint64_t n = (1ULL << 63) + 1, threshold = (0 - n) % n;
    unsigned n_rejected = 0;
    for (uint32_t block = 0; block < 64; block++) {
        gnt_random at = gnt_random_at(7, 3, 0), again = gnt_random_at(7, 3 + 65536, 0);
        unsigned __int128 first = (unsigned __int128)gnt_philox_x(gnt_philox_block(at, block)) * n;
        uint64_t got = gnt_bounded(at, block, n);
        assert_true(got < n);
        if ((uint64_t)first < threshold) {
            n_rejected++;
            if (got != gnt_bounded(again, block, n))
                fail_msg("block %u: the second attempt is not stream + 65536", block);
        } else if (got != (uint64_t)(first >> 64)) {
            fail_msg("block %u: an accepted draw changed", block);
        }
    }
    if (n_rejected < 16 || n_rejected > 48) fail_msg("%u of 64 draws rejected, about 32 expected", n_rejected);
}

/* Error of z from the residual Phi(z) - p by one Newton step in long double: dz = (Phi(z) - p)/phi(z). */
static long double normal_error(double p, double z)
{
    const long double root_half = 0.707106781186547524400844362104849L, root_2pi = 2.50662827463100050241576528481L;
    long double zl = z, density = expl(-zl * zl / 2) / root_2pi;
    long double residual =
        p < .5 ? erfcl(-zl * root_half) / 2 - (long double)p : (1 - (long double)p) - erfcl(zl * root_half) / 2;
    if (fabsl(zl) < 0.5L) residual = erfl(zl * root_half) / 2 - ((long double)p - 0.5L); /* no cancellation at 0 */
    return residual / density;
}

static void check_normal(double p)
{
    double z = gnt_normal(p);
    long double error = fabsl(normal_error(p, z));
    if (!(error <= 1e-13L * fabsl((long double)z))) fail_msg("Phi^-1(%.17g) = %.17g: error %.3Lg", p, z, error);
}

static void normal_to_1e_13(void **state)
{
    (void)state;
    for (int i = 1; i < 100000; i++) check_normal(i / 100000.0);
    for (double p = 0.499; p > 0x1p-1000; p *= 0.93) check_normal(p);
    for (int i = 0; i < 50; i++) {
        check_normal(0.5 - ldexp(1, -4 - i));
        check_normal(0.5 + ldexp(1, -4 - i));
    }
    for (uint32_t block = 0; block < 100000; block++) {
        gnt_philox b = gnt_philox_block(gnt_random_at(1, 2, 3), block);
        check_normal(gnt_uniform(gnt_philox_x(b)));
        check_normal(gnt_uniform(gnt_philox_y(b)));
    }
    assert_true(gnt_normal(0.5) == 0);
}

static void test_generator_of_the_statistics_reference(void **state)
{
    (void)state;
    static const double expected[] = {.17187049, -.75387071, -.22024977};
    uint64_t x = 42;
    for (int i = 0; i < 3; i++) {
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        double z = gnt_normal(gnt_uniform(x));
        if (!(fabs(z - expected[i]) <= 5e-9)) fail_msg("z[%d] = %.10f, printed %.8f", i, z, expected[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),   cmocka_unit_test(addressed_block),
        cmocka_unit_test(uniform_is_open), cmocka_unit_test(rejected_draws_move_to_the_next_attempt),
        cmocka_unit_test(normal_to_1e_13), cmocka_unit_test(test_generator_of_the_statistics_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
