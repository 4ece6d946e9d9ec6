/* CSV that must be sound before its cells are believed (layer 3): strict text, strict numbers. */
#ifndef GNT_CSV_STRICT_H
#define GNT_CSV_STRICT_H

#include <locale.h>
#include <stdbool.h>

#include "host/base/csv.h"
#include "host/base/file.h"

#define GNT_CSV_MAX_LINE ((size_t)1 << 20)
#define GNT_CSV_MAX_FILE ((size_t)1 << 30)

/* gnt_csv_parse after a check of the text; cells come trimmed. EPARSE with name:line for what gnt_csv_parse refuses
 * and for bytes that are not UTF-8, an embedded NUL, a line over 1 MiB; a last line without a newline that lacks
 * fields is called truncated. A tail of blank lines is fine. */
GNT_MUST_CHECK gnt_status gnt_csv_strict_parse(const char *name, const gnt_text *text, gnt_csv *csv, gnt_error *why);

/* Decimal number by the C locale given, whatever the process's own is: [+-]digits[.digits][e[+-]digits], or
 * nan/inf/infinity in any case (so that the caller can say "not finite"). False for hexadecimal, empty and all else. */
bool gnt_decimal_parse(const char *text, locale_t c_locale, double *value);

#endif
