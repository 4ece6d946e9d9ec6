/* A document as Markdown and as one self-contained HTML page (layer 6, private to report). */
#ifndef GNT_REPORT_RENDER_H
#define GNT_REPORT_RENDER_H

#include "document.h"

/* GitHub-flavoured Markdown; pictures by their relative path. */
void gnt_render_markdown(const gnt_document *doc, gnt_buf *out);

/* Pictures are read from dir and embedded; nothing on the page loads anything. EIO when a picture can't be read. */
GNT_MUST_CHECK gnt_status gnt_render_html(const gnt_document *doc, const char *dir, gnt_buf *out, gnt_error *why);

extern const char gnt_html_style[]; /* the page's CSS */

#endif
