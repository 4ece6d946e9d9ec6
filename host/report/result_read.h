/* One result folder, read and checked (layer 6, private to report; docs/FORMATS.md "Result folder").
 *
 * Everything handed out is borrowed from the gnt_result and lives until gnt_result_close. */
#ifndef GNT_REPORT_RESULT_READ_H
#define GNT_REPORT_RESULT_READ_H

#include "host/base/json.h"
#include "host/store/h5.h"

#define GNT_RESULT_SCHEMA "gauntlet-result"
#define GNT_RESULT_VERSION 1

/* A series of result.h5, converted to float64. n = 0 and value NULL when the file has none. */
typedef struct gnt_series {
    const double *value; /* [n] */
    size_t n;
} gnt_series;

typedef struct gnt_result {
    char dir[1024];
    json_t *json;          /* result.json, owned */
    json_t *manifest;      /* manifest.json, owned */
    gnt_h5 *h5;            /* owned */
    struct gnt_kept *kept; /* series read so far, owned */
    size_t n_kept, kept_room;
} gnt_result;

/* EIO: a file is missing; EPARSE: garbled, or a part of the wrong kind; EUNSUPPORTED: another schema or version;
 * EDATA: result.h5 is not from the same run as result.json. */
GNT_MUST_CHECK gnt_status gnt_result_open(const char *dir, gnt_result *result, gnt_error *why);
void gnt_result_close(gnt_result *result);

/* A series by its path, built like printf. A missing one is empty; a length other than n is EDATA (n 0: any). */
GNT_MUST_CHECK gnt_status gnt_result_series(gnt_result *result, size_t n, gnt_series *series, gnt_error *why,
                                            const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Values inside JSON, by "a.b.c" below object. Absent, null or another type: NaN, 0, NULL, false. */
double gnt_at_real(const json_t *object, const char *path);
const char *gnt_at_text(const json_t *object, const char *path);
bool gnt_at_flag(const json_t *object, const char *path);
json_t *gnt_at(const json_t *object, const char *path);
/* The reason code of an undefined figure: object.reasons.<key>; "" when none. */
const char *gnt_at_reason(const json_t *object, const char *key);

#endif
