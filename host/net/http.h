/* Downloads by libcurl (layer 1): several at once, tried again when that can help, whole or not at all.
 *
 * Tried again, on the next host of the request, up to `tries` requests: HTTP 429, 408 and 5xx, connections refused,
 * reset or timed out, bodies shorter than announced. The wait doubles from backoff_s, with jitter (a factor between
 * 1/2 and 1); a Retry-After (seconds or a date) is obeyed when longer, and ends the try when over retry_after_max_s.
 * A host that can't be reached is passed over without a wait as long as another one has not been asked.
 * An https URL is redirected to https only, an http URL to either; certificates are checked. */
#ifndef GNT_HTTP_H
#define GNT_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "host/base/error.h"
#include "host/base/file.h"
#include "host/base/progress.h"

typedef struct gnt_http_options {
    unsigned tries;                                       /* requests for one download, all hosts together */
    double connect_timeout_s, stall_timeout_s, timeout_s; /* stall: no byte for so long */
    double backoff_s, backoff_max_s, retry_after_max_s;
    size_t max_bytes; /* of one body; more is an error at once */
    uint64_t seed;    /* of the jitter */
} gnt_http_options;
gnt_http_options gnt_http_defaults(void);

#define GNT_HTTP_HOSTS 4

typedef struct gnt_http_request {
    const char *name;                /* for progress and log lines, "IBB" */
    const char *url[GNT_HTTP_HOSTS]; /* the same thing on n_urls hosts */
    size_t n_urls;
    /* Optional: true when the body of a 200 is cut short, which HTTP itself can't tell when framed is false (the end of
     * the connection ended it). */
    bool (*is_cut)(const gnt_text *body, bool framed);
    /* Out: */
    long status;     /* 200, or a final answer such as 404 whose body the caller reads */
    gnt_text body;   /* owned */
    size_t answered; /* url[answered] gave it */
    unsigned n_tries;
} gnt_http_request;

/* ENET: "NAME: URL: what, after N tries"; no body is kept then. EINTERRUPTED when progress says stop. */
GNT_MUST_CHECK gnt_status gnt_http_get(const gnt_http_options *options, gnt_http_request *request, size_t n,
                                       const gnt_progress *progress, gnt_error *why);
void gnt_http_request_free(gnt_http_request *request);

#endif
