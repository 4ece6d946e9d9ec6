#include "csv_bars.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csv_strict.h"
#include "host/base/decimal.h"
#include "host/base/mem.h"

static const char *const header = "Date,Open,High,Low,Close,Adj Close,Volume";
static const char *const column_name[] = {"Open", "High", "Low", "Close", "Adj Close", "Volume"};

/* ---- reading ---------------------------------------------------------------------------------------- */

#define NO_COLUMN ((size_t)-1)

typedef struct columns {
    size_t date, value[GNT_N_FIELDS];
} columns;

/* "adj_close" is "Adj Close": case, blanks and underscores do not matter. */
static bool same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, " _");
        b += strspn(b, " _");
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
        if (!*a) return true;
    }
}

static gnt_status find_column(const gnt_csv *csv, const char *name, size_t *column, gnt_error *why)
{
    *column = NO_COLUMN;
    for (size_t i = 0; i < csv->n_cols; i++) {
        if (!same_name(gnt_csv_header(csv, i), name)) continue;
        if (*column != NO_COLUMN)
            return gnt_fail(why, GNT_EPARSE, "%s:1: two columns named '%s', expected one", csv->name, name);
        *column = i;
    }
    return GNT_OK;
}

static gnt_status find_columns(const gnt_csv *csv, columns *at, gnt_error *why)
{
    GNT_TRY(find_column(csv, "Date", &at->date, why));
    for (int f = 0; f < GNT_N_FIELDS; f++) GNT_TRY(find_column(csv, column_name[f], &at->value[f], why));
    const char *absent = at->date == NO_COLUMN ? "Date" : NULL;
    for (int f = 0; f < GNT_N_FIELDS && !absent; f++)
        if (at->value[f] == NO_COLUMN && f != GNT_ADJ_CLOSE) absent = column_name[f];
    if (absent) return gnt_fail(why, GNT_EPARSE, "%s:1: no column '%s', expected %s", csv->name, absent, header);
    return GNT_OK;
}

/* "2018-01-02", or that and a time: "2018-01-02 00:00:00-05:00", "2018-01-02T14:30:00Z". */
static bool parse_date(const char *text, size_t n, gnt_day *day)
{
    if (n < 10 || !gnt_date_parse(text, 10, day)) return false;
    if (n == 10) return true;
    if (n < 15 || (text[10] != ' ' && text[10] != 'T') || text[13] != ':') return false;
    for (size_t i = 11; i < n; i++)
        if (!memchr("0123456789:.+-Z ", text[i], 16)) return false;
    return true;
}

static gnt_status parse_row(const gnt_csv *csv, size_t r, const columns *at, locale_t c_locale, gnt_raw_bar *row,
                            gnt_error *why)
{
    *row = (gnt_raw_bar){.line = r + 2};
    const char *date = gnt_csv_cell(csv, r, at->date);
    if (!parse_date(date, strlen(date), &row->day))
        return gnt_fail(why, GNT_EPARSE, "%s:%zu: date '%.40s', expected YYYY-MM-DD", csv->name, row->line, date);
    for (int f = 0; f < GNT_N_FIELDS; f++) {
        if (at->value[f] == NO_COLUMN) continue;
        const char *text = gnt_csv_cell(csv, r, at->value[f]);
        if (!strcmp(text, "null"))
            row->null |= (uint8_t)(1u << f);
        else if (!gnt_decimal_parse(text, c_locale, &row->value[f]))
            return gnt_fail(why, GNT_EPARSE, "%s:%zu: %s '%.40s', expected a decimal number", csv->name, row->line,
                            column_name[f], text);
    }
    return GNT_OK;
}

/* The whole text cut into cells, then every cell judged: any form that is allowed, and the sentence of what is not. */
static gnt_status parse_any(const char *name, const gnt_text *text, gnt_raw_bars *raw, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_csv csv = {0};
    columns at;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c_locale) return gnt_fail(why, GNT_ENOMEM, "%s: out of memory", name);
    GNT_GOTO(gnt_csv_strict_parse(name, text, &csv, why));
    GNT_GOTO(find_columns(&csv, &at, why));
    raw->no_adj_close = at.value[GNT_ADJ_CLOSE] == NO_COLUMN;
    for (size_t r = 0; r < csv.n_rows; r++) {
        gnt_raw_bar row;
        GNT_GOTO(parse_row(&csv, r, &at, c_locale, &row, why));
        GNT_GOTO(gnt_raw_bars_add(raw, &row, why));
    }
out:
    gnt_csv_free(&csv);
    freelocale(c_locale);
    return st;
}

/* ---- plain files, in one pass ------------------------------------------------------------------------ */

/* What stands in a column of a plain file. */
typedef enum meaning { IS_DATE = GNT_N_FIELDS, IS_NOTHING, MAX_COLUMNS = 64 } meaning; /* below: a gnt_field */

typedef struct scan {
    const char *at, *end; /* of the whole text */
    size_t n_cols, line;
    uint8_t meaning[MAX_COLUMNS];
} scan;

/* The end of a cell of printable ASCII without quotes; NULL: some other byte. */
static const char *plain_end(const char *p, const char *end)
{
    while (p < end && *p != ',' && *p != '\n' && *p != '\r') {
        if (*p < ' ' || *p > '~' || *p == '"') return NULL;
        p++;
    }
    return p;
}

static const char *scan_cell(const scan *s, const char *p, unsigned means, gnt_raw_bar *row)
{
    if (means < GNT_N_FIELDS) {
        const char *stop = gnt_decimal_plain(p, s->end, &row->value[means]);
        if (stop) return stop;
        if (s->end - p < 4 || memcmp(p, "null", 4)) return NULL;
        row->null |= (uint8_t)(1u << means);
        return p + 4;
    }
    const char *stop = plain_end(p, s->end);
    if (!stop || (means == IS_DATE && !parse_date(p, (size_t)(stop - p), &row->day))) return NULL;
    return stop;
}

