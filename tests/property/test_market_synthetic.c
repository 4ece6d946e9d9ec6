/* The built-in market over 20 seeds: its best rule is right as often as stated, its bars are sound, its regimes come.
 *
 * Accuracy bounds: the number of bars on which a fixed rule is right is binomial given the pressure's path, so the
 * share lies within 4.5 standard errors of its mean but for 7e-6 of the cases; 20 seeds, two symbols and three rules
 * leave less than 1 in 1,000 that a sound market fails. The pressure's path itself is a chain, so the share of pressed
 * bars gets the error of a chain: 0.1 in and 0.3 out leave a lag-one correlation of 0.6, and (1 + 0.6)/(1 - 0.6) times
 * the variance. */
#include "tests/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/market/bars.h"
#include "host/market/csv_bars.h"
#include "host/market/load.h"
#include "host/market/synthetic.h"

enum { SEEDS = 20, BARS = 1509 };
#define ERRORS 4.5

static gnt_error why;

static gnt_bars market(const char *symbol, uint64_t seed)
{
    gnt_bars bars;
    if (gnt_synthetic_bars(symbol, seed, &bars, &why)) fail_msg("%s", why.text);
    assert_int_equal(bars.n, BARS);
    return bars;
}

/* Pressure as a reader of the bars finds it: the lower wick against the upper one, no state of the generator. */
static int pressure(const gnt_bars *b, size_t t)
{
    double top = fmax(b->open[t], b->close[t]), bottom = fmin(b->open[t], b->close[t]);
    double upper = log(b->high[t] / top), lower = log(bottom / b->low[t]);
    return lower > 3 * upper ? 1 : upper > 3 * lower ? -1 : 0;
}

static int direction(const gnt_bars *b, size_t t)
{
    return b->close[t] > b->close[t - 1] ? 1 : -1;
}

static void check_share(const char *what, const gnt_bars *b, uint64_t seed, double n_right, double n, double p)
{
    double bound = ERRORS * sqrt(p * (1 - p) / n);
    if (!(fabs(n_right / n - p) <= bound))
        fail_msg("%s seed %u: %s %.4f over %.0f, expected %.2f +- %.4f", b->symbol, (unsigned)seed, what, n_right / n,
                 n, p, bound);
}

/* The best rule: the pressure's side where there is one; without pressure it says up. */
static void check_rule(const gnt_bars *b, uint64_t seed, double pressed_p)
{
    double n_pressed = 0, right_pressed = 0, right_rest = 0, n = BARS - 1;
    for (size_t t = 0; t + 1 < b->n; t++) {
        int s = pressure(b, t), up = direction(b, t + 1);
        if (s) {
            n_pressed++;
            right_pressed += s == up;
        } else {
            right_rest += up > 0;
        }
    }
    check_share("the rule after pressure is right", b, seed, right_pressed, n_pressed, pressed_p);
    check_share("up without pressure", b, seed, right_rest, n - n_pressed, 0.5);
    double spread = sqrt((1 + 0.6) / (1 - 0.6));
    if (!(fabs(n_pressed / n - 0.25) <= ERRORS * spread * sqrt(0.25 * 0.75 / n)))
        fail_msg("%s seed %u: pressure on %.4f of the bars, expected 0.25", b->symbol, (unsigned)seed, n_pressed / n);
    double total = (right_pressed + right_rest) / n, p = 0.25 * pressed_p + 0.75 * 0.5;
    double error = sqrt(p * (1 - p) / n) + fabs(pressed_p - 0.5) * spread * sqrt(0.25 * 0.75 / n);
    if (!(fabs(total - p) <= ERRORS * error))
        fail_msg("%s seed %u: the best rule is right on %.4f, expected %.2f +- %.4f", b->symbol, (unsigned)seed, total,
                 p, ERRORS * error);
}

static void the_best_rule_is_as_good_as_stated(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        gnt_bars edge = market(GNT_SYN_EDGE, seed), none = market(GNT_SYN_NULL, seed);
        check_rule(&edge, seed, GNT_SYN_EDGE_PRESSED);
        check_rule(&none, seed, 0.5);
        gnt_bars_free(&edge);
        gnt_bars_free(&none);
    }
    double stated = 0.25 * GNT_SYN_EDGE_PRESSED + 0.75 * 0.5;
    if (!(fabs(stated - GNT_SYN_EDGE_ACCURACY) < 1e-15)) fail_msg("0.25 x 0.9 + 0.75 x 0.5 = %.17g", stated);
}

