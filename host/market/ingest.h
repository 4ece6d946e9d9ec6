/* Bars in: files or downloads, checked, then stored all or none (layer 3; SPEC 7 and 10, `ingest`). */
#ifndef GNT_INGEST_H
#define GNT_INGEST_H

#include "host/base/json.h"
#include "host/base/progress.h"
#include "host/net/http.h"
#include "validate.h"

typedef enum gnt_source { GNT_SOURCE_CSV = 0, GNT_SOURCE_YAHOO, GNT_SOURCE_STOOQ } gnt_source;

bool gnt_source_parse(const char *name, gnt_source *source); /* csv, yahoo, stooq */

typedef struct gnt_ingest {
    gnt_source source;
    size_t n;
    const char *const *symbol; /* [n] valid symbols, each once */
    const char *const *in;     /* [n] files (csv only) */
    const char *bases;         /* "URL[,URL...]" for downloads; NULL: the source's own */
    gnt_range range;           /* both ends included; GNT_ALL_DAYS with csv: all the file has */
    gnt_calendar calendar;
    int64_t now_unix;
    gnt_http_options http;
    unsigned threads; /* that read files; 0: all cores */
} gnt_ingest;

/* Fills bars[0..n), which are zeroed here; on failure none holds anything. Nothing is written. Every file is read even
 * when one has failed: of several failures each is a log line, and `why` counts them and tells the first. */
GNT_MUST_CHECK gnt_status gnt_ingest_read(const gnt_ingest *job, gnt_bars *bars, const gnt_progress *progress,
                                          gnt_error *why);

#define GNT_RAW_NAME_ROOM 1024
/* DIR/<T>_raw_<start>_<end>.csv: the dates asked for, or those of the bars where all were. */
GNT_MUST_CHECK gnt_status gnt_ingest_raw_name(const gnt_ingest *job, const gnt_bars *bars, const char *dir,
                                              char out[GNT_RAW_NAME_ROOM], gnt_error *why);
/* The CSV of that name and its manifest beside it (provenance, source, SHA-256, warnings). A file that is the job's own
 * input stays as it is. */
GNT_MUST_CHECK gnt_status gnt_ingest_write_raw(const gnt_ingest *job, size_t i, const gnt_bars *bars, const char *path,
                                               gnt_error *why);

/* symbol, rows, first, last, sha256, source, retrieved_unix, provenance, warnings[{line, code, text}]. Caller owns. */
json_t *gnt_ingest_describe(const gnt_bars *bars);

#endif
