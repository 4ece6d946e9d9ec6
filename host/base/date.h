/* Calendar dates (layer 0). A day is the number of days since 1970-01-01, proleptic Gregorian. */
#ifndef GNT_DATE_H
#define GNT_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t gnt_day;

#define GNT_DATE_ROOM 11 /* "2018-03-14" and its NUL */

/* Exactly "YYYY-MM-DD", years 1800 to 2200, a day that exists; n bytes of text, no NUL needed. */
bool gnt_date_parse(const char *text, size_t n, gnt_day *day);
/* Writes "YYYY-MM-DD"; returns out. */
char *gnt_date_format(gnt_day day, char out[GNT_DATE_ROOM]);

gnt_day gnt_day_of(int year, int month, int day);
void gnt_day_civil(gnt_day day, int *year, int *month, int *day_of_month);
int gnt_day_weekday(gnt_day day); /* 0 Sunday .. 6 Saturday */

/* First and last day of an inclusive range. */
typedef struct gnt_range {
    gnt_day from, to;
} gnt_range;
/* "A..B" (SPEC 7: --train A..B), A <= B. */
bool gnt_range_parse(const char *text, gnt_range *range);

#endif