/* Always-up and persistence have mean 0.5; over all seeds together the errors shrink with the root of the bars.
 * Pressure that lasts makes directions of SYN-EDGE correlated (0.8 squared x 0.25 x 0.7 = 0.11 at lag one, falling by
 * 0.7 a lag): up's variance is 1 + 2 x 0.11/0.3 = 1.75 times a coin's. */
static void dumb_strategies_collect_nothing(void **state)
{
    (void)state;
    const char *symbols[2] = {GNT_SYN_EDGE, GNT_SYN_NULL};
    for (int k = 0; k < 2; k++) {
        double up = 0, n = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            gnt_bars b = market(symbols[k], seed);
            for (size_t t = 1; t < b.n; t++, n++) up += direction(&b, t) > 0;
            gnt_bars_free(&b);
        }
        double bound = ERRORS * sqrt((k ? 1 : 1.75) * 0.25 / n);
        if (!(fabs(up / n - 0.5) <= bound)) fail_msg("%s: up share %.4f, bound %.4f", symbols[k], up / n, bound);
    }
}

static void check_bar(const gnt_bars *b, size_t t)
{
    double o = b->open[t], h = b->high[t], l = b->low[t], c = b->close[t], v = b->volume[t];
    if (!(0 < l && l <= o && l <= c && o <= h && c <= h))
        fail_msg("%s bar %zu: %.6f %.6f %.6f %.6f", b->symbol, t, o, h, l, c);
    if (!(b->adj_close[t] == c)) fail_msg("%s bar %zu: adj_close %.6f, close %.6f", b->symbol, t, b->adj_close[t], c);
    if (!(v > 0 && v == floor(v))) fail_msg("%s bar %zu: volume %.17g", b->symbol, t, v);
    if (t && !(c != b->close[t - 1])) fail_msg("%s bar %zu: the close repeats, %.6f", b->symbol, t, c);
    if (t && b->day[t] <= b->day[t - 1]) fail_msg("%s bar %zu: days don't rise", b->symbol, t);
}

static double mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

static double correlation(const double *x, const double *y, size_t n)
{
    double mx = mean(x, n), my = mean(y, n), xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        xy += (x[i] - mx) * (y[i] - my);
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
    }
    return xy / sqrt(xx * yy);
}

static double kurtosis(const double *x, size_t n)
{
    double m = mean(x, n), two = 0, four = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (x[i] - m) * (x[i] - m);
        two += d;
        four += d * d;
    }
    return four * (double)n / (two * two);
}

/* Volatility clusters, tails are fat, volume goes with volatility. */
static void check_moments(const gnt_bars *b, uint64_t seed)
{
    static double r[BARS], size[BARS], volume[BARS];
    size_t n = b->n - 1;
    for (size_t t = 1; t < b->n; t++) {
        r[t - 1] = log(b->close[t] / b->close[t - 1]);
        size[t - 1] = fabs(r[t - 1]);
        volume[t - 1] = log(b->volume[t]);
    }
    double k = kurtosis(r, n), cluster = correlation(size, size + 1, n - 1), busy = correlation(size, volume, n);
    if (!(k > 3)) fail_msg("%s seed %u: kurtosis %.2f", b->symbol, (unsigned)seed, k);
    if (!(cluster > 0))
        fail_msg("%s seed %u: |r| correlates with the next at %.3f", b->symbol, (unsigned)seed, cluster);
    if (!(busy > 0)) fail_msg("%s seed %u: |r| correlates with volume at %.3f", b->symbol, (unsigned)seed, busy);
}

/* Lowest close inside [from, to] against the close before it. */
static void check_drawdown(const gnt_bars *b, uint64_t seed, const char *from, const char *to, double low, double high)
{
    gnt_range range;
    size_t begin, end;
    if (!gnt_date_parse(from, 10, &range.from) || !gnt_date_parse(to, 10, &range.to)) fail_msg("%s..%s", from, to);
    if (gnt_bars_window(b, range, &begin, &end, &why)) fail_msg("%s", why.text);
    double least = b->close[begin];
    for (size_t t = begin; t < end; t++) least = fmin(least, b->close[t]);
    double fall = least / b->close[begin - 1] - 1;
    if (!(low <= fall && fall <= high))
        fail_msg("%s seed %u: %s..%s falls %.3f, stated %.2f to %.2f", b->symbol, (unsigned)seed, from, to, fall, low,
                 high);
}

