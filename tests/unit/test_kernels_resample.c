/* Bootstrap indices and A/B splits against the values printed in statistics.md 15. */
#include "kernels/cpu/stages.h"
#include "kernels/math/philox.h"
#include "tests/test.h"

#include <string.h>

static void check_indices(gnt_resample_plan plan, const uint32_t *expected)
{
    uint32_t index[20];
    gnt_cpu_resample(&plan, 20, 0, 1, index);
    for (int t = 0; t < 20; t++)
        if (index[t] != expected[t])
            fail_msg("method %d, t = %d: %u, expected %u", plan.method, t, index[t], expected[t]);
}

static void indices_as_printed(void **state)
{
    (void)state;
    static const uint32_t stationary[] = {13, 14, 15, 16, 17, 9, 10, 11, 12, 12, 13, 14, 14, 17, 18, 12, 2, 3, 3, 4};
    static const uint32_t circular[] = {13, 14, 15, 16, 6, 7, 8, 9, 1, 2, 3, 4, 6, 7, 8, 9, 19, 0, 1, 2};
    gnt_resample_plan plan = {
        .method = GNT_RESAMPLE_STATIONARY, .block = 4, .seed = 42, .stream = 1, .first_replicate = 7};
    check_indices(plan, stationary);
    plan.method = GNT_RESAMPLE_CIRCULAR;
    plan.stream = 2;
    check_indices(plan, circular);
}

static void iid_is_one_bounded_draw_a_step(void **state)
{
    (void)state;
    gnt_resample_plan plan = {.method = GNT_RESAMPLE_IID, .seed = 42, .stream = 5, .first_replicate = 123456789012ULL};
    static uint32_t index[1509];
    gnt_cpu_resample(&plan, 1509, 0, 1, index);
    assert_int_equal(index[17], 783); /* statistics.md 15: bounded(1509) of block 17 */
}

static void ranges_give_the_same_bits(void **state)
{
    (void)state;
    gnt_resample_plan plan = {
        .method = GNT_RESAMPLE_STATIONARY, .block = 7.5, .seed = 1, .stream = 9, .first_replicate = 3};
    static uint32_t whole[10][137], parts[10][137];
    gnt_cpu_resample(&plan, 137, 0, 10, whole[0]);
    for (size_t r = 10; r-- > 0;) gnt_cpu_resample(&plan, 137, r, r + 1, parts[0]);
    assert_memory_equal(whole, parts, sizeof whole);
    for (size_t r = 0; r < 10; r++)
        for (size_t t = 0; t < 137; t++) assert_true(whole[r][t] < 137);
}

/* The rule written out once more: u of (seed', stream 101, replicate, counter) < weight. */
static void split_by_the_written_rule(void **state)
{
    (void)state;
    uint32_t counter[64];
    uint8_t enhanced[5][64];
    for (uint32_t j = 0; j < 64; j++) counter[j] = j % 3 ? j : 0xdeadbeefu + j; /* numbers and hashes of unit ids */
    uint64_t seed = 0x123456789abcdef0ULL;
    gnt_cpu_split(seed, 0.3, counter, 64, 1ULL << 33, 0, 5, enhanced[0]);
    for (uint64_t r = 0; r < 5; r++)
        for (int j = 0; j < 64; j++) {
            gnt_philox c = {{counter[j], 101, (uint32_t)r, 2}};
            c = gnt_philox_rounds(c, 0x9abcdef0u, 0x12345678u);
            double u = ((double)(((uint64_t)c.w[1] << 32 | c.w[0]) >> 11) + .5) * 0x1p-53;
            assert_int_equal(enhanced[r][j], u < 0.3);
        }
    gnt_cpu_split(seed, 0, counter, 64, 0, 0, 5, enhanced[0]);
    for (int i = 0; i < 5 * 64; i++) assert_int_equal(enhanced[i / 64][i % 64], 0);
    gnt_cpu_split(seed, 1, counter, 64, 0, 0, 5, enhanced[0]);
    for (int i = 0; i < 5 * 64; i++) assert_int_equal(enhanced[i / 64][i % 64], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indices_as_printed),
        cmocka_unit_test(iid_is_one_bounded_draw_a_step),
        cmocka_unit_test(ranges_give_the_same_bits),
        cmocka_unit_test(split_by_the_written_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
