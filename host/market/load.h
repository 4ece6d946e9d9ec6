/* Bars from files, for bars.h's gnt_bars_load and for ingest (layer 3). */
#ifndef GNT_LOAD_H
#define GNT_LOAD_H

#include "validate.h"

/* File name up to the first '_' or '.'; false when that is no symbol. */
bool gnt_symbol_of_path(const char *path, char symbol[GNT_SYMBOL_ROOM]);

/* A CSV file under a symbol: source, SHA-256 and provenance filled, checked. */
GNT_MUST_CHECK gnt_status gnt_bars_load_csv(const char *path, const char *symbol, const gnt_checks *checks,
                                            gnt_bars *bars, gnt_error *why);

#endif