/* One line with its end; false: not plain. */
static bool scan_row(scan *s, gnt_raw_bar *row)
{
    const char *p = s->at;
    *row = (gnt_raw_bar){.line = ++s->line};
    for (size_t c = 0; c < s->n_cols; c++) {
        if (c && *p++ != ',') return false; /* p < end: the cell before ended at a byte, as this is not the last */
        p = scan_cell(s, p, s->meaning[c], row);
        if (!p || (p == s->end && c + 1 < s->n_cols)) return false;
    }
    if (p < s->end && *p == '\r') p++;
    if (p < s->end && *p != '\n') return false;
    if ((size_t)(p - s->at) >= GNT_CSV_MAX_LINE) return false;
    s->at = p < s->end ? p + 1 : p;
    return true;
}

static bool only_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) p++;
    return p == end;
}

/* The header by the way any file goes. */
static bool scan_header(scan *s, const char *name, const gnt_text *text, gnt_raw_bars *raw)
{
    const char *newline = text->n ? memchr(text->data, '\n', text->n) : NULL;
    gnt_csv csv = {0};
    gnt_error ignored;
    columns at;
    if (!newline) return false;
    gnt_text first = {text->data, (size_t)(newline - text->data)};
    bool good = !gnt_csv_strict_parse(name, &first, &csv, &ignored) && csv.n_rows == 0 && csv.n_cols <= MAX_COLUMNS &&
                !find_columns(&csv, &at, &ignored);
    if (good) {
        *s = (scan){.at = newline + 1, .end = text->data + text->n, .n_cols = csv.n_cols, .line = 1};
        memset(s->meaning, IS_NOTHING, sizeof s->meaning);
        s->meaning[at.date] = IS_DATE;
        for (int f = 0; f < GNT_N_FIELDS; f++)
            if (at.value[f] != NO_COLUMN) s->meaning[at.value[f]] = (uint8_t)f;
        raw->no_adj_close = at.value[GNT_ADJ_CLOSE] == NO_COLUMN;
    }
    gnt_csv_free(&csv);
    return good;
}

/* Files as programs write them: printable ASCII, no quotes, no blanks about numbers, numbers as digits with a dot. What
 * this takes, parse_any takes to the same rows (tests/fuzz/fuzz_bars_csv.c); at the first byte that is not plain it
 * gives up, and parse_any starts anew and finds the words for what is wrong, if anything is. */
static gnt_status parse_plain(const char *name, const gnt_text *text, gnt_raw_bars *raw, bool *done, gnt_error *why)
{
    scan s;
    gnt_raw_bar row;
    *done = false;
    if (!scan_header(&s, name, text, raw)) return GNT_OK;
    while (s.at < s.end) {
        if ((*s.at < '0' || *s.at > '9') && only_blanks(s.at, s.end)) break;
        if (!scan_row(&s, &row)) return GNT_OK;
        GNT_TRY(gnt_raw_bars_add(raw, &row, why));
    }
    *done = true;
    return GNT_OK;
}

gnt_status gnt_csv_bars_parse_slow(const char *name, const gnt_text *text, gnt_raw_bars *raw, gnt_error *why)
{
    *raw = (gnt_raw_bars){.name = name};
    gnt_status st = parse_any(name, text, raw, why);
    if (st) gnt_raw_bars_free(raw);
    return st;
}

gnt_status gnt_csv_bars_parse(const char *name, const gnt_text *text, gnt_raw_bars *raw, gnt_error *why)
{
    bool done;
    *raw = (gnt_raw_bars){.name = name};
    gnt_status st = parse_plain(name, text, raw, &done, why);
    if (!st && done) return GNT_OK;
    gnt_raw_bars_free(raw);
    return st ? st : gnt_csv_bars_parse_slow(name, text, raw, why);
}

/* ---- writing ---------------------------------------------------------------------------------------- */

enum { NUMBER_ROOM = 32, LINE_ROOM = GNT_DATE_ROOM + GNT_N_FIELDS * (NUMBER_ROOM + 1) + 2 };

/* The fewest digits that read back to the same bits; whole numbers below 2^53 without an exponent. */
static void format_number(double value, char out[NUMBER_ROOM])
{
    if (value == (double)(int64_t)value) {
        snprintf(out, NUMBER_ROOM, "%lld", (long long)value);
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, NUMBER_ROOM, "%.*g", digits, value);
        if (strtod(out, NULL) == value) return;
    }
}

static size_t format_line(const gnt_bars *bars, size_t t, char out[LINE_ROOM])
{
    const double *column[] = {bars->open, bars->high, bars->low, bars->close, bars->adj_close, bars->volume};
    size_t n = strlen(gnt_date_format(bars->day[t], out));
    for (int f = 0; f < GNT_N_FIELDS; f++) {
        out[n++] = ',';
        format_number(column[f][t], out + n);
        n += strlen(out + n);
    }
    out[n++] = '\n';
    return n;
}

gnt_status gnt_csv_bars_write(const char *path, const gnt_bars *bars, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char *text, line[LINE_ROOM];
    GNT_ALLOC(text, (bars->n + 1) * LINE_ROOM);
    size_t n = (size_t)snprintf(text, LINE_ROOM, "%s\n", header);
    for (size_t t = 0; t < bars->n; t++) {
        size_t length = format_line(bars, t, line);
        memcpy(text + n, line, length);
        n += length;
    }
    st = gnt_file_write(path, text, n, why);
    free(text);
out:
    return st;
}
