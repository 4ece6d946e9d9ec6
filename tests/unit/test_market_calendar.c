/* NYSE sessions by rule: counts a year, named closures, the days people get wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/market/calendar.h"

static gnt_day day_of(const char *text)
{
    gnt_day day;
    if (!gnt_date_parse(text, strlen(text), &day)) fail_msg("'%s' is no date", text);
    return day;
}

/* Published numbers of NYSE trading days. 2001 and 2012 carry the closures of September 11 and Sandy. */
static const struct {
    int year, sessions;
} years[] = {{1990, 253}, {1993, 253}, {1994, 252}, {1996, 254}, {2000, 252}, {2001, 248}, {2003, 252},
             {2004, 252}, {2007, 251}, {2008, 253}, {2012, 250}, {2016, 252}, {2017, 251}, {2018, 251},
             {2019, 252}, {2020, 253}, {2021, 252}, {2022, 251}, {2023, 250}, {2024, 252}, {2025, 250}};

static void sessions_a_year(void **state)
{
    (void)state;
    gnt_error why;
    for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
        gnt_day *day;
        size_t n;
        assert_int_equal(gnt_calendar_sessions(GNT_CALENDAR_NYSE, gnt_day_of(years[i].year, 1, 1),
                                               gnt_day_of(years[i].year, 12, 31), &day, &n, &why),
                         GNT_OK);
        if (n != (size_t)years[i].sessions)
            fail_msg("%d: %zu sessions, published %d", years[i].year, n, years[i].sessions);
        free(day);
    }
}

static void the_demo_years_have_1509_sessions(void **state)
{
    (void)state;
    gnt_day *day;
    size_t n;
    gnt_error why;
    assert_int_equal(
        gnt_calendar_sessions(GNT_CALENDAR_NYSE, day_of("2018-01-01"), day_of("2023-12-31"), &day, &n, &why), GNT_OK);
    if (n != 1509) fail_msg("%zu sessions from 2018 to 2023, expected 1509", n);
    free(day);
}

/* Holiday by name, or NULL for a session that a careless rule would close. */
static const struct {
    const char *day, *holiday;
} days[] = {
    {"1994-04-27", "Nixon"},
    {"1997-01-20", NULL}, /* Martin Luther King Jr. Day is kept from 1998 */
    {"1998-01-19", "Martin Luther King"},
    {"1999-12-31", NULL}, /* 1 January 2000 was a Saturday: not moved */
    {"2001-09-10", NULL},
    {"2001-09-11", "September 11"},
    {"2001-09-14", "September 11"},
    {"2001-09-17", NULL},
    {"2004-06-11", "Reagan"},
    {"2004-12-24", "Christmas"}, /* Saturday: the Friday before */
    {"2004-12-31", NULL},
    {"2007-01-02", "Ford"},
    {"2010-12-31", NULL},
    {"2012-10-29", "Sandy"},
    {"2012-10-30", "Sandy"},
    {"2012-10-31", NULL},
    {"2015-07-03", "Independence"},
    {"2017-01-02", "New Year"}, /* Sunday: the Monday after */
    {"2018-12-05", "Bush"},
    {"2021-06-18", NULL}, /* Juneteenth from 2022 */
    {"2021-12-31", NULL},
    {"2022-06-20", "Juneteenth"}, /* Sunday: the Monday after */
    {"2023-01-02", "New Year"},
    {"2024-03-29", "Good Friday"},
    {"2024-05-27", "Memorial"},
    {"2024-06-19", "Juneteenth"},
    {"2024-09-02", "Labor"},
    {"2024-11-28", "Thanksgiving"},
    {"2024-11-29", NULL}, /* a shortened day is a session */
    {"2025-01-09", "Carter"},
    {"2025-04-18", "Good Friday"},
    {"2026-02-16", "Washington"},
    {"2027-12-24", "Christmas"},
    {"2027-12-31", NULL},
    {"2035-12-25", "Christmas"},
};

static void named_days(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        const char *got = gnt_nyse_holiday(day_of(days[i].day));
        bool same = days[i].holiday ? got && strstr(got, days[i].holiday) : !got;
        if (!same)
            fail_msg("%s: %s, expected %s", days[i].day, got ? got : "session",
                     days[i].holiday ? days[i].holiday : "session");
        assert_int_equal(gnt_calendar_is_session(GNT_CALENDAR_NYSE, day_of(days[i].day)), !days[i].holiday);
        assert_true(gnt_calendar_is_session(GNT_CALENDAR_WEEKDAYS, day_of(days[i].day)));
    }
}

/* A year kept between questions answers as a fresh one, whatever was asked before. */
static void a_kept_year_is_the_calendar(void **state)
{
    (void)state;
    gnt_nyse_year kept = {.n = 0};
    gnt_day first = day_of("1988-12-20"), last = day_of("2037-01-10");
    for (gnt_day d = first; d <= last; d++) {
        gnt_day asked = d % 97 == 0 ? first + (last - d) : d; /* now and then a day far off */
        const char *got = gnt_nyse_year_holiday(&kept, asked), *want = gnt_nyse_holiday(asked);
        if (got != want) fail_msg("day %d: %s, alone %s", asked, got ? got : "none", want ? want : "none");
        assert_true(!want || (gnt_day_weekday(asked) != 0 && gnt_day_weekday(asked) != 6));
    }
}

static void limits_and_other_calendars(void **state)
{
    (void)state;
    assert_false(gnt_calendar_is_session(GNT_CALENDAR_NYSE, day_of("1989-12-29")));
    assert_false(gnt_calendar_is_session(GNT_CALENDAR_NYSE, day_of("2036-01-02")));
    assert_false(gnt_calendar_is_session(GNT_CALENDAR_NYSE, day_of("2024-06-01")));
    assert_false(gnt_calendar_is_session(GNT_CALENDAR_WEEKDAYS, day_of("2024-06-02")));
    assert_true(gnt_calendar_is_session(GNT_CALENDAR_NONE, day_of("2024-06-02")));
    gnt_calendar calendar;
    assert_true(gnt_calendar_parse("weekdays", &calendar) && calendar == GNT_CALENDAR_WEEKDAYS);
    assert_false(gnt_calendar_parse("lse", &calendar));
}

/* 16:00 in New York is 21:00 UTC in winter and 20:00 UTC in summer; 2024 changed on 10 March and 3 November. */
static void closing_time(void **state)
{
    (void)state;
    static const struct {
        const char *day;
        int hour;
    } rows[] = {{"2024-03-08", 21}, {"2024-03-11", 20}, {"2024-11-01", 20}, {"2024-11-04", 21}};
    for (size_t i = 0; i < 4; i++) {
        gnt_day day = day_of(rows[i].day);
        int64_t hour = (gnt_nyse_close_unix(day) - (int64_t)day * 86400) / 3600;
        if (hour != rows[i].hour) fail_msg("%s closes at %d UTC, expected %d", rows[i].day, (int)hour, rows[i].hour);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_a_year),
        cmocka_unit_test(the_demo_years_have_1509_sessions),
        cmocka_unit_test(named_days),
        cmocka_unit_test(a_kept_year_is_the_calendar),
        cmocka_unit_test(limits_and_other_calendars),
        cmocka_unit_test(closing_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
