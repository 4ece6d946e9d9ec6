/* Comma-separated text as cells (layer 0): RFC 4180 without line breaks inside quotes.
 *
 * The first line names the columns. A BOM, CRLF, quotes and blank lines at the end are fine; a blank line in
 * between, a line with another number of cells, a NUL byte or a stray quote is EPARSE with file:line. */
#ifndef GNT_SHEET_H
#define GNT_SHEET_H

#include <stddef.h>

#include "error.h"

typedef struct gnt_sheet {
    char name[256];        /* of the file, for messages */
    size_t n_rows, n_cols; /* without the header; row r stands on line r + 2 */
    char **cell;           /* [n_rows + 1][n_cols], header first; pointers into text, owned */
    char *text;            /* owned */
} gnt_sheet;

GNT_MUST_CHECK gnt_status gnt_sheet_parse(const char *data, size_t n, const char *name, gnt_sheet *csv, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_sheet_read(const char *path, size_t max_bytes, gnt_sheet *csv, gnt_error *why);
void gnt_sheet_free(gnt_sheet *csv);

static inline const char *gnt_sheet_header(const gnt_sheet *csv, size_t col)
{
    return csv->cell[col];
}
static inline const char *gnt_sheet_cell(const gnt_sheet *csv, size_t row, size_t col)
{
    return csv->cell[(row + 1) * csv->n_cols + col];
}
/* EPARSE names the columns there are; a name that stands twice is refused too. */
GNT_MUST_CHECK gnt_status gnt_sheet_column(const gnt_sheet *csv, const char *header, size_t *col, gnt_error *why);

#endif
