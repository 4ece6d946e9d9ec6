#include "yahoo.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_A_DAY 86400

static const char *const columns[] = {"open", "high", "low", "close", "adjclose", "volume"};

/* Percent-encodes what RFC 3986 does not leave unreserved ("^GSPC" -> "%5EGSPC"). */
static bool encode(const char *text, char *out, size_t room)
{
    static const char hex[] = "0123456789ABCDEF", plain[] = "-._~";
    size_t n = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool unreserved =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr(plain, c);
        if (n + 4 > room) return false;
        if (unreserved) {
            out[n++] = (char)c;
        } else {
            out[n++] = '%';
            out[n++] = hex[c >> 4];
            out[n++] = hex[c & 15];
        }
    }
    out[n] = 0;
    return true;
}

gnt_status gnt_yahoo_url(char *out, size_t room, const char *base, const char *symbol, gnt_range range, gnt_error *why)
{
    char name[128];
    if (!encode(symbol, name, sizeof name)) return gnt_fail(why, GNT_EINVAL, "symbol '%s' is too long", symbol);
    int n = snprintf(out, room,
                     "%s/v8/finance/chart/%s?period1=%lld&period2=%lld&interval=1d&events=div%%2Csplits"
                     "&includeAdjustedClose=true",
                     base, name, (long long)range.from * SECONDS_A_DAY, ((long long)range.to + 1) * SECONDS_A_DAY);
    if (n < 0 || (size_t)n >= room) return gnt_fail(why, GNT_EINVAL, "%.80s...: base URL too long", base);
    return GNT_OK;
}

bool gnt_yahoo_is_cut(const gnt_text *body, bool framed)
{
    (void)framed;
    json_error_t bad;
    json_t *value = json_loadb(body->data ? body->data : "", body->n, 0, &bad);
    bool cut = !value && json_error_code(&bad) == json_error_premature_end_of_input;
    json_decref(value);
    return cut;
}

/* ---- the answer's parts --------------------------------------------------------------------------- */

typedef struct answer {
    json_t *meta, *timestamp, *column[GNT_N_FIELDS]; /* borrowed; a column is NULL when not there */
} answer;

static gnt_status own_error(const char *name, json_t *chart, gnt_error *why)
{
    json_t *error = json_object_get(chart, "error");
    if (!json_is_object(error)) return GNT_OK;
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *text = json_string_value(json_object_get(error, "description"));
    return gnt_fail(why, GNT_ENET, "%s: Yahoo says: %s%s%s", name, code ? code : "error", text ? ": " : "",
                    text ? text : "");
}

static gnt_status shape(const char *name, const char *where, const char *expected, gnt_error *why)
{
    return gnt_fail(why, GNT_EPARSE, "%s: %s, expected %s", name, where, expected);
}

static gnt_status find_parts(const char *name, json_t *root, answer *a, gnt_error *why)
{
    json_t *chart = json_object_get(root, "chart");
    if (!json_is_object(chart)) return shape(name, "no object 'chart'", "Yahoo's v8 chart JSON", why);
    GNT_TRY(own_error(name, chart, why));
    json_t *result = json_array_get(json_object_get(chart, "result"), 0);
    if (!json_is_object(result)) return shape(name, "no object chart.result[0]", "one result", why);
    a->meta = json_object_get(result, "meta");
    a->timestamp = json_object_get(result, "timestamp");
    if (!json_is_object(a->meta)) return shape(name, "no object chart.result[0].meta", "one with gmtoffset", why);
    json_t *indicators = json_object_get(result, "indicators");
    json_t *quote = json_array_get(json_object_get(indicators, "quote"), 0);
    json_t *adjusted = json_array_get(json_object_get(indicators, "adjclose"), 0);
    for (int f = 0; f < GNT_N_FIELDS; f++)
        a->column[f] = json_object_get(f == GNT_ADJ_CLOSE ? adjusted : quote, columns[f]);
    return GNT_OK;
}

static gnt_status check_lengths(const char *name, const answer *a, gnt_error *why)
{
    char where[64];
    size_t n = json_array_size(a->timestamp);
    if (!json_is_array(a->timestamp) || n == 0)
        return gnt_fail(why, GNT_EDATA, "%s: no timestamps, expected at least one session in the dates asked for",
                        name);
    for (int f = 0; f < GNT_N_FIELDS; f++) {
        if (f == GNT_ADJ_CLOSE && !a->column[f]) continue;
        snprintf(where, sizeof where, "%zu values of '%s'", json_array_size(a->column[f]), columns[f]);
        if (!json_is_array(a->column[f]) || json_array_size(a->column[f]) != n)
            return shape(name, where, "an array as long as 'timestamp'", why);
    }
    return GNT_OK;
}

