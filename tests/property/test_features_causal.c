/* A row knows nothing of later bars; a prefix of the bars gives a prefix of the rows; odd inputs keep SPEC's rules. */
#include "kernels/cpu/stages.h"
#include "kernels/math/feature.h"
#include "tests/synth.h"
#include "tests/test.h"

#include <string.h>

enum { T = 160, F = 35, L = 17 };

typedef struct rows {
    float gauntlet[T][F], levels[T][L];
} rows;

static void make_rows(const gnt_bars_view *bars, rows *out)
{
    memset(out, 0, sizeof *out);
    gnt_cpu_features(GNT_FEATURES_GAUNTLET_35, bars, F, out->gauntlet[0]);
    gnt_cpu_features(GNT_FEATURES_LEVELS_17, bars, L, out->levels[0]);
}

static void check_same(const rows *a, const rows *b, size_t n, const char *what)
{
    if (memcmp(a->gauntlet, b->gauntlet, n * sizeof a->gauntlet[0]))
        fail_msg("%s: gauntlet-35 differs in rows < %zu", what, n);
    if (memcmp(a->levels, b->levels, n * sizeof a->levels[0])) fail_msg("%s: levels-17 differs in rows < %zu", what, n);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    static double storage[5 * T], other[5 * T];
    static rows a, b;
    gnt_bars_view bars = synth_bars(11, T, .03, storage);
    make_rows(&bars, &a);
    for (size_t t = 0; t < T; t += 7) {
        gnt_bars_view changed = synth_bars(1000 + t, T, .5, other);
        for (int k = 0; k < 5; k++) memcpy(other + k * T, storage + k * T, (t + 1) * sizeof(double));
        make_rows(&changed, &b);
        check_same(&a, &b, t + 1, "bars after t replaced");
        if (t >= 49 && t + 1 < T && !memcmp(a.gauntlet[t + 1], b.gauntlet[t + 1], sizeof a.gauntlet[0]))
            fail_msg("row %zu ignores its own bar: the perturbation proves nothing", t + 1);
    }
}

static void prefix_and_online_are_the_batch(void **state)
{
    (void)state;
    static double storage[5 * T];
    static rows a, b;
    gnt_bars_view bars = synth_bars(12, T, .03, storage);
    make_rows(&bars, &a);
    for (size_t n = 1; n <= T; n += 13) {
        gnt_bars_view prefix = bars;
        prefix.n = n;
        make_rows(&prefix, &b);
        check_same(&a, &b, n, "prefix");
    }
    gnt_feature_state s;
    gnt_feature_reset(&s);
    for (size_t t = 0; t < T; t++) {
        gnt_bar bar = {bars.open[t], bars.high[t], bars.low[t], bars.close[t], bars.volume[t]};
        float row[F];
        gnt_feature_push(&s, &bar);
        if (t < 49) continue;
        gnt_gauntlet_35_row(&s, row);
        assert_memory_equal(row, a.gauntlet[t], sizeof row);
    }
}

static void constant_prices_without_volume(void **state)
{
    (void)state;
    static double price[T], none[T];
    static rows a;
    for (size_t t = 0; t < T; t++)
        price[t] = 103.17; /* no power of two: means are rounded, the rules must hold anyway */
    gnt_bars_view bars = {T, price, price, price, price, none};
    make_rows(&bars, &a);
    for (size_t t = 49; t < T; t++)
        for (int k = 0; k < F; k++) {
            bool sma_gap = k >= 15 && k <= 18, is_rsi = k >= 22 && k <= 24, ratio = k == 29 || k == 30;
            double want = is_rsi || k == 25 ? .5 : ratio ? 1 : 0, got = a.gauntlet[t][k];
            double slack = sma_gap ? 50 * 0x1p-53 : 0; /* the mean of equal numbers is rounded */
            if (!(fabs(got - want) <= slack)) fail_msg("row %zu column %d: %.9g, expected %g", t, k + 1, got, want);
        }
    for (size_t t = 19; t < T; t++) assert_true(a.levels[t][16] == 50);
}

/* Equal returns that aren't zero (doubling is exact): vol exactly 0, ratio exactly 1, RSI exactly 1. */
static void constant_growth(void **state)
{
    (void)state;
    static double price[T], volume[T];
    static rows a;
    price[0] = 0x1p-60;
    for (size_t t = 0; t < 90; t++) {
        if (t) price[t] = 2 * price[t - 1];
        volume[t] = 5;
    }
    gnt_bars_view bars = {90, price, price, price, price, volume};
    make_rows(&bars, &a);
    for (size_t t = 49; t < 90; t++) {
        for (int k = 26; k <= 28; k++) assert_true(a.gauntlet[t][k] == 0);
        assert_true(a.gauntlet[t][29] == 1 && a.gauntlet[t][30] == 1);
        for (int k = 22; k <= 24; k++) assert_true(a.gauntlet[t][k] == 1);
        assert_true(a.gauntlet[t][0] == 1 && a.gauntlet[t][31] == 0 && a.gauntlet[t][32] == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(prefix_and_online_are_the_batch),
        cmocka_unit_test(constant_prices_without_volume),
        cmocka_unit_test(constant_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
