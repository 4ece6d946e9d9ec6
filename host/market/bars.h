/* Bars of one symbol, as loaded and validated (layer 3). */
#ifndef GNT_BARS_H
#define GNT_BARS_H

#include "host/base/date.h"
#include "host/base/error.h"
#include "host/base/hash.h"
#include "kernels/kernels.h"

typedef enum gnt_provenance { GNT_REAL = 0, GNT_REPLAY = 1, GNT_SYNTHETIC = 2 } gnt_provenance;
const char *gnt_provenance_name(gnt_provenance provenance); /* "real", "replay", "synthetic" */
bool gnt_provenance_parse(const char *word, gnt_provenance *provenance);

#define GNT_SYMBOL_ROOM 32

/* Something odd but allowed (SPEC 10, Ingest): kept with the bars. */
typedef struct gnt_warning {
    size_t line; /* in the source file, 0 when it is about the whole */
    char code[32], text[256];
} gnt_warning;

typedef struct gnt_bars {
    char symbol[GNT_SYMBOL_ROOM];
    gnt_provenance provenance;
    size_t n;                                      /* T */
    gnt_day *day;                                  /* [T] session date, rising */
    double *open, *high, *low, *close, *adj_close; /* [T] USD */
    double *volume;                                /* [T] shares */
    bool adjusted;                                 /* gnt_bars_adjust has been applied */
    char source[512];                              /* path or URL */
    int64_t retrieved_unix;                        /* UTC seconds; 0 for a local file */
    char sha256[GNT_SHA256_ROOM];                  /* of the source's bytes */
    gnt_warning *warnings;
    size_t n_warnings;
} gnt_bars;

GNT_MUST_CHECK gnt_status gnt_bars_alloc(gnt_bars *bars, size_t n, gnt_error *why);
void gnt_bars_free(gnt_bars *bars);

/* SPEC 7 `--bars FILE.csv|STORE.h5:SYMBOL`; also "builtin:SYN-EDGE" and "builtin:SYN-NULL" (seed: the market's).
 * A CSV is checked as ingest does, without the calendar's sessions. Symbol of a CSV: its file name up to the first
 * '_' or '.'. Warnings land in bars. */
GNT_MUST_CHECK gnt_status gnt_bars_load(const char *spec, uint64_t seed, gnt_bars *bars, gnt_error *why);

/* Does a --bars (FILE.csv, STORE.h5, STORE.h5:SYMBOL) read that file? An --out must not replace its own input. */
bool gnt_bars_come_from(const char *spec, const char *file);

/* Prices as the simulation and features see them. */
gnt_bars_view gnt_bars_as_view(const gnt_bars *bars);
/* `price: adj`: multiplies O, H, L, C by adj_close/close in place; volume as it was. */
void gnt_bars_adjust(gnt_bars *bars);

/* Bars with from <= date <= to as [begin, end) (SPEC 10: no bar inside, no bar before the first, or `to` more than
 * 7 calendar days after the last bar: EDATA). */
GNT_MUST_CHECK gnt_status gnt_bars_window(const gnt_bars *bars, gnt_range range, size_t *begin, size_t *end,
                                          gnt_error *why);
/* The row of a date; false when it is no bar. */
bool gnt_bars_find(const gnt_bars *bars, gnt_day day, size_t *row);

/* y[t] for t < T-1; up is allocated here, freed with free(). */
GNT_MUST_CHECK gnt_status gnt_bars_labels(const gnt_bars *bars, uint8_t **up, gnt_labels *labels, gnt_error *why);

#endif
