#include "validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"

/* SPEC 10: prices inside (0, 1e9), volume in [0, 2^53]; a close-to-close move beyond these looks like a split. */
#define MAX_PRICE 1e9
#define MAX_VOLUME 9007199254740992.0
#define SPLIT_DOWN (1 - 0.40)
#define SPLIT_UP (1 + 0.66)
#define MISSING_NAMED 10
#define ALL_NULL ((1u << GNT_N_FIELDS) - 1)

static const char *const field_name[] = {"Open", "High", "Low", "Close", "Adj Close", "Volume"};

static bool value_possible(int field, double value)
{
    return field == GNT_VOLUME ? value >= 0 && value <= MAX_VOLUME : value > 0 && value < MAX_PRICE;
}

static bool inside_range(const double *v, int field)
{
    return v[field] >= v[GNT_LOW] && v[field] <= v[GNT_HIGH];
}

bool gnt_bar_possible(const double value[GNT_N_FIELDS])
{
    for (int f = 0; f < GNT_N_FIELDS; f++)
        if (!value_possible(f, value[f])) return false;
    return value[GNT_HIGH] >= value[GNT_LOW] && inside_range(value, GNT_OPEN) && inside_range(value, GNT_CLOSE);
}

gnt_status gnt_raw_bars_add(gnt_raw_bars *raw, const gnt_raw_bar *row, gnt_error *why)
{
    void *block = raw->row;
    gnt_status st = gnt_grow(&block, &raw->capacity, raw->n + 1, sizeof *raw->row);
    if (st) return gnt_fail(why, st, "%s:%zu: out of memory for %zu rows", raw->name, row->line, raw->n + 1);
    raw->row = block;
    raw->row[raw->n++] = *row;
    return GNT_OK;
}

void gnt_raw_bars_free(gnt_raw_bars *raw)
{
    free(raw->row);
    *raw = (gnt_raw_bars){0};
}

/* ---- one pass over the rows ------------------------------------------------------------------------ */

/* What the pass carries from row to row. */
typedef struct pass {
    const gnt_raw_bars *raw;
    const gnt_checks *checks;
    gnt_bars *bars;
    size_t warning_room;
    gnt_day today;   /* UTC: the latest day that can have begun for this data */
    gnt_day last;    /* day of the row before; valid when started */
    double close;    /* of the bar before; 0: none */
    gnt_day covered; /* session up to which missing ones were counted; valid when n_missing_from */
    bool started, covering;
    gnt_nyse_year year; /* of the row before */
    size_t n_missing;
    char missing[MISSING_NAMED * (GNT_DATE_ROOM + 1)];
    gnt_error *why;
} pass;

static gnt_status warn(pass *p, size_t line, const char *code, const char *text)
{
    void *block = p->bars->warnings;
    gnt_status st = gnt_grow(&block, &p->warning_room, p->bars->n_warnings + 1, sizeof *p->bars->warnings);
    if (st) return gnt_fail(p->why, st, "%s:%zu: out of memory for warnings", p->raw->name, line);
    p->bars->warnings = block;
    gnt_warning *w = &p->bars->warnings[p->bars->n_warnings++];
    *w = (gnt_warning){.line = line};
    snprintf(w->code, sizeof w->code, "%s", code);
    snprintf(w->text, sizeof w->text, "%s", text);
    return GNT_OK;
}

static gnt_status check_day(pass *p, const gnt_raw_bar *row)
{
    const char *name = p->raw->name;
    char day[GNT_DATE_ROOM], before[GNT_DATE_ROOM];
    if (p->started && row->day == p->last)
        return gnt_fail(p->why, GNT_EDATA, "%s:%zu: date %s twice, expected one row a session", name, row->line,
                        gnt_date_format(row->day, day));
    if (p->started && row->day < p->last)
        return gnt_fail(p->why, GNT_EDATA, "%s:%zu: date %s after %s, expected rising dates", name, row->line,
                        gnt_date_format(row->day, day), gnt_date_format(p->last, before));
    p->started = true;
    p->last = row->day;
    if (row->day > p->today)
        return gnt_fail(p->why, GNT_EDATA, "%s:%zu: date %s is after today (%s), expected past sessions", name,
                        row->line, gnt_date_format(row->day, day), gnt_date_format(p->today, before));
    return GNT_OK;
}

