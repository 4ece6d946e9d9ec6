/* Dates: every day of four centuries there and back, weekdays known from history, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/base/date.h"

static void every_day_round_trips(void **state)
{
    (void)state;
    gnt_day first = gnt_day_of(1800, 1, 1), last = gnt_day_of(2200, 12, 31);
    assert_int_equal(last - first + 1, 401 * 365 + 97); /* 97 leap days: 1800, 1900, 2100, 2200 are none */
    for (gnt_day day = first; day <= last; day++) {
        char text[GNT_DATE_ROOM];
        gnt_day back;
        if (!gnt_date_parse(gnt_date_format(day, text), 10, &back) || back != day)
            fail_msg("day %d prints as %s and comes back as %d", day, text, back);
    }
}

static void known_days(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        gnt_day day;
        int weekday;
    } known[] = {
        {"1970-01-01", 0, 4},  {"2000-02-29", 11016, 2}, {"2018-03-14", 17604, 3},
        {"1969-12-31", -1, 3}, {"2020-02-20", 18312, 4}, {"1800-01-01", -62091, 3},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        gnt_day day;
        assert_true(gnt_date_parse(known[i].text, 10, &day));
        assert_int_equal(day, known[i].day);
        assert_int_equal(gnt_day_weekday(day), known[i].weekday);
    }
}

static void bad_dates_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"2019-02-29", "2020-13-01", "2020-00-10", "2020-01-32", "2020-1-01",  "20200101",
                                      "2020/01/01", "1799-12-31", "2201-01-01", " 020-01-01", "2020-01-0x", ""};
    gnt_day day;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (gnt_date_parse(bad[i], strlen(bad[i]), &day)) fail_msg("'%s' was taken for a date", bad[i]);
}

static void ranges(void **state)
{
    (void)state;
    gnt_range range;
    assert_true(gnt_range_parse("2018-01-02..2019-06-28", &range));
    assert_int_equal(range.to - range.from, 542);
    assert_true(gnt_range_parse("2018-01-02..2018-01-02", &range));
    assert_false(gnt_range_parse("2019-06-28..2018-01-02", &range));
    assert_false(gnt_range_parse("2018-01-02...2019-06-28", &range));
    assert_false(gnt_range_parse("2018-01-02", &range));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_round_trips),
        cmocka_unit_test(known_days),
        cmocka_unit_test(bad_dates_are_refused),
        cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
