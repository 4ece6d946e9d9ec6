#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"

static bool reserve(gnt_buf *buf, size_t more)
{
    if (!buf->failed &&
        (more > (size_t)-1 - buf->n - 1 || gnt_grow((void **)&buf->data, &buf->room, buf->n + more + 1, 1)))
        buf->failed = true;
    return !buf->failed;
}

void gnt_buf_add(gnt_buf *buf, const char *bytes, size_t n)
{
    if (!reserve(buf, n)) return;
    memcpy(buf->data + buf->n, bytes, n);
    buf->n += n;
    buf->data[buf->n] = 0;
}

void gnt_buf_put(gnt_buf *buf, const char *text)
{
    gnt_buf_add(buf, text, strlen(text));
}

void gnt_buf_vprintf(gnt_buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0) buf->failed = true;
    if (n < 0 || !reserve(buf, (size_t)n)) return;
    vsnprintf(buf->data + buf->n, (size_t)n + 1, format, args);
    buf->n += (size_t)n;
}

void gnt_buf_printf(gnt_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    gnt_buf_vprintf(buf, format, args);
    va_end(args);
}

gnt_status gnt_buf_check(const gnt_buf *buf, gnt_error *why)
{
    return buf->failed ? gnt_fail(why, GNT_ENOMEM, "report: out of memory after %zu bytes of text", buf->n) : GNT_OK;
}

void gnt_buf_free(gnt_buf *buf)
{
    free(buf->data);
    *buf = (gnt_buf){0};
}
