/* Decimal numbers as files write them (layer 0), read without the locale and rounded once. */
#ifndef GNT_DECIMAL_H
#define GNT_DECIMAL_H

/* digits, or digits.digits, at most 19 digits in all, before `end`: the nearest double, ties to even, as strtod gives
 * it. Returns where the number ends (a letter or a second dot may follow: the caller looks), NULL when there is none of
 * this form. */
const char *gnt_decimal_plain(const char *at, const char *end, double *value);

#endif
