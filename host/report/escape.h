/* Text from results into the languages a report is written in (layer 6, private to report).
 *
 * Input may be hostile: names, titles and notes come from files. Bytes that are not UTF-8 become U+FFFD and control
 * characters become blanks, in every function. */
#ifndef GNT_REPORT_ESCAPE_H
#define GNT_REPORT_ESCAPE_H

#include "buf.h"

void gnt_escape_html(gnt_buf *out, const char *text);        /* & < > " ' : safe as content and in a quoted attribute */
void gnt_escape_markdown(gnt_buf *out, const char *text);    /* CommonMark and GFM: no markup, no table cell break */
void gnt_escape_gnuplot(gnt_buf *out, const char *text);     /* with its single quotes around: nothing is substituted */
void gnt_escape_gnuplot_tic(gnt_buf *out, const char *text); /* the same for a mark on an axis, which is a format */
/* Percent-encodes what a relative link can't hold; '/' stays. */
void gnt_escape_url(gnt_buf *out, const char *path);
/* A file name or anchor: letters, digits, '.', '-' and '_' of text, others '_'; never empty, never a leading dot. */
void gnt_escape_slug(char *out, size_t room, const char *text);

#endif
