/* Regimes by hand-worked closes, and that no code knows a later close. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/run/regimes.h"

static void expect(const char *what, const int8_t *code, const int8_t *wanted, size_t n)
{
    for (size_t t = 0; t < n; t++)
        if (code[t] != wanted[t]) fail_msg("%s at bar %zu: %d, expected %d", what, t, code[t], wanted[t]);
}

/* 100 -> 80 is a 20 % fall, seen at bar 2's close, so bar 3 is the first bear bar; 79 -> 94.8 is a 20 % rise from the
 * trough 79, seen at bar 5, so bar 6 is the first bull bar; 100 -> 80.1 is no 20 % fall; 80 is one. */
static void twenty_per_cent_turns(void **state)
{
    (void)state;
    static const double close[] = {100, 95, 80, 79, 90, 94.8, 100, 80.1, 80, 85};
    static const int8_t wanted[] = {-1, -1, -1, 1, 1, 1, 0, 0, 0, 1};
    int8_t code[10];
    gnt_regime_bull_bear(close, 10, code);
    expect("bull_bear", code, wanted, 10);
}

static void a_first_rise_makes_a_bull(void **state)
{
    (void)state;
    static const double close[] = {100, 119, 120, 121};
    static const int8_t wanted[] = {-1, -1, -1, 0};
    int8_t code[4];
    gnt_regime_bull_bear(close, 4, code);
    expect("bull_bear", code, wanted, 4);
}

/* Flat at 100 for 200 bars: the mean is the close, so not above: down; one close at 101 shows on the bar after. */
static void trend_is_close_against_the_mean_of_200(void **state)
{
    (void)state;
    double close[204];
    int8_t code[204];
    for (size_t t = 0; t < 204; t++) close[t] = 100;
    close[201] = 101;
    close[202] = 99;
    gnt_regime_trend(close, 204, code);
    static const int8_t wanted[] = {-1, 1, 1, 0, 1}; /* bars 199..203 */
    expect("trend", code + 199, wanted, 5);
}

/* Returns alternate +-a with a growing by thirds: three train rows at the ends of the thirds give the edges. */
static void volatility_edges_come_from_train_rows(void **state)
{
    (void)state;
    enum { T = 240 };
    double close[T], edges[2], again[2];
    int8_t code[T], other[T];
    close[0] = 100;
    for (size_t t = 1; t < T; t++) {
        double a = t < 80 ? 0.01 : t < 160 ? 0.02 : 0.04;
        close[t] = close[t - 1] * (1 + (t % 2 ? a : -a));
    }
    static const uint32_t row[] = {70, 150, 230};
    gnt_error why = {0};
    if (gnt_regime_volatility(close, T, row, 3, edges, code, &why)) fail_msg("%s", why.text);
    /* sd of 20 alternating returns of size a: a sqrt(20/19); type 7 terciles of three values: 1/3 of the way */
    double unit = sqrt(20.0 / 19), low = (0.01 + 2.0 / 3 * 0.01) * unit, high = (0.02 + 1.0 / 3 * 0.02) * unit;
    if (!(fabs(edges[0] - low) < 1e-12 && fabs(edges[1] - high) < 1e-12))
        fail_msg("edges %.17g %.17g, expected %.17g %.17g", edges[0], edges[1], low, high);
    assert_int_equal(code[20], -1); /* 20 returns are known at the close of bar 20 */
    assert_int_equal(code[21], 0);
    assert_int_equal(code[150], 1);
    assert_int_equal(code[239], 2);
    for (size_t t = 231; t < T; t++) close[t] *= 3; /* after the last train row: the edges don't know */
    if (gnt_regime_volatility(close, T, row, 3, again, other, &why)) fail_msg("%s", why.text);
    assert_memory_equal(edges, again, sizeof edges);
    expect("volatility", other, code, 232);
}

static void later_closes_change_nothing(void **state)
{
    (void)state;
    enum { T = 600 };
    double close[T];
    int8_t a[T], b[T];
    for (size_t t = 0; t < T; t++) close[t] = 100 * exp(0.3 * sin((double)t / 40) + 0.05 * sin((double)t * 1.7));
    for (size_t cut = 1; cut < T; cut += 37) {
        double changed[T];
        memcpy(changed, close, sizeof close);
        for (size_t t = cut; t < T; t++) changed[t] *= 0.5;
        gnt_regime_bull_bear(close, T, a);
        gnt_regime_bull_bear(changed, T, b);
        expect("bull_bear", b, a, cut + 1); /* the code of bar `cut` was known before its close */
        gnt_regime_trend(close, T, a);
        gnt_regime_trend(changed, T, b);
        expect("trend", b, a, cut + 1);
    }
}

static void too_few_train_rows_is_an_error(void **state)
{
    (void)state;
    double close[30], edges[2];
    int8_t code[30];
    for (size_t t = 0; t < 30; t++) close[t] = 100 + (double)(t % 3);
    static const uint32_t row[] = {5, 25, 29};
    gnt_error why = {0};
    assert_int_equal(gnt_regime_volatility(close, 30, row, 3, edges, code, &why), GNT_EFEW);
    assert_non_null(strstr(why.text, "2 train rows"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_per_cent_turns),
        cmocka_unit_test(a_first_rise_makes_a_bull),
        cmocka_unit_test(trend_is_close_against_the_mean_of_200),
        cmocka_unit_test(volatility_edges_come_from_train_rows),
        cmocka_unit_test(later_closes_change_nothing),
        cmocka_unit_test(too_few_train_rows_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
