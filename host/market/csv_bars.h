/* Bars as CSV text (layer 3): Date,Open,High,Low,Close,Adj Close,Volume in any order, more columns are ignored. */
#ifndef GNT_CSV_BARS_H
#define GNT_CSV_BARS_H

#include "host/base/file.h"
#include "validate.h"

/* name (path or URL) must outlive raw. EPARSE with name:line. */
GNT_MUST_CHECK gnt_status gnt_csv_bars_parse(const char *name, const gnt_text *text, gnt_raw_bars *raw, gnt_error *why);

/* The same without the short way that plain files take, for tests of it. */
GNT_MUST_CHECK gnt_status gnt_csv_bars_parse_slow(const char *name, const gnt_text *text, gnt_raw_bars *raw,
                                                  gnt_error *why);

/* The same form, every number in its shortest text that reads back to the same bits; written atomically. */
GNT_MUST_CHECK gnt_status gnt_csv_bars_write(const char *path, const gnt_bars *bars, gnt_error *why);

#endif
