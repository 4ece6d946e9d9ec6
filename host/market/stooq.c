#include "stooq.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "csv_bars.h"

static long compact_date(gnt_day day)
{
    int year, month, date;
    gnt_day_civil(day, &year, &month, &date);
    return year * 10000L + month * 100 + date;
}

gnt_status gnt_stooq_url(char *out, size_t room, const char *base, const char *symbol, gnt_range range, gnt_error *why)
{
    char name[GNT_SYMBOL_ROOM * 3] = "";
    size_t n = 0;
    for (const char *c = symbol; *c && n + 4 < sizeof name; c++) {
        if (isalnum((unsigned char)*c) || strchr("-._", *c))
            name[n++] = (char)tolower((unsigned char)*c);
        else
            n += (size_t)snprintf(name + n, sizeof name - n, "%%%02X", (unsigned char)*c);
    }
    name[n] = 0;
    const char *market = strpbrk(symbol, ".^") ? "" : ".us";
    int length = snprintf(out, room, "%s/q/d/l/?s=%s%s&d1=%ld&d2=%ld&i=d", base, name, market, compact_date(range.from),
                          compact_date(range.to));
    if (length < 0 || (size_t)length >= room) return gnt_fail(why, GNT_EINVAL, "%.80s...: base URL too long", base);
    return GNT_OK;
}

bool gnt_stooq_is_cut(const gnt_text *body, bool framed)
{
    return body->n == 0 || (!framed && body->data[body->n - 1] != '\n' && memchr(body->data, ',', body->n));
}

static bool starts_with(const gnt_text *body, const char *words)
{
    size_t n = strlen(words);
    return body->n >= n && !strncasecmp(body->data, words, n);
}

gnt_status gnt_stooq_parse(const char *name, const gnt_text *body, gnt_raw_bars *raw, gnt_error *why)
{
    *raw = (gnt_raw_bars){0};
    if (starts_with(body, "No data"))
        return gnt_fail(why, GNT_ENET, "%s: Stooq says: No data; check symbol and dates", name);
    if (starts_with(body, "Exceeded the daily hits limit"))
        return gnt_fail(why, GNT_ENET, "%s: Stooq says: Exceeded the daily hits limit; try again tomorrow", name);
    return gnt_csv_bars_parse(name, body, raw, why);
}
