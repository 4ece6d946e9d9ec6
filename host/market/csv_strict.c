#include "csv_strict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/base/decimal.h"

/* ---- text -------------------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 sequence at p (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF); 0: none. */
static size_t utf8_length(const unsigned char *p, const unsigned char *end)
{
    static const unsigned char first_low[] = {0xa0, 0x90}, first_high[] = {0x9f, 0x8f};
    size_t n = *p < 0x80                 ? 1
               : *p >= 0xc2 && *p < 0xe0 ? 2
               : *p >= 0xe0 && *p < 0xf0 ? 3
               : *p >= 0xf0 && *p < 0xf5 ? 4
                                         : 0;
    if (n == 0 || (size_t)(end - p) < n) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if ((*p == 0xe0 && p[1] < first_low[0]) || (*p == 0xf0 && p[1] < first_low[1])) return 0;
    if ((*p == 0xed && p[1] > first_high[0]) || (*p == 0xf4 && p[1] > first_high[1])) return 0;
    return n;
}

static gnt_status check_text(const char *name, const gnt_text *text, gnt_error *why)
{
    const unsigned char *p = (const unsigned char *)text->data, *end = p + text->n, *start = p;
    for (size_t line = 1, n; p < end; p += n) {
        n = utf8_length(p, end);
        if (n == 0)
            return gnt_fail(why, GNT_EPARSE, "%s:%zu: byte 0x%02x is not UTF-8, expected UTF-8 text", name, line, *p);
        if (*p == 0) return gnt_fail(why, GNT_EPARSE, "%s:%zu: NUL byte, expected text", name, line);
        if ((size_t)(p - start) >= GNT_CSV_MAX_LINE)
            return gnt_fail(why, GNT_EPARSE, "%s:%zu: line too long, expected at most 1 MiB", name, line);
        if (*p == '\n') line++, start = p + 1;
    }
    return GNT_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(char **cell)
{
    char *end = *cell + strlen(*cell);
    while (is_blank(**cell)) ++*cell;
    while (end > *cell && is_blank(end[-1])) *--end = 0;
}

/* The parser's sentence names the line; when that is a last line without its newline, the file was cut there. */
static gnt_status maybe_truncated(const char *name, const char *data, size_t n, gnt_error *why)
{
    char last[640];
    size_t line = 1;
    for (size_t i = 0; i < n; i++) line += data[i] == '\n';
    int length = snprintf(last, sizeof last, "%s:%zu: ", name, line);
    if (n && data[n - 1] != '\n' && why && length > 0 && !strncmp(why->text, last, (size_t)length)) {
        char rest[sizeof why->text];
        snprintf(rest, sizeof rest, "%s", why->text + length);
        return gnt_fail(why, GNT_EPARSE, "%struncated last line, expected it whole: %s", last, rest);
    }
    return GNT_EPARSE;
}

gnt_status gnt_csv_strict_parse(const char *name, const gnt_text *text, gnt_csv *csv, gnt_error *why)
{
    *csv = (gnt_csv){0};
    GNT_TRY(check_text(name, text, why));
    size_t n = text->n;
    while (n && (is_blank(text->data[n - 1]) || strchr("\r\n", text->data[n - 1]))) n--;
    const char *newline = n < text->n ? memchr(text->data + n, '\n', text->n - n) : NULL;
    if (newline) n = (size_t)(newline - text->data) + 1; /* the last line keeps its own end */
    gnt_status st = gnt_csv_parse(text->data, n, name, csv, why);
    if (st == GNT_EPARSE) return maybe_truncated(name, text->data, n, why);
    if (st) return st;
    for (size_t i = 0; i < (csv->n_rows + 1) * csv->n_cols; i++) trim(&csv->cell[i]);
    return GNT_OK;
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

static const char *digits(const char *p)
{
    while (*p >= '0' && *p <= '9') p++;
    return p;
}

static bool is_decimal(const char *p)
{
    p += *p == '+' || *p == '-';
    const char *whole = digits(p), *fraction = *whole == '.' ? digits(whole + 1) : whole;
    if (whole == p && fraction <= whole + 1) return false; /* "", ".", "e5" */
    if (*fraction == 'e' || *fraction == 'E') {
        const char *exponent = fraction + 1 + (fraction[1] == '+' || fraction[1] == '-');
        fraction = digits(exponent);
        if (fraction == exponent) return false;
    }
    return *fraction == 0;
}

bool gnt_decimal_parse(const char *text, locale_t c_locale, double *value)
{
    size_t n = strlen(text);
    if (gnt_decimal_plain(text, text + n, value) == text + n) return true;
    if (is_decimal(text)) {
        *value = strtod_l(text, NULL, c_locale);
        return true;
    }
    const char *word = text + (*text == '+' || *text == '-');
    bool infinite = !strcasecmp(word, "inf") || !strcasecmp(word, "infinity");
    if (infinite) *value = *text == '-' ? -INFINITY : INFINITY;
    if (!strcasecmp(word, "nan")) *value = NAN;
    return infinite || !strcasecmp(word, "nan");
}
