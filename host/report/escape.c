#include "escape.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at s (RFC 3629: no overlong forms, no surrogates), 0 when it is none. */
static size_t sequence(const unsigned char *s)
{
    size_t n = s[0] < 0x80                   ? 1
               : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
               : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
               : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0;
    if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)) return 0;
    return n;
}

/* Walks text: `replace` gives what stands for an ASCII character, NULL for itself. */
static void escape(gnt_buf *out, const char *text, const char *(*replace)(char c))
{
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        size_t n = sequence(s);
        bool c1 = n == 2 && s[0] == 0xc2 && s[1] < 0xa0; /* C1 controls */
        const char *other = n == 1 ? replace((char)*s) : NULL;
        if (!n)
            gnt_buf_put(out, "\ufffd");
        else if (*s < 0x20 || *s == 0x7f || c1)
            gnt_buf_put(out, " ");
        else if (other)
            gnt_buf_put(out, other);
        else
            gnt_buf_add(out, (const char *)s, n);
        s += n ? n : 1;
    }
}

static const char *html(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void gnt_escape_html(gnt_buf *out, const char *text)
{
    escape(out, text, html);
}

/* Any ASCII punctuation may be escaped by a backslash (CommonMark 2.4); these can start markup. Angle brackets and
 * ampersands are entities, so that a renderer that allows HTML sees none. */
static const char *markdown(char c)
{
    switch (c) {
    case '\\':
        return "\\\\";
    case '`':
        return "\\`";
    case '*':
        return "\\*";
    case '_':
        return "\\_";
    case '[':
        return "\\[";
    case ']':
        return "\\]";
    case '#':
        return "\\#";
    case '|':
        return "\\|";
    case '~':
        return "\\~";
    case '!':
        return "\\!";
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    default:
        return NULL;
    }
}

void gnt_escape_markdown(gnt_buf *out, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    char number[24];
    /* "1. " and "- " open lists at the start of a line */
    bool marked = digits && (text[digits] == '.' || text[digits] == ')') && strchr(" \t\n", text[digits + 1]);
    if (marked && digits < sizeof number) {
        snprintf(number, sizeof number, "%.*s\\", (int)digits, text);
        gnt_buf_put(out, number);
        text += digits;
    } else if ((*text == '-' || *text == '+' || *text == '=') && strchr(" \t\n-=", text[1])) {
        gnt_buf_put(out, "\\");
    }
    escape(out, text, markdown);
}

static const char *gnuplot(char c)
{
    return c == '\'' ? "''" : NULL;
}

void gnt_escape_gnuplot(gnt_buf *out, const char *text)
{
    gnt_buf_put(out, "'");
    escape(out, text, gnuplot);
    gnt_buf_put(out, "'");
}

static const char *gnuplot_tic(char c)
{
    return c == '%' ? "%%" : gnuplot(c);
}

void gnt_escape_gnuplot_tic(gnt_buf *out, const char *text)
{
    gnt_buf_put(out, "'");
    escape(out, text, gnuplot_tic);
    gnt_buf_put(out, "'");
}

void gnt_escape_url(gnt_buf *out, const char *path)
{
    for (const unsigned char *s = (const unsigned char *)path; *s; s++) {
        bool plain =
            (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("/._-", *s);
        if (plain)
            gnt_buf_add(out, (const char *)s, 1);
        else
            gnt_buf_printf(out, "%%%02X", *s);
    }
}

void gnt_escape_slug(char *out, size_t room, const char *text)
{
    size_t n = 0;
    for (const char *s = text; *s && n + 1 < room; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || *s == '-' ||
                     (*s == '.' && n);
        out[n++] = plain ? *s : '_';
    }
    if (!n && room > 1) out[n++] = '_';
    if (room) out[n] = 0;
}
