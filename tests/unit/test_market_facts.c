/* The real bars beside the checkout: what they are known to say, and that every session is one of the calendar's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "host/base/file.h"
#include "host/market/load.h"

#define SHARED GNT_SOURCE_DIR "/../shared/data/"
#define SIX_YEARS SHARED "IBB_raw_2018-01-01_2023-12-31.csv"
#define ALL_YEARS SHARED "IBB_2001-02-12_2026-03-31.csv"

static gnt_error why;

static void must_load(const char *path, gnt_bars *bars)
{
    if (!gnt_file_exists(path)) {
        print_message("%s is not there: skipped\n", path);
        skip();
    }
    if (gnt_bars_load(path, 0, bars, &why)) fail_msg("%s", why.text);
}

static gnt_day day_of(const char *text)
{
    gnt_day day;
    if (!gnt_date_parse(text, strlen(text), &day)) fail_msg("'%s' is no date", text);
    return day;
}

static double close_on(const gnt_bars *bars, const char *day)
{
    size_t row;
    if (!gnt_bars_find(bars, day_of(day), &row)) fail_msg("no bar on %s", day);
    return bars->close[row];
}

/* Largest fall below the running maximum of the closes inside [from, to], and between which days. */
static void check_drawdown(const gnt_bars *bars, const char *peak, const char *trough, double percent)
{
    size_t begin, end;
    if (!gnt_bars_find(bars, day_of(peak), &begin) || !gnt_bars_find(bars, day_of(trough), &end))
        fail_msg("no bar on %s or %s", peak, trough);
    double top = 0, worst = 0;
    for (size_t t = begin; t <= end; t++) {
        if (bars->close[t] > top) top = bars->close[t];
        if (bars->close[t] / top - 1 < worst) worst = bars->close[t] / top - 1;
    }
    double direct = close_on(bars, trough) / close_on(bars, peak) - 1;
    if (!(fabs(100 * worst - percent) < 0.0005)) fail_msg("drawdown %.4f %%, expected %.3f %%", 100 * worst, percent);
    if (!(fabs(worst - direct) < 1e-15)) fail_msg("worst %.17g is not peak to trough %.17g", worst, direct);
}

static void six_years(void **state)
{
    (void)state;
    gnt_bars bars;
    gnt_labels labels;
    uint8_t *up;
    must_load(SIX_YEARS, &bars);
    assert_string_equal(bars.symbol, "IBB");
    assert_int_equal(bars.provenance, GNT_REAL);
    assert_int_equal(bars.n, 1509);
    assert_int_equal(bars.n_warnings, 0);
    assert_int_equal(gnt_bars_labels(&bars, &up, &labels, &why), GNT_OK);
    size_t n_up = 0;
    for (size_t t = 0; t < labels.n; t++) n_up += labels.up[t];
    assert_int_equal(labels.n, 1508);
    double share = (double)n_up / (double)labels.n;
    if (!(fabs(share - 0.5272) < 0.00005)) fail_msg("up share %.6f, expected 0.5272", share);
    check_drawdown(&bars, "2020-02-19", "2020-03-16", -23.558);
    check_drawdown(&bars, "2021-08-09", "2022-06-16", -39.947);
    free(up);
    gnt_bars_free(&bars);
}

static void windows(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        size_t n; /* 0: refused */
    } rows[] = {{"2020-02-20..2020-04-30", 50}, {"2022-02-01..2022-10-31", 189}, {"2022-01-01..2022-12-31", 251},
                {"2023-12-29..2024-01-05", 1},  {"2023-12-29..2024-01-06", 0},   {"2018-01-01..2018-02-01", 0},
                {"2018-01-03..2018-01-03", 1},  {"2020-02-22..2020-02-23", 0},   {"2017-01-01..2017-12-31", 0},
                {"2024-01-01..2024-01-02", 0}};
    gnt_bars bars;
    must_load(SIX_YEARS, &bars);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gnt_range range;
        size_t begin = 0, end = 0;
        assert_true(gnt_range_parse(rows[i].range, &range));
        gnt_status st = gnt_bars_window(&bars, range, &begin, &end, &why);
        size_t n = st ? 0 : end - begin;
        if (n != rows[i].n || (st && st != GNT_EDATA))
            fail_msg("%s: %zu bars (status %d), expected %zu", rows[i].range, n, st, rows[i].n);
    }
    gnt_bars_free(&bars);
}

static void every_day_is_an_nyse_session(void **state)
{
    (void)state;
    if (!gnt_file_exists(ALL_YEARS)) {
        print_message("%s is not there: skipped\n", ALL_YEARS);
        skip();
    }
    gnt_bars bars;
    gnt_checks checks = {GNT_CALENDAR_NYSE, false, GNT_ALL_DAYS, (int64_t)time(NULL)};
    if (gnt_bars_load_csv(ALL_YEARS, "IBB", &checks, &bars, &why)) fail_msg("%s", why.text);
    assert_int_equal(bars.n, 6320);
    if (bars.n_warnings) fail_msg("%s: %s", bars.warnings[0].code, bars.warnings[0].text);
    gnt_bars_free(&bars);
}

/* Adjusted prices: the close becomes the adjusted close (to rounding), the shape of the bar stays. */
static void adjusting(void **state)
{
    (void)state;
    gnt_bars raw, adjusted;
    must_load(SIX_YEARS, &raw);
    must_load(SIX_YEARS, &adjusted);
    gnt_bars_adjust(&adjusted);
    if (!adjusted.adjusted || raw.adjusted)
        fail_msg("marked as adjusted: %d and %d, expected 1 and 0", adjusted.adjusted, raw.adjusted);
    for (size_t t = 0; t < raw.n; t++) {
        double f = raw.adj_close[t] / raw.close[t];
        bool same = adjusted.open[t] == raw.open[t] * f && adjusted.high[t] == raw.high[t] * f &&
                    adjusted.low[t] == raw.low[t] * f && adjusted.close[t] == raw.close[t] * f &&
                    adjusted.volume[t] == raw.volume[t];
        if (!same) fail_msg("row %zu: close %.17g, expected %.17g", t, adjusted.close[t], raw.close[t] * f);
        if (!(fabs(adjusted.close[t] / raw.adj_close[t] - 1) <=
              0x1p-51)) /* two roundings of half an ulp, either side */
            fail_msg("row %zu: close %.17g, adjusted close %.17g", t, adjusted.close[t], raw.adj_close[t]);
    }
    gnt_bars_free(&raw);
    gnt_bars_free(&adjusted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_years),
        cmocka_unit_test(windows),
        cmocka_unit_test(every_day_is_an_nyse_session),
        cmocka_unit_test(adjusting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
