#include "date.h"

#include <stdio.h>
#include <string.h>

/* Days from civil and back: Howard Hinnant, "chrono-compatible low-level date algorithms". */
gnt_day gnt_day_of(int year, int month, int day)
{
    year -= month <= 2;
    int era = (year >= 0 ? year : year - 399) / 400;
    unsigned yoe = (unsigned)(year - era * 400);
    unsigned doy = (unsigned)((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1);
    unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int)doe - 719468;
}

void gnt_day_civil(gnt_day day, int *year, int *month, int *day_of_month)
{
    int z = day + 719468;
    int era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *day_of_month = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)yoe + era * 400 + (*month <= 2);
}

int gnt_day_weekday(gnt_day day)
{
    int w = (day + 4) % 7; /* 1970-01-01 was a Thursday */
    return w < 0 ? w + 7 : w;
}

static bool digits(const char *text, size_t n, int *value)
{
    *value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

bool gnt_date_parse(const char *text, size_t n, gnt_day *day)
{
    int y, m, d;
    if (n != 10 || text[4] != '-' || text[7] != '-') return false;
    if (!digits(text, 4, &y) || !digits(text + 5, 2, &m) || !digits(text + 8, 2, &d)) return false;
    if (y < 1800 || y > 2200 || m < 1 || m > 12 || d < 1 || d > 31) return false;
    *day = gnt_day_of(y, m, d);
    int y2, m2, d2;
    gnt_day_civil(*day, &y2, &m2, &d2); /* 30 February comes back as another day */
    return y2 == y && m2 == m && d2 == d;
}

char *gnt_date_format(gnt_day day, char out[GNT_DATE_ROOM])
{
    int y, m, d;
    gnt_day_civil(day, &y, &m, &d);
    snprintf(out, GNT_DATE_ROOM, "%04u-%02u-%02u", (unsigned)y % 10000u, (unsigned)m % 100u, (unsigned)d % 100u);
    return out;
}

bool gnt_range_parse(const char *text, gnt_range *range)
{
    return strlen(text) == 22 && text[10] == '.' && text[11] == '.' && gnt_date_parse(text, 10, &range->from) &&
           gnt_date_parse(text + 12, 10, &range->to) && range->from <= range->to;
}