/* ---- dates and rows --------------------------------------------------------------------------------- */

static int64_t floor_days(int64_t seconds)
{
    return seconds / SECONDS_A_DAY - (seconds % SECONDS_A_DAY < 0);
}

/* The session date of a timestamp. gmtoffset is today's: half a year away it may be an hour off, which would date
 * sessions that begin at local midnight a day early; with an hour added no session that begins before 22:00 moves. */
static gnt_day session_day(int64_t timestamp, int64_t gmtoffset)
{
    return (gnt_day)floor_days(timestamp + gmtoffset + 3600);
}

static bool is_time(const json_t *value)
{
    /* within the years that dates here may have, so that sums and days fit */
    return json_is_integer(value) && json_integer_value(value) > -5400000000 && json_integer_value(value) < 7300000000;
}

/* currentTradingPeriod.regular is the running session, or the next one before it opens. */
static void find_open_day(const answer *a, int64_t gmtoffset, int64_t now_unix, gnt_raw_bars *raw)
{
    json_t *regular = json_object_get(json_object_get(a->meta, "currentTradingPeriod"), "regular");
    json_t *start = json_object_get(regular, "start"), *end = json_object_get(regular, "end");
    if (!is_time(start) || !is_time(end)) return;
    raw->knows_open_day = true;
    gnt_day day = session_day(json_integer_value(start), gmtoffset);
    raw->open_day = now_unix < json_integer_value(end) ? day : day + 1;
}

static gnt_status parse_row(const char *name, const answer *a, size_t i, int64_t gmtoffset, gnt_raw_bar *row,
                            gnt_error *why)
{
    char where[96];
    json_t *timestamp = json_array_get(a->timestamp, i);
    *row = (gnt_raw_bar){.line = i + 1};
    snprintf(where, sizeof where, "timestamp[%zu]", i);
    if (!is_time(timestamp)) return shape(name, where, "seconds since 1970", why);
    row->day = session_day(json_integer_value(timestamp), gmtoffset);
    for (int f = 0; f < GNT_N_FIELDS; f++) {
        json_t *value = json_array_get(a->column[f], i);
        if (!a->column[f]) continue;
        snprintf(where, sizeof where, "%s[%zu]", columns[f], i);
        if (json_is_null(value))
            row->null |= (uint8_t)(1u << f);
        else if (json_is_number(value))
            row->value[f] = json_number_value(value);
        else
            return shape(name, where, "a number or null", why);
    }
    return GNT_OK;
}

gnt_status gnt_yahoo_parse(const char *name, const gnt_text *body, int64_t now_unix, gnt_raw_bars *raw, gnt_error *why)
{
    gnt_status st = GNT_OK;
    json_error_t bad;
    answer a = {0};
    *raw = (gnt_raw_bars){.name = name};
    json_t *root = json_loadb(body->data ? body->data : "", body->n, 0, &bad);
    if (!root)
        return gnt_fail(why, GNT_EPARSE, "%s:%d: not valid JSON: %s", name, bad.line > 0 ? bad.line : 1, bad.text);
    GNT_GOTO(find_parts(name, root, &a, why));
    GNT_GOTO(check_lengths(name, &a, why));
    json_t *offset = json_object_get(a.meta, "gmtoffset");
    if (!json_is_integer(offset) || json_integer_value(offset) < -SECONDS_A_DAY ||
        json_integer_value(offset) > SECONDS_A_DAY) {
        st = shape(name, "no meta.gmtoffset", "seconds within a day", why);
        goto out;
    }
    raw->no_adj_close = !a.column[GNT_ADJ_CLOSE];
    find_open_day(&a, json_integer_value(offset), now_unix, raw);
    for (size_t i = 0; i < json_array_size(a.timestamp); i++) {
        gnt_raw_bar row;
        GNT_GOTO(parse_row(name, &a, i, json_integer_value(offset), &row, why));
        GNT_GOTO(gnt_raw_bars_add(raw, &row, why));
    }
out:
    json_decref(root);
    if (st) gnt_raw_bars_free(raw);
    return st;
}
