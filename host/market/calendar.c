#include "calendar.h"

#include <string.h>

#include "host/base/mem.h"

static const char *const names[] = {"nyse", "weekdays", "none"};

bool gnt_calendar_parse(const char *name, gnt_calendar *calendar)
{
    for (int i = 0; i < 3; i++)
        if (!strcmp(name, names[i])) {
            *calendar = (gnt_calendar)i;
            return true;
        }
    return false;
}

const char *gnt_calendar_name(gnt_calendar calendar)
{
    return names[calendar];
}

/* ---- NYSE rules ------------------------------------------------------------------------------------ */

enum { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY };

/* Closures outside the rules, from the exchange's notice of each. Shortened days are sessions. */
static const struct {
    int year, month, day;
    const char *why;
} special[] = {
    {1994, 4, 27, "funeral of President Nixon"},
    {2001, 9, 11, "attacks of September 11"},
    {2001, 9, 12, "attacks of September 11"},
    {2001, 9, 13, "attacks of September 11"},
    {2001, 9, 14, "attacks of September 11"},
    {2004, 6, 11, "funeral of President Reagan"},
    {2007, 1, 2, "mourning of President Ford"},
    {2012, 10, 29, "Hurricane Sandy"},
    {2012, 10, 30, "Hurricane Sandy"},
    {2018, 12, 5, "mourning of President G. H. W. Bush"},
    {2025, 1, 9, "mourning of President Carter"},
};

/* Easter Sunday, Gregorian: the anonymous algorithm (Meeus, Astronomical Algorithms, chapter 8). */
static gnt_day easter(int year)
{
    int a = year % 19, b = year / 100, c = year % 100;
    int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    int h = (19 * a + b - d - g + 15) % 30;
    int i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
    int m = (a + 11 * h + 22 * l) / 451;
    int n = h + l - 7 * m + 114;
    return gnt_day_of(year, n / 31, n % 31 + 1);
}

/* The nth (1..5) weekday of a month; -1: the last. */
static gnt_day nth_weekday(int year, int month, int weekday, int nth)
{
    if (nth < 0) {
        gnt_day last = gnt_day_of(year + month / 12, month % 12 + 1, 1) - 1;
        return last - (gnt_day_weekday(last) - weekday + 7) % 7;
    }
    gnt_day first = gnt_day_of(year, month, 1);
    return first + (weekday - gnt_day_weekday(first) + 7) % 7 + 7 * (nth - 1);
}

/* Holidays with a date move to Monday from Sunday and to Friday from Saturday. */
static gnt_day observed(gnt_day day)
{
    int weekday = gnt_day_weekday(day);
    return weekday == SUNDAY ? day + 1 : weekday == SATURDAY ? day - 1 : day;
}

static const struct {
    int month, weekday, nth, from_year;
    const char *name;
} floating[] = {
    {1, MONDAY, 3, 1998, "Martin Luther King Jr. Day"},
    {2, MONDAY, 3, 0, "Washington's Birthday"},
    {5, MONDAY, -1, 0, "Memorial Day"},
    {9, MONDAY, 1, 0, "Labor Day"},
    {11, THURSDAY, 4, 0, "Thanksgiving Day"},
};

static const struct {
    int month, day, from_year;
    const char *name;
} dated[] = {{6, 19, 2022, "Juneteenth"}, {7, 4, 0, "Independence Day"}, {12, 25, 0, "Christmas Day"}};

bool gnt_nyse_knows(gnt_day day)
{
    return day >= gnt_day_of(GNT_NYSE_FIRST_YEAR, 1, 1) && day <= gnt_day_of(GNT_NYSE_LAST_YEAR, 12, 31);
}

static void close_on(gnt_nyse_year *y, gnt_day day, const char *why)
{
    y->closed[y->n].day = day;
    y->closed[y->n++].why = why;
}

/* Every closure of a year on a weekday; one that falls on a weekend does no harm. */
static void fill_year(gnt_nyse_year *y, int year)
{
    *y = (gnt_nyse_year){.first = gnt_day_of(year, 1, 1), .last = gnt_day_of(year, 12, 31)};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (special[i].year == year) close_on(y, gnt_day_of(year, special[i].month, special[i].day), special[i].why);
    for (size_t i = 0; i < sizeof floating / sizeof *floating; i++)
        if (year >= floating[i].from_year)
            close_on(y, nth_weekday(year, floating[i].month, floating[i].weekday, floating[i].nth), floating[i].name);
    for (size_t i = 0; i < sizeof dated / sizeof *dated; i++)
        if (year >= dated[i].from_year)
            close_on(y, observed(gnt_day_of(year, dated[i].month, dated[i].day)), dated[i].name);
    /* New Year's Day on a Saturday is not moved: the Friday before closes the old year's books and trades. */
    close_on(y, y->first + (gnt_day_weekday(y->first) == SUNDAY), "New Year's Day");
    close_on(y, easter(year) - 2, "Good Friday");
}

const char *gnt_nyse_year_holiday(gnt_nyse_year *y, gnt_day day)
{
    int weekday = gnt_day_weekday(day);
    if (weekday == SUNDAY || weekday == SATURDAY) return NULL;
    if (y->n == 0 || day < y->first || day > y->last) {
        int year, month, date;
        gnt_day_civil(day, &year, &month, &date);
        fill_year(y, year);
    }
    for (size_t i = 0; i < y->n; i++)
        if (y->closed[i].day == day) return y->closed[i].why;
    return NULL;
}

const char *gnt_nyse_holiday(gnt_day day)
{
    gnt_nyse_year year = {.n = 0};
    return gnt_nyse_year_holiday(&year, day);
}

bool gnt_calendar_is_session(gnt_calendar calendar, gnt_day day)
{
    int weekday = gnt_day_weekday(day);
    if (calendar == GNT_CALENDAR_NONE) return true;
    if (weekday == SUNDAY || weekday == SATURDAY) return false;
    return calendar == GNT_CALENDAR_WEEKDAYS || (gnt_nyse_knows(day) && !gnt_nyse_holiday(day));
}

gnt_status gnt_calendar_sessions(gnt_calendar calendar, gnt_day from, gnt_day to, gnt_day **day, size_t *n,
                                 gnt_error *why)
{
    gnt_status st = GNT_OK;
    *n = 0;
    GNT_ALLOC(*day, to >= from ? (size_t)((int64_t)to - from) + 1 : 0);
    for (gnt_day d = from; d <= to; d++)
        if (gnt_calendar_is_session(calendar, d)) (*day)[(*n)++] = d;
out:
    return st;
}

int64_t gnt_nyse_close_unix(gnt_day day)
{
    int year, month, date;
    gnt_day_civil(day, &year, &month, &date);
    bool summer = day >= nth_weekday(year, 3, SUNDAY, 2) && day < nth_weekday(year, 11, SUNDAY, 1);
    return (int64_t)day * 86400 + (16 + (summer ? 4 : 5)) * 3600;
}
