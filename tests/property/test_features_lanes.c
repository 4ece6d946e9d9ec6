/* Symbols side by side in vectors give the bits of each symbol alone: every instruction set here, any grouping. */
#include "host/device/engine.h"
#include "kernels/cpu/stages.h"
#include "tests/synth.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

enum { S = 21, T = 230, STRIDE = 40 };

typedef struct market {
    double storage[S][5 * T];
    gnt_bars_view bars[S];
    float alone[S][T * STRIDE], together[S][T * STRIDE];
    float *out[S];
} market;

/* Lengths differ (0, 1, around the warm-ups, the whole); some symbols stand still, some have no volume. */
static market *make_market(void)
{
    static const size_t lengths[] = {T, 0, 1, 19, 20, 49, 50, 51, T, T - 1, 130};
    market *m = calloc(1, sizeof *m);
    assert_non_null(m);
    for (size_t s = 0; s < S; s++) {
        size_t n = lengths[s % (sizeof lengths / sizeof *lengths)];
        m->bars[s] = synth_bars(s + 1, n, s % 2 ? .02 : .4, m->storage[s]);
        double *close = m->storage[s] + 3 * n, *volume = m->storage[s] + 4 * n;
        for (size_t t = 60; t < 100 && t < n; t++) {
            if (s % 3 == 0) close[t] = close[59];
            if (s % 3 == 1) volume[t] = 0;
        }
        if (n > 120) close[120] = s % 4 == 2 ? NAN : close[120]; /* odd input stays in its lane */
        m->out[s] = m->together[s];
    }
    return m;
}

static size_t width_of(gnt_feature_set set)
{
    return set == GNT_FEATURES_LEVELS_17 ? GNT_LEVELS_17_WIDTH : GNT_GAUNTLET_35_WIDTH;
}

static void check_same(const market *m, gnt_feature_set set, const char *what)
{
    for (size_t s = 0; s < S; s++)
        for (size_t t = 0; t < m->bars[s].n; t++)
            for (size_t k = 0; k < STRIDE; k++) {
                const float *a = &m->alone[s][t * STRIDE + k], *b = &m->together[s][t * STRIDE + k];
                float untouched;
                memset(&untouched, 0x5a, sizeof untouched);
                if (k >= width_of(set) ? memcmp(b, &untouched, sizeof *b) : memcmp(a, b, sizeof *a))
                    fail_msg("%s, set %d: symbol %zu row %zu column %zu: %.9g, alone %.9g", what, (int)set, s, t, k + 1,
                             (double)*b, (double)*a);
            }
    for (size_t s = 0; s < S; s++) /* nothing behind the last row */
        for (size_t i = m->bars[s].n * STRIDE; i < (size_t)T * STRIDE; i++)
            if (memcmp(&m->together[s][i], "\x5a\x5a\x5a\x5a", 4))
                fail_msg("%s: symbol %zu wrote at %zu, behind its %zu rows", what, s, i, m->bars[s].n);
}

static void alone(market *m, gnt_feature_set set)
{
    memset(m->together, 0x5a, sizeof m->together);
    for (size_t s = 0; s < S; s++) gnt_cpu_features(set, &m->bars[s], STRIDE, m->alone[s]);
}

static void every_instruction_set(void **state)
{
    (void)state;
    static const char *const simd[] = {"generic", "avx2", "avx512"};
    market *m = make_market();
    for (gnt_feature_set set = GNT_FEATURES_GAUNTLET_35; set <= GNT_FEATURES_LEVELS_17; set++)
        for (int i = 0; i < 3; i++)
            for (unsigned threads = 1; threads <= 3; threads++) {
                gnt_device *dev = NULL;
                const gnt_ops *ops = gnt_cpu_ops();
                gnt_status st = ops->open(threads, simd[i], &dev);
                if (st == GNT_EDEVICE) continue; /* this processor has it not */
                assert_int_equal(st, GNT_OK);
                alone(m, set);
                assert_int_equal(ops->features(dev, set, m->bars, S, STRIDE, m->out), GNT_OK);
                check_same(m, set, simd[i]);
                ops->close(dev);
            }
    free(m);
}

/* Group sizes 1, 2, 3 ..: a group's last lanes are copies. */
static void any_grouping(void **state)
{
    (void)state;
    market *m = make_market();
    gnt_device *dev = NULL;
    const gnt_ops *ops = gnt_cpu_ops();
    assert_int_equal(ops->open(1, NULL, &dev), GNT_OK);
    for (size_t size = 1; size <= S; size++) {
        alone(m, GNT_FEATURES_GAUNTLET_35);
        for (size_t s = 0; s < S; s += size)
            assert_int_equal(ops->features(dev, GNT_FEATURES_GAUNTLET_35, m->bars + s, s + size < S ? size : S - s,
                                           STRIDE, m->out + s),
                             GNT_OK);
        check_same(m, GNT_FEATURES_GAUNTLET_35, "groups");
    }
    ops->close(dev);
    free(m);
}

static void the_door_refuses(void **state)
{
    (void)state;
    market *m = make_market();
    gnt_engine engine;
    gnt_error why = {0};
    assert_int_equal(gnt_engine_open(&engine, "cpu", 1, NULL, &why), GNT_OK);
    assert_int_equal(gnt_engine_features(&engine, GNT_FEATURES_GAUNTLET_35, m->bars, S, 34, m->out, &why), GNT_EINVAL);
    m->out[8] = NULL;
    assert_int_equal(gnt_engine_features(&engine, GNT_FEATURES_GAUNTLET_35, m->bars, S, STRIDE, m->out, &why),
                     GNT_EINVAL);
    assert_non_null(strstr(why.text, "symbol 8 of 21"));
    m->out[8] = m->together[8];
    m->bars[3].close = NULL;
    assert_int_equal(gnt_engine_features(&engine, GNT_FEATURES_GAUNTLET_35, m->bars, S, STRIDE, m->out, &why),
                     GNT_EINVAL);
    assert_int_equal(gnt_engine_features(&engine, GNT_FEATURES_GAUNTLET_35, m->bars, 0, STRIDE, m->out, &why), GNT_OK);
    gnt_engine_close(&engine);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_set),
        cmocka_unit_test(any_grouping),
        cmocka_unit_test(the_door_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
