/* Feature rows against the long double oracle, on made-up bars and (when there) on the real IBB file. */
#include "kernels/cpu/stages.h"
#include "tests/ref/ref_features.h"
#include "tests/synth.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double ulp32(double x)
{
    float f = fabsf((float)x);
    return (double)nextafterf(f, INFINITY) - (double)f;
}

static void check_cell(const char *what, size_t t, int k, float got, double oracle, double condition)
{
    double bound = ulp32(oracle) + 256 * 0x1p-53 * condition, error = fabs((double)got - (double)(float)oracle);
    if (!(error <= bound))
        fail_msg("%s row %zu column %d: %.9g, oracle %.17g, off by %.3g, bound %.3g", what, t, k + 1, (double)got,
                 oracle, error, bound);
}

static void check_bars(const char *what, const gnt_bars_view *bars)
{
    ref_bars ref = {bars->n, bars->open, bars->high, bars->low, bars->close, bars->volume};
    float *x = malloc(bars->n * 40 * sizeof *x), *levels = malloc(bars->n * 17 * sizeof *levels);
    assert_true(x && levels);
    gnt_cpu_features(GNT_FEATURES_GAUNTLET_35, bars, 40, x);
    gnt_cpu_features(GNT_FEATURES_LEVELS_17, bars, 17, levels);
    for (size_t t = 0; t < bars->n; t++) {
        double row[35], condition[35], level[17];
        if (t < REF_GAUNTLET_FIRST)
            for (int k = 0; k < 35; k++) assert_true(isnan(x[t * 40 + k]));
        if (t < REF_LEVELS_FIRST)
            for (int k = 0; k < 17; k++) assert_true(isnan(levels[t * 17 + k]));
        /* the oracle's signal line is quadratic in t: late rows are sampled */
        if (t >= REF_GAUNTLET_FIRST && (t < 120 || t % 97 == 0 || t + 1 == bars->n)) {
            ref_gauntlet_35(&ref, t, row);
            ref_gauntlet_35_condition(&ref, t, condition);
            for (int k = 0; k < 35; k++) check_cell(what, t, k, x[t * 40 + k], row[k], condition[k]);
        }
        if (t >= REF_LEVELS_FIRST) {
            ref_levels_17(&ref, t, level);
            for (int k = 0; k < 17; k++) check_cell(what, t, k, levels[t * 17 + k], level[k], fabs(level[k]));
        }
    }
    free(x);
    free(levels);
}

static void made_up_bars(void **state)
{
    (void)state;
    static double storage[5 * 400];
    for (uint64_t seed = 1; seed <= 6; seed++) {
        gnt_bars_view bars = synth_bars(seed, 400, seed % 2 ? .02 : .3, storage);
        check_bars("made-up", &bars);
    }
    gnt_bars_view quiet = synth_bars(9, 200, 1e-9, storage); /* prices that hardly move: the condition term matters */
    check_bars("quiet", &quiet);
}

static size_t read_csv(const char *path, double *storage, size_t room, char dates[][11])
{
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    char line[256];
    size_t n = 0;
    double o, h, l, c, adj, v;
    while (n < room && fgets(line, sizeof line, file))
        if (sscanf(line, "%10[0-9-],%lf,%lf,%lf,%lf,%lf,%lf", dates[n], &o, &h, &l, &c, &adj, &v) == 7) {
            double row[5] = {o, h, l, c, v};
            for (int k = 0; k < 5; k++) storage[(size_t)k * room + n] = row[k];
            n++;
        }
    fclose(file);
    return n;
}

static void real_bars(void **state)
{
    (void)state;
    enum { ROOM = 2000 };
    static double storage[5 * ROOM];
    static char dates[ROOM][11];
    size_t n = read_csv(GNT_SOURCE_DIR "/../shared/data/IBB_raw_2018-01-01_2023-12-31.csv", storage, ROOM, dates);
    if (n == 0) {
        print_message("skipped: ../shared/data is not here\n");
        skip();
    }
    assert_int_equal(n, 1509);
    gnt_bars_view bars = {n, storage, storage + ROOM, storage + 2 * ROOM, storage + 3 * ROOM, storage + 4 * ROOM};
    check_bars("IBB", &bars);
    float *x = malloc(n * 35 * sizeof *x);
    assert_non_null(x);
    gnt_cpu_features(GNT_FEATURES_GAUNTLET_35, &bars, 35, x);
    size_t first = 0;
    while (isnan(x[first * 35])) first++;
    assert_int_equal(first, 49);
    assert_string_equal(dates[first], "2018-03-14");
    for (size_t i = first * 35; i < n * 35; i++) assert_true(isfinite(x[i]));
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_up_bars), cmocka_unit_test(real_bars)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
