#include "host/eval/scores.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/csv.h"
#include "host/base/file.h"

enum { MAX_BYTES = 256 << 20 };

/* A decimal number: no hexadecimal, no blanks, no words. */
static bool parse_real(const char *text, double *x)
{
    char *end;
    if (!*text || text[strspn(text, "+-.0123456789eE")]) return false;
    *x = strtod(text, &end);
    return *end == 0 && end != text;
}

static gnt_status read_row(const gnt_csv *csv, size_t row, size_t date_col, size_t prob_col, const gnt_bars *bars,
                           double *score, gnt_error *why)
{
    const char *date = gnt_csv_cell(csv, row, date_col), *prob = gnt_csv_cell(csv, row, prob_col);
    size_t line = row + 2, t;
    gnt_day day;
    double p;
    if (!gnt_date_parse(date, strlen(date), &day))
        return gnt_fail(why, GNT_EPARSE, "%s:%zu: date \"%.40s\" is no YYYY-MM-DD", csv->name, line, date);
    if (!parse_real(prob, &p))
        return gnt_fail(why, GNT_EPARSE, "%s:%zu: prob \"%.40s\" is no number; leave the row out for a missing score",
                        csv->name, line, prob);
    if (!(p >= 0 && p <= 1))
        return gnt_fail(why, GNT_EVALUE, "%s:%zu: prob %.40s is outside [0, 1]", csv->name, line, prob);
    if (!gnt_bars_find(bars, day, &t))
        return gnt_fail(why, GNT_EVALUE, "%s:%zu: %s is no bar of %s; a score's date is the bar it was made from",
                        csv->name, line, date, bars->symbol);
    if (!isnan(score[t])) return gnt_fail(why, GNT_EVALUE, "%s:%zu: %s stands twice", csv->name, line, date);
    score[t] = p;
    return GNT_OK;
}

static gnt_status read_rows(const gnt_csv *csv, const gnt_bars *bars, double *score, gnt_error *why)
{
    size_t date_col, prob_col;
    GNT_TRY(gnt_csv_column(csv, "date", &date_col, why));
    GNT_TRY(gnt_csv_column(csv, "prob", &prob_col, why));
    for (size_t t = 0; t < bars->n; t++) score[t] = NAN;
    for (size_t row = 0; row < csv->n_rows; row++) GNT_TRY(read_row(csv, row, date_col, prob_col, bars, score, why));
    return GNT_OK;
}

gnt_status gnt_scores_parse(const char *data, size_t n, const char *name, const gnt_bars *bars, double *score,
                            gnt_error *why)
{
    gnt_csv csv = {0};
    gnt_status st = gnt_csv_parse(data, n, name, &csv, why);
    if (!st) st = read_rows(&csv, bars, score, why);
    gnt_csv_free(&csv);
    return st;
}

gnt_status gnt_scores_read(const char *path, const gnt_bars *bars, double *score, gnt_error *why)
{
    gnt_csv csv = {0};
    gnt_status st = gnt_csv_read(path, MAX_BYTES, &csv, why);
    if (!st) st = read_rows(&csv, bars, score, why);
    gnt_csv_free(&csv);
    return st;
}

/* ---- writing ------------------------------------------------------------------------------------- */

/* Text that grows; one place to see that memory ran out. */
typedef struct sink {
    FILE *stream;
    char *text;
    size_t n;
} sink;

static gnt_status sink_open(sink *s, gnt_error *why)
{
    *s = (sink){0};
    s->stream = open_memstream(&s->text, &s->n);
    return s->stream ? GNT_OK : gnt_fail(why, GNT_ENOMEM, "out of memory for a table");
}

static gnt_status sink_write(sink *s, const char *path, gnt_error *why)
{
    bool bad = ferror(s->stream);
    if (fclose(s->stream)) bad = true;
    gnt_status st = bad ? gnt_fail(why, GNT_ENOMEM, "%s: out of memory for its text", path)
                        : gnt_file_write(path, s->text, s->n, why);
    free(s->text);
    return st;
}

gnt_status gnt_scores_write(const char *path, const gnt_day *day, const double *score, size_t n, gnt_error *why)
{
    sink s;
    char date[GNT_DATE_ROOM];
    GNT_TRY(sink_open(&s, why));
    fputs("date,prob\n", s.stream);
    for (size_t i = 0; i < n; i++)
        if (!isnan(score[i])) fprintf(s.stream, "%s,%.17g\n", gnt_date_format(day[i], date), score[i]);
    return sink_write(&s, path, why);
}

gnt_status gnt_paths_write(const char *path, const gnt_backtest *b, const gnt_bars *bars, gnt_error *why)
{
    sink s;
    char date[GNT_DATE_ROOM];
    GNT_TRY(sink_open(&s, why));
    fputs("date,price_fill,target,units,cash,equity,ret,cost\n", s.stream);
    for (size_t i = 0; i < b->end - b->begin; i++) {
        fputs(gnt_date_format(bars->day[b->begin + i], date), s.stream);
        if (isnan(b->price_fill[i]))
            fputc(',', s.stream);
        else
            fprintf(s.stream, ",%.17g", b->price_fill[i]);
        fprintf(s.stream, ",%.17g,%.17g,%.17g,%.17g,%.17g,%.17g\n", b->target[i], b->units[i], b->cash[i], b->equity[i],
                b->ret[i], b->cost[i]);
    }
    return sink_write(&s, path, why);
}
