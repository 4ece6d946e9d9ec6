/* Errors as values with a sentence (layer 0).
 *
 * A failing function returns a gnt_status and, when the caller gave a gnt_error, one line that says
 * what, where and what to do. Nothing here prints or exits. */
#ifndef GNT_ERROR_H
#define GNT_ERROR_H

#include "kernels/status.h"

typedef struct gnt_error {
    gnt_status status;
    char text[640]; /* one line, no newline at its end */
} gnt_error;

/* Sets *why (when not NULL) and returns status, so that a check is one line:
 *     return gnt_fail(why, GNT_EPARSE, "%s:%zu: close %g above high %g", path, line, c, h); */
gnt_status gnt_fail(gnt_error *why, gnt_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text already in *why; returns why's status. */
gnt_status gnt_error_prefix(gnt_error *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *gnt_status_code(gnt_status status); /* "bad_value": the JSON code */
const char *gnt_status_text(gnt_status status);
int gnt_status_exit(gnt_status status); /* exit code of SPEC 7 */

/* Two ways out of a failing call: where nothing is held, and to the one label `out`. */
#define GNT_TRY(call)                  \
    do {                               \
        gnt_status gnt_try_ = (call);  \
        if (gnt_try_) return gnt_try_; \
    } while (0)
#define GNT_GOTO(call)               \
    do {                             \
        if ((st = (call))) goto out; \
    } while (0)

#endif