static void bars_are_sound_and_regimes_come(void **state)
{
    (void)state;
    const char *symbols[2] = {GNT_SYN_EDGE, GNT_SYN_NULL};
    for (int k = 0; k < 2; k++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            gnt_bars b = market(symbols[k], seed);
            assert_int_equal(b.provenance, GNT_SYNTHETIC);
            assert_string_equal(b.source, "builtin");
            for (size_t t = 0; t < b.n; t++) check_bar(&b, t);
            check_moments(&b, seed);
            check_drawdown(&b, seed, GNT_SYN_CRASH_FROM, GNT_SYN_CRASH_TO, -0.35, -0.20);
            check_drawdown(&b, seed, GNT_SYN_WINTER_FROM, GNT_SYN_WINTER_TO, -0.55, -0.33);
            gnt_bars_free(&b);
        }
}

static void check_same(const gnt_bars *a, const gnt_bars *b)
{
    const double *x[6] = {a->open, a->high, a->low, a->close, a->adj_close, a->volume};
    const double *y[6] = {b->open, b->high, b->low, b->close, b->adj_close, b->volume};
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->day, b->day, a->n * sizeof *a->day);
    for (int k = 0; k < 6; k++) assert_memory_equal(x[k], y[k], a->n * sizeof(double));
}

static void the_same_bytes_twice_and_through_csv(void **state)
{
    (void)state;
    char path[128];
    gnt_bars a = market(GNT_SYN_EDGE, 42), b = market(GNT_SYN_EDGE, 42), other = market(GNT_SYN_EDGE, 43),
             none = market(GNT_SYN_NULL, 42), read;
    check_same(&a, &b);
    assert_string_equal(a.sha256, b.sha256);
    if (!strcmp(a.sha256, other.sha256)) fail_msg("seeds 42 and 43 give %s", a.sha256);
    if (!strcmp(a.sha256, none.sha256)) fail_msg("both symbols give %s", a.sha256);
    snprintf(path, sizeof path, "SYN-EDGE_test_%s.csv", "roundtrip");
    if (gnt_csv_bars_write(path, &a, &why) || gnt_bars_load(path, 0, &read, &why)) fail_msg("%s", why.text);
    check_same(&a, &read);
    assert_int_equal(read.provenance, GNT_SYNTHETIC);
    assert_int_equal(read.n_warnings, 0);
    remove(path);
    gnt_bars_free(&read);
    gnt_bars_free(&a);
    gnt_bars_free(&b);
    gnt_bars_free(&other);
    gnt_bars_free(&none);
}

/* The canonical bytes of seed 42, so that a machine or a compiler that differs is seen. A change of the generator
 * changes these lines and data/README.md. */
static void the_bytes_of_seed_42(void **state)
{
    (void)state;
    gnt_bars edge = market(GNT_SYN_EDGE, 42), none = market(GNT_SYN_NULL, 42), odd;
    assert_string_equal(edge.sha256, "fc584abeb6614f2dce4b431b1da86aaec3cec036c01b3d23c9fa3ba9fe9d94c4");
    assert_string_equal(none.sha256, "4da32da73faf85417b01b7f4fc363db8f39d803e840146cb895cc3ed8107ebe1");
    gnt_bars_free(&edge);
    gnt_bars_free(&none);
    assert_int_equal(gnt_synthetic_bars("SYN-ODD", 42, &odd, &why), GNT_EINVAL);
    if (!strstr(why.text, "SYN-EDGE or SYN-NULL")) fail_msg("said: %s", why.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_rule_is_as_good_as_stated),
        cmocka_unit_test(dumb_strategies_collect_nothing),
        cmocka_unit_test(bars_are_sound_and_regimes_come),
        cmocka_unit_test(the_same_bytes_twice_and_through_csv),
        cmocka_unit_test(the_bytes_of_seed_42),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