static gnt_status check_session(pass *p, const gnt_raw_bar *row)
{
    const char *name = p->raw->name, *holiday;
    char day[GNT_DATE_ROOM];
    int weekday = gnt_day_weekday(row->day);
    bool weekend = weekday == 0 || weekday == 6;
    if (weekend && (p->checks->no_weekends || p->checks->calendar != GNT_CALENDAR_NONE))
        return gnt_fail(p->why, GNT_EDATA, "%s:%zu: %s is a %s, expected Monday to Friday", name, row->line,
                        gnt_date_format(row->day, day), weekday ? "Saturday" : "Sunday");
    if (p->checks->calendar != GNT_CALENDAR_NYSE) return GNT_OK;
    if (!gnt_nyse_knows(row->day))
        return gnt_fail(p->why, GNT_EDATA,
                        "%s:%zu: %s is outside the nyse calendar (%d to %d), expected --calendar "
                        "weekdays or none for it",
                        name, row->line, gnt_date_format(row->day, day), GNT_NYSE_FIRST_YEAR, GNT_NYSE_LAST_YEAR);
    if ((holiday = gnt_nyse_year_holiday(&p->year, row->day)))
        return gnt_fail(p->why, GNT_EDATA,
                        "%s:%zu: %s is no NYSE session (%s), expected --calendar weekdays or none "
                        "for another market",
                        name, row->line, gnt_date_format(row->day, day), holiday);
    return GNT_OK;
}

static gnt_status check_values(pass *p, const gnt_raw_bar *row)
{
    const double *v = row->value;
    const char *name = p->raw->name;
    for (int f = 0; f < GNT_N_FIELDS; f++) {
        if (row->null & 1u << f)
            return gnt_fail(p->why, GNT_EDATA, "%s:%zu: %s is null beside values, expected all or none", name,
                            row->line, field_name[f]);
        if (!value_possible(f, v[f]))
            return gnt_fail(p->why, GNT_EDATA, "%s:%zu: %s %.10g, expected %s", name, row->line, field_name[f], v[f],
                            f == GNT_VOLUME ? "0 to 2^53" : "above 0 and below 1e9");
    }
    if (!(v[GNT_HIGH] >= v[GNT_LOW]))
        return gnt_fail(p->why, GNT_EDATA, "%s:%zu: high %.10g below low %.10g, expected low <= high", name, row->line,
                        v[GNT_HIGH], v[GNT_LOW]);
    for (int f = GNT_OPEN; f <= GNT_CLOSE; f += GNT_CLOSE - GNT_OPEN)
        if (!inside_range(v, f))
            return gnt_fail(p->why, GNT_EDATA, "%s:%zu: %s %.10g %s %.10g, expected it inside low..high", name,
                            row->line, f == GNT_OPEN ? "open" : "close", v[f],
                            v[f] > v[GNT_HIGH] ? "above high" : "below low",
                            v[f] > v[GNT_HIGH] ? v[GNT_HIGH] : v[GNT_LOW]);
    return GNT_OK;
}

/* Sessions between the row before and this one; a row of nulls counts as there (it has its own warning). */
static void count_missing(pass *p, gnt_day day)
{
    char text[GNT_DATE_ROOM];
    gnt_day from = p->covered + 1;
    p->covered = day;
    if (!p->covering || p->checks->calendar == GNT_CALENDAR_NONE) {
        p->covering = true;
        return;
    }
    for (gnt_day d = from; d < day; d++) {
        if (!gnt_calendar_is_session(p->checks->calendar, d)) continue;
        if (p->n_missing++ >= MISSING_NAMED) continue;
        size_t used = strlen(p->missing);
        snprintf(p->missing + used, sizeof p->missing - used, "%s%s", used ? " " : "", gnt_date_format(d, text));
    }
}

static void keep(pass *p, const gnt_raw_bar *row)
{
    gnt_bars *b = p->bars;
    double *column[] = {b->open, b->high, b->low, b->close, b->adj_close, b->volume};
    for (int f = 0; f < GNT_N_FIELDS; f++) column[f][b->n] = row->value[f];
    b->day[b->n++] = row->day;
}

