#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A message is one line: control characters from input become blanks. */
static void one_line(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
}

gnt_status gnt_fail(gnt_error *why, gnt_status status, const char *format, ...)
{
    if (why) {
        va_list args;
        va_start(args, format);
        why->status = status;
        vsnprintf(why->text, sizeof why->text, format, args);
        va_end(args);
        one_line(why->text);
    }
    return status;
}

gnt_status gnt_error_prefix(gnt_error *why, const char *format, ...)
{
    if (!why) return GNT_OK;
    char old[sizeof why->text], prefix[sizeof why->text];
    memcpy(old, why->text, sizeof old);
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    size_t used = (size_t)snprintf(why->text, sizeof why->text, "%s: ", prefix);
    if (used < sizeof why->text) {
        size_t room = sizeof why->text - used - 1, length = strlen(old);
        if (length > room) length = room;
        memcpy(why->text + used, old, length);
        why->text[used + length] = 0;
    }
    one_line(why->text);
    return why->status;
}

const char *gnt_status_code(gnt_status status)
{
    switch (status) {
#define X(name, value, exit_code, json, text) \
    case GNT_##name:                          \
        return json;
        GNT_STATUS_LIST(X)
#undef X
    }
    return "unknown";
}

const char *gnt_status_text(gnt_status status)
{
    switch (status) {
#define X(name, value, exit_code, json, text) \
    case GNT_##name:                          \
        return text;
        GNT_STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}

int gnt_status_exit(gnt_status status)
{
    switch (status) {
#define X(name, value, exit_code, json, text) \
    case GNT_##name:                          \
        return exit_code;
        GNT_STATUS_LIST(X)
#undef X
    }
    return 1;
}
