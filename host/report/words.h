/* Figures as words (layer 6, private to report): one way to print a percentage, a date, a probability.
 *
 * Values come back by value, so that they can stand in a printf call: "%s", gnt_percent(x).s. Undefined figures
 * (NaN) are an em dash; minus is U+2212; a no-break space stands before a unit. Thread-safe. */
#ifndef GNT_REPORT_WORDS_H
#define GNT_REPORT_WORDS_H

#include <stdint.h>

#include "host/base/date.h"

typedef struct gnt_word {
    char s[72];
} gnt_word;

gnt_word gnt_percent(double share);                            /* .54 -> "54.0 %" */
gnt_word gnt_percent_signed(double share);                     /* .032 -> "+3.2 %" */
gnt_word gnt_percent_interval(double v, double lo, double hi); /* "54.0 % (40.4 to 67.0)" */
gnt_word gnt_decimal(double value, int digits);                /* "−0.41" */
gnt_word gnt_whole(double count);                              /* 23350 -> "23,350" */
gnt_word gnt_probability(double p);                            /* p-values: "0.034", "< 0.001" */
gnt_word gnt_basis_points(double bp);                          /* "2.5 bp" */
gnt_word gnt_date_words(gnt_day day);                          /* "20 Feb 2020" */
gnt_word gnt_date_words_of(const char *iso);                   /* "2020-02-20" -> the same; other text as it is */
gnt_word gnt_range_words(const char *from, const char *to);    /* "20 Feb 2020 to 30 Apr 2020" */
gnt_word gnt_seconds_words(double seconds);                    /* "3.8 s", "2 min 5 s" */

#define GNT_NONE_WORD "\u2014" /* undefined */

#endif
