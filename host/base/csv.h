/* Comma-separated text as cells (layer 0): RFC 4180 without line breaks inside quotes.
 *
 * The first line names the columns. A BOM, CRLF, quotes and blank lines at the end are fine; a blank line in
 * between, a line with another number of cells, a NUL byte or a stray quote is EPARSE with file:line. */
#ifndef GNT_CSV_H
#define GNT_CSV_H

#include <stddef.h>

#include "error.h"

typedef struct gnt_csv {
    char name[256];        /* of the file, for messages */
    size_t n_rows, n_cols; /* without the header; row r stands on line r + 2 */
    char **cell;           /* [n_rows + 1][n_cols], header first; pointers into text, owned */
    char *text;            /* owned */
} gnt_csv;

GNT_MUST_CHECK gnt_status gnt_csv_parse(const char *data, size_t n, const char *name, gnt_csv *csv, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_csv_read(const char *path, size_t max_bytes, gnt_csv *csv, gnt_error *why);
void gnt_csv_free(gnt_csv *csv);

static inline const char *gnt_csv_header(const gnt_csv *csv, size_t col)
{
    return csv->cell[col];
}
static inline const char *gnt_csv_cell(const gnt_csv *csv, size_t row, size_t col)
{
    return csv->cell[(row + 1) * csv->n_cols + col];
}
/* EPARSE names the columns there are; a name that stands twice is refused too. */
GNT_MUST_CHECK gnt_status gnt_csv_column(const gnt_csv *csv, const char *header, size_t *col, gnt_error *why);

#endif
