/* From what a source said to bars that can be trusted (layer 3; SPEC 10, Ingest). */
#ifndef GNT_VALIDATE_H
#define GNT_VALIDATE_H

#include "bars.h"
#include "calendar.h"

typedef enum gnt_field { GNT_OPEN, GNT_HIGH, GNT_LOW, GNT_CLOSE, GNT_ADJ_CLOSE, GNT_VOLUME, GNT_N_FIELDS } gnt_field;

/* One row as the source gave it. Bit f of `null`: value f was null. */
typedef struct gnt_raw_bar {
    size_t line; /* in the source (a row's number, from 1, where the source has no lines) */
    gnt_day day;
    double value[GNT_N_FIELDS];
    uint8_t null;
} gnt_raw_bar;

/* Prices inside (0, 1e9), low <= open, close <= high, volume 0 to 2^53. */
bool gnt_bar_possible(const double value[GNT_N_FIELDS]);

typedef struct gnt_raw_bars {
    const char *name; /* path or URL, for messages; borrowed */
    gnt_raw_bar *row; /* [n], owned */
    size_t n, capacity;
    bool no_adj_close;   /* the source has no such column: adj_close = close, with a warning */
    bool knows_open_day; /* the source says which session, if any, is still open */
    gnt_day open_day;    /* then: rows of this day and later are dropped */
} gnt_raw_bars;

GNT_MUST_CHECK gnt_status gnt_raw_bars_add(gnt_raw_bars *raw, const gnt_raw_bar *row, gnt_error *why);
void gnt_raw_bars_free(gnt_raw_bars *raw);

typedef struct gnt_checks {
    gnt_calendar calendar;
    bool no_weekends; /* refuse Saturdays and Sundays whatever the calendar (a CSV given to --bars) */
    gnt_range keep;   /* rows outside are checked but not kept; all days: GNT_ALL_DAYS */
    int64_t now_unix; /* UTC seconds: nothing may be later, and a session not closed by now is dropped */
} gnt_checks;

#define GNT_ALL_DAYS ((gnt_range){INT32_MIN, INT32_MAX})

/* Checks every row; fills the arrays and warnings of *bars (a zeroed one; symbol, source and provenance stay the
 * caller's). Warning codes: zero_volume split_like missing_sessions null_row no_adj_close open_session.
 * EDATA with "name:line: what, expected what". On failure *bars holds nothing. */
GNT_MUST_CHECK gnt_status gnt_bars_validate(const gnt_raw_bars *raw, const gnt_checks *checks, gnt_bars *bars,
                                            gnt_error *why);

#endif
