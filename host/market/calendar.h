/* Exchange sessions (layer 3): which days a market trades.
 *
 * NYSE by rules for 1990 to 2035 (holidays as NYSE Rule 7.2 / 51 observes them) plus a table of special closures.
 * `weekdays` trades Monday to Friday, `none` makes no claim: every day may be a session and none is missing. */
#ifndef GNT_CALENDAR_H
#define GNT_CALENDAR_H

#include "host/base/date.h"
#include "host/base/error.h"

typedef enum gnt_calendar { GNT_CALENDAR_NYSE = 0, GNT_CALENDAR_WEEKDAYS, GNT_CALENDAR_NONE } gnt_calendar;

#define GNT_NYSE_FIRST_YEAR 1990
#define GNT_NYSE_LAST_YEAR 2035

bool gnt_calendar_parse(const char *name, gnt_calendar *calendar); /* nyse, weekdays, none */
const char *gnt_calendar_name(gnt_calendar calendar);

/* nyse: false outside 1990..2035 as well (see gnt_nyse_knows). */
bool gnt_calendar_is_session(gnt_calendar calendar, gnt_day day);
/* Every session of [from, to], rising; *day is allocated here (free()). */
GNT_MUST_CHECK gnt_status gnt_calendar_sessions(gnt_calendar calendar, gnt_day from, gnt_day to, gnt_day **day,
                                                size_t *n, gnt_error *why);
bool gnt_nyse_knows(gnt_day day);
/* Why a weekday is closed: "Good Friday", "Hurricane Sandy"; NULL for a session or a weekend. */
const char *gnt_nyse_holiday(gnt_day day);

/* The closures of one year, kept by who asks about day after day: a zeroed one fills itself for the day's year. */
typedef struct gnt_nyse_year {
    gnt_day first, last; /* of the year; valid when n > 0 */
    size_t n;
    struct {
        gnt_day day;
        const char *why;
    } closed[16];
} gnt_nyse_year;
const char *gnt_nyse_year_holiday(gnt_nyse_year *year, gnt_day day); /* as gnt_nyse_holiday */

/* UTC second at which the regular session of a day closes in New York: 16:00 local, DST by the rule since 2007. Early
 * closes count as 16:00, so a bar is at most taken for open three hours too long. */
int64_t gnt_nyse_close_unix(gnt_day day);

#endif
