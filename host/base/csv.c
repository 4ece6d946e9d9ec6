#include "csv.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "mem.h"
#include "nearest.h"

/* What is being cut: `at` walks through the text, cells are appended to csv->cell. */
typedef struct cutter {
    gnt_csv *csv;
    char *at, *end;
    size_t line, n_cells, capacity;
} cutter;

static gnt_status add_cell(cutter *c, char *cell, gnt_error *why)
{
    if (gnt_grow((void **)&c->csv->cell, &c->capacity, c->n_cells + 1, sizeof *c->csv->cell))
        return gnt_fail(why, GNT_ENOMEM, "%s:%zu: out of memory", c->csv->name, c->line);
    c->csv->cell[c->n_cells++] = cell;
    return GNT_OK;
}

/* A quoted cell is unescaped in place; on return c->at stands behind its closing quote, *stop is its end. */
static gnt_status cut_quoted(cutter *c, char **stop, gnt_error *why)
{
    char *put = c->at++;
    for (;; c->at++) {
        if (c->at == c->end || *c->at == '\n')
            return gnt_fail(why, GNT_EPARSE, "%s:%zu: a quote is not closed on its line", c->csv->name, c->line);
        if (*c->at == '"' && *++c->at != '"') break;
        *put++ = *c->at;
    }
    *stop = put;
    return GNT_OK;
}

/* One cell; *last says that its line ends with it. */
static gnt_status cut_cell(cutter *c, bool *last, gnt_error *why)
{
    char *start = c->at, *stop = NULL;
    if (c->at < c->end && *c->at == '"') {
        GNT_TRY(cut_quoted(c, &stop, why));
    } else {
        while (c->at < c->end && *c->at != ',' && *c->at != '\n' && *c->at != '"') c->at++;
        stop = c->at;
        if (stop > start && stop[-1] == '\r' && (c->at == c->end || *c->at == '\n')) stop--;
    }
    if (c->at < c->end && *c->at == '\r' && (c->at + 1 == c->end || c->at[1] == '\n')) c->at++;
    if (c->at < c->end && *c->at != ',' && *c->at != '\n')
        return gnt_fail(why, GNT_EPARSE, "%s:%zu: a quote in the middle of a cell", c->csv->name, c->line);
    *last = c->at == c->end || *c->at == '\n';
    if (c->at < c->end) c->at++;
    *stop = 0;
    return add_cell(c, start, why);
}

static gnt_status cut_line(cutter *c, gnt_error *why)
{
    size_t first = c->n_cells;
    bool last = false;
    while (!last) GNT_TRY(cut_cell(c, &last, why));
    size_t n = c->n_cells - first;
    if (c->line == 1) c->csv->n_cols = n;
    if (n != c->csv->n_cols)
        return gnt_fail(why, GNT_EPARSE, "%s:%zu: %zu cells, the header has %zu", c->csv->name, c->line, n,
                        c->csv->n_cols);
    if (n == 1 && !*c->csv->cell[first]) return gnt_fail(why, GNT_EPARSE, "%s:%zu: blank line", c->csv->name, c->line);
    return GNT_OK;
}

static gnt_status cut(gnt_csv *csv, size_t n, gnt_error *why)
{
    cutter c = {.csv = csv, .at = csv->text, .end = csv->text + n};
    if (n >= 3 && memcmp(c.at, "\xef\xbb\xbf", 3) == 0) c.at += 3;
    while (c.end > c.at && (c.end[-1] == '\n' || c.end[-1] == '\r')) c.end--; /* the blank tail */
    if (memchr(csv->text, 0, n)) return gnt_fail(why, GNT_EPARSE, "%s: holds a NUL byte", csv->name);
    if (c.at == c.end) return gnt_fail(why, GNT_EPARSE, "%s: empty; a header line is expected", csv->name);
    *c.end = 0;
    while (c.at < c.end) {
        c.line++;
        GNT_TRY(cut_line(&c, why));
    }
    csv->n_rows = c.line - 1;
    return GNT_OK;
}

gnt_status gnt_csv_parse(const char *data, size_t n, const char *name, gnt_csv *csv, gnt_error *why)
{
    *csv = (gnt_csv){0};
    snprintf(csv->name, sizeof csv->name, "%s", name);
    csv->text = malloc(n + 1);
    if (!csv->text) return gnt_fail(why, GNT_ENOMEM, "%s: out of memory for %zu bytes", name, n);
    if (n) memcpy(csv->text, data, n);
    csv->text[n] = 0;
    gnt_status st = cut(csv, n, why);
    if (st) gnt_csv_free(csv);
    return st;
}

gnt_status gnt_csv_read(const char *path, size_t max_bytes, gnt_csv *csv, gnt_error *why)
{
    gnt_text text = {0};
    *csv = (gnt_csv){0};
    GNT_TRY(gnt_text_read(path, max_bytes, &text, why));
    gnt_status st = gnt_csv_parse(text.data, text.n, path, csv, why);
    gnt_text_free(&text);
    return st;
}

void gnt_csv_free(gnt_csv *csv)
{
    free(csv->cell);
    free(csv->text);
    *csv = (gnt_csv){0};
}

static gnt_status no_column(const gnt_csv *csv, const char *header, gnt_error *why)
{
    char there[256] = "";
    for (size_t c = 0, used = 0; c < csv->n_cols && used < sizeof there; c++)
        used += (size_t)snprintf(there + used, sizeof there - used, "%s%s", c ? ", " : "", csv->cell[c]);
    const char *near = gnt_nearest(header, (const char *const *)csv->cell, csv->n_cols);
    return gnt_fail(why, GNT_EPARSE, "%s:1: no column '%s' (columns: %s)%s%s%s", csv->name, header, there,
                    near ? "; is '" : "", near ? near : "", near ? "' meant?" : "");
}

gnt_status gnt_csv_column(const gnt_csv *csv, const char *header, size_t *col, gnt_error *why)
{
    size_t found = 0;
    for (size_t c = 0; c < csv->n_cols; c++)
        if (strcmp(csv->cell[c], header) == 0) {
            *col = c;
            found++;
        }
    if (!found) return no_column(csv, header, why);
    if (found > 1) return gnt_fail(why, GNT_EPARSE, "%s:1: column '%s' stands there twice", csv->name, header);
    return GNT_OK;
}