static gnt_status odd_but_allowed(pass *p, const gnt_raw_bar *row)
{
    char text[256], day[GNT_DATE_ROOM];
    double close = row->value[GNT_CLOSE];
    if (row->value[GNT_VOLUME] == 0) {
        snprintf(text, sizeof text, "%s: volume is zero", gnt_date_format(row->day, day));
        GNT_TRY(warn(p, row->line, "zero_volume", text));
    }
    if (p->close > 0 && (close < p->close * SPLIT_DOWN || close > p->close * SPLIT_UP)) {
        snprintf(text, sizeof text,
                 "%s: close %.10g after %.10g (%+.1f %%) looks like a split that is not adjusted for",
                 gnt_date_format(row->day, day), close, p->close, 100 * (close / p->close - 1));
        GNT_TRY(warn(p, row->line, "split_like", text));
    }
    p->close = close;
    return GNT_OK;
}

/* A session that is still open: the source's word, or the New York clock. */
static bool is_open(const pass *p, gnt_day day)
{
    if (p->raw->knows_open_day) return day >= p->raw->open_day;
    return day >= p->today && p->checks->now_unix < gnt_nyse_close_unix(day); /* closes before its UTC day ends */
}

static gnt_status take_row(pass *p, gnt_raw_bar row)
{
    char text[256], day[GNT_DATE_ROOM];
    bool inside = row.day >= p->checks->keep.from && row.day <= p->checks->keep.to;
    if (p->raw->no_adj_close) {
        row.value[GNT_ADJ_CLOSE] = row.value[GNT_CLOSE];
        row.null |= row.null & 1u << GNT_CLOSE ? 1u << GNT_ADJ_CLOSE : 0;
    }
    /* The source's own clock first: an open session east of here may carry tomorrow's date. */
    bool foreign_open = p->raw->knows_open_day && row.day >= p->raw->open_day && row.day <= p->today + 1;
    if (!foreign_open || (p->started && row.day <= p->last)) GNT_TRY(check_day(p, &row));
    if (foreign_open || is_open(p, row.day)) {
        if (!inside) return GNT_OK;
        snprintf(text, sizeof text, "%s: the session has not closed yet; row dropped", gnt_date_format(row.day, day));
        return warn(p, row.line, "open_session", text);
    }
    if (row.null == ALL_NULL) {
        if (!inside) return GNT_OK;
        count_missing(p, row.day);
        snprintf(text, sizeof text, "%s: row of nulls dropped", gnt_date_format(row.day, day));
        return warn(p, row.line, "null_row", text);
    }
    GNT_TRY(check_session(p, &row));
    GNT_TRY(check_values(p, &row));
    if (!inside) return GNT_OK;
    count_missing(p, row.day);
    keep(p, &row);
    return odd_but_allowed(p, &row);
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static gnt_status whole_file_warnings(pass *p)
{
    if (p->raw->no_adj_close)
        GNT_TRY(warn(p, 0, "no_adj_close", "no Adj Close column: adj_close = close, no total return"));
    if (p->n_missing == 0) return GNT_OK;
    char text[256];
    snprintf(text, sizeof text, "%zu session%s of the %s calendar missing: %s%s", p->n_missing,
             p->n_missing == 1 ? "" : "s", gnt_calendar_name(p->checks->calendar), p->missing,
             p->n_missing > MISSING_NAMED ? " ..." : "");
    return warn(p, 0, "missing_sessions", text);
}

gnt_status gnt_bars_validate(const gnt_raw_bars *raw, const gnt_checks *checks, gnt_bars *bars, gnt_error *why)
{
    gnt_status st = GNT_OK;
    pass p = {.raw = raw, .checks = checks, .bars = bars, .why = why};
    p.today = (gnt_day)(checks->now_unix / 86400);
    GNT_TRY(gnt_bars_alloc(bars, raw->n, why));
    bars->n = 0;
    for (size_t i = 0; i < raw->n; i++) GNT_GOTO(take_row(&p, raw->row[i]));
    GNT_GOTO(whole_file_warnings(&p));
    if (bars->n == 0)
        st = gnt_fail(why, GNT_EDATA, "%s: no bar%s, expected at least one closed session", raw->name,
                      raw->n ? " left in the dates asked for" : "");
out:
    if (st) gnt_bars_free(bars);
    return st;
}
