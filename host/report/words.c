#include "words.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NBSP "\u00a0"
#define MINUS "\u2212"

static gnt_word none(void)
{
    return (gnt_word){GNT_NONE_WORD};
}

/* A decimal with a typographic minus; a value that rounds to zero has no sign. */
static gnt_word number(double value, int digits, bool plus, const char *unit)
{
    char plain[64];
    gnt_word w;
    if (!isfinite(value) || fabs(value) > 1e15) return none();
    snprintf(plain, sizeof plain, "%.*f", digits, fabs(value));
    bool zero = strspn(plain, "0.") == strlen(plain);
    const char *sign = zero ? "" : value < 0 ? MINUS : plus ? "+" : "";
    snprintf(w.s, sizeof w.s, "%s%.40s%.16s", sign, plain, unit);
    return w;
}

gnt_word gnt_percent(double share)
{
    return number(100 * share, 1, false, NBSP "%");
}

gnt_word gnt_percent_signed(double share)
{
    return number(100 * share, 1, true, NBSP "%");
}

gnt_word gnt_percent_interval(double v, double lo, double hi)
{
    gnt_word w;
    if (!isfinite(v) || !isfinite(lo) || !isfinite(hi)) return none();
    snprintf(w.s, sizeof w.s, "%.20s%s (%.20s to %.20s)", number(100 * v, 1, false, "").s, NBSP "%",
             number(100 * lo, 1, false, "").s, number(100 * hi, 1, false, "").s);
    return w;
}

gnt_word gnt_decimal(double value, int digits)
{
    return number(value, digits, false, "");
}

gnt_word gnt_whole(double count)
{
    char plain[64];
    gnt_word w;
    if (!isfinite(count) || fabs(count) > 1e15) return none();
    int n = snprintf(plain, sizeof plain, "%.0f", fabs(count)), at = 0;
    if (count <= -0.5) at = snprintf(w.s, sizeof w.s, MINUS);
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0) w.s[at++] = ',';
        w.s[at++] = plain[i];
    }
    w.s[at] = 0;
    return w;
}

gnt_word gnt_probability(double p)
{
    if (isfinite(p) && p < 0.001) return (gnt_word){"<" NBSP "0.001"};
    return number(p, p < 0.1 ? 3 : 2, false, "");
}

gnt_word gnt_basis_points(double bp)
{
    return number(bp, 1, false, NBSP "bp");
}

gnt_word gnt_date_words(gnt_day day)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int y, m, d;
    gnt_word w;
    gnt_day_civil(day, &y, &m, &d);
    snprintf(w.s, sizeof w.s, "%d" NBSP "%s" NBSP "%d", d, months[m - 1], y);
    return w;
}

gnt_word gnt_date_words_of(const char *iso)
{
    gnt_day day;
    gnt_word w;
    if (iso && gnt_date_parse(iso, strlen(iso), &day)) return gnt_date_words(day);
    snprintf(w.s, sizeof w.s, "%.60s", iso ? iso : GNT_NONE_WORD);
    return w;
}

gnt_word gnt_range_words(const char *from, const char *to)
{
    gnt_word w;
    gnt_word a = gnt_date_words_of(from), b = gnt_date_words_of(to);
    snprintf(w.s, sizeof w.s, "%.32s to %.32s", a.s, b.s);
    return w;
}

gnt_word gnt_seconds_words(double seconds)
{
    gnt_word w;
    if (!(seconds >= 120)) return number(seconds, 1, false, NBSP "s");
    if (seconds > 1e9) return none();
    long whole = lround(seconds);
    snprintf(w.s, sizeof w.s, "%ld" NBSP "min %ld" NBSP "s", whole / 60, whole % 60);
    return w;
}
