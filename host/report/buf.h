/* Growing text (layer 6, private to report). A failed allocation is remembered and everything after it is ignored;
 * the writer checks once, at the end. */
#ifndef GNT_REPORT_BUF_H
#define GNT_REPORT_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "host/base/error.h"

typedef struct gnt_buf {
    char *data; /* n bytes and a NUL after them; NULL while empty; owned */
    size_t n, room;
    bool failed;
} gnt_buf;

void gnt_buf_add(gnt_buf *buf, const char *bytes, size_t n);
void gnt_buf_put(gnt_buf *buf, const char *text);
void gnt_buf_printf(gnt_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gnt_buf_vprintf(gnt_buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* ENOMEM when an earlier call ran out of memory. */
GNT_MUST_CHECK gnt_status gnt_buf_check(const gnt_buf *buf, gnt_error *why);
void gnt_buf_free(gnt_buf *buf);

#endif
