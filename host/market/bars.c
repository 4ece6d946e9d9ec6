#include "bars.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"

#define WINDOW_SLACK_DAYS 7 /* SPEC 10: a window may end this many calendar days after the last bar */

const char *gnt_provenance_name(gnt_provenance provenance)
{
    static const char *const names[] = {"real", "replay", "synthetic"};
    return names[provenance];
}

bool gnt_provenance_parse(const char *word, gnt_provenance *provenance)
{
    for (gnt_provenance p = GNT_REAL; p <= GNT_SYNTHETIC; p++)
        if (!strcmp(word, gnt_provenance_name(p))) {
            *provenance = p;
            return true;
        }
    return false;
}

gnt_status gnt_bars_alloc(gnt_bars *bars, size_t n, gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_ALLOC(bars->day, n);
    GNT_ALLOC(bars->open, n);
    GNT_ALLOC(bars->high, n);
    GNT_ALLOC(bars->low, n);
    GNT_ALLOC(bars->close, n);
    GNT_ALLOC(bars->adj_close, n);
    GNT_ALLOC(bars->volume, n);
    bars->n = n;
out:
    if (st) gnt_bars_free(bars);
    return st;
}

void gnt_bars_free(gnt_bars *bars)
{
    free(bars->day);
    free(bars->open);
    free(bars->high);
    free(bars->low);
    free(bars->close);
    free(bars->adj_close);
    free(bars->volume);
    free(bars->warnings);
    *bars = (gnt_bars){0};
}

gnt_bars_view gnt_bars_as_view(const gnt_bars *bars)
{
    return (gnt_bars_view){bars->n, bars->open, bars->high, bars->low, bars->close, bars->volume};
}

void gnt_bars_adjust(gnt_bars *bars)
{
    for (size_t t = 0; t < bars->n; t++) {
        double factor = bars->adj_close[t] / bars->close[t];
        bars->open[t] *= factor;
        bars->high[t] *= factor;
        bars->low[t] *= factor;
        bars->close[t] *= factor; /* as the others, so that low <= close <= high survives the rounding */
    }
    bars->adjusted = true;
}

/* First row with a day at or after `day`. */
static size_t lower_bound(const gnt_bars *bars, gnt_day day)
{
    size_t low = 0, high = bars->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bars->day[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool gnt_bars_find(const gnt_bars *bars, gnt_day day, size_t *row)
{
    *row = lower_bound(bars, day);
    return *row < bars->n && bars->day[*row] == day;
}

gnt_status gnt_bars_window(const gnt_bars *bars, gnt_range range, size_t *begin, size_t *end, gnt_error *why)
{
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM], first[GNT_DATE_ROOM], last[GNT_DATE_ROOM];
    gnt_date_format(range.from, from);
    gnt_date_format(range.to, to);
    if (bars->n == 0) return gnt_fail(why, GNT_EDATA, "%s: no bars", bars->symbol);
    gnt_date_format(bars->day[0], first);
    gnt_date_format(bars->day[bars->n - 1], last);
    *begin = lower_bound(bars, range.from);
    *end = range.to < range.from ? *begin : lower_bound(bars, range.to + 1);
    if (*begin >= *end)
        return gnt_fail(why, GNT_EDATA, "%s: window %s..%s holds no bar, expected dates inside %s..%s", bars->symbol,
                        from, to, first, last);
    if (*begin == 0)
        return gnt_fail(why, GNT_EDATA, "%s: window %s..%s has no bar before its first, expected a start after %s",
                        bars->symbol, from, to, first);
    if (range.to > bars->day[bars->n - 1] + WINDOW_SLACK_DAYS)
        return gnt_fail(why, GNT_EDATA,
                        "%s: window %s..%s ends more than %d days after the last bar, expected an end "
                        "by about %s",
                        bars->symbol, from, to, WINDOW_SLACK_DAYS, last);
    return GNT_OK;
}

gnt_status gnt_bars_labels(const gnt_bars *bars, uint8_t **up, gnt_labels *labels, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = bars->n ? bars->n - 1 : 0;
    GNT_ALLOC(*up, n);
    for (size_t t = 0; t < n; t++) (*up)[t] = bars->close[t + 1] > bars->close[t];
    *labels = (gnt_labels){*up, n};
out:
    return st;
}
