#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "host/base/file.h"
#include "render.h"

typedef struct page {
    const gnt_document *doc;
    const char *dir;
    gnt_buf *out;
    unsigned n_tables, n_figures;
} page;

static void words(const page *p, const gnt_block *block)
{
    const char *link =
        block->kind == GNT_BLOCK_ITEM || block->kind == GNT_BLOCK_CELL ? gnt_doc_link(p->doc, block) : NULL;
    if (link) {
        gnt_buf_put(p->out, "<a href=\"");
        gnt_escape_url(p->out, link);
        gnt_buf_put(p->out, "\">");
    }
    gnt_escape_html(p->out, gnt_doc_words(p->doc, block));
    if (link) gnt_buf_put(p->out, "</a>");
}

/* A picture as a data URL (RFC 2397), base64 by OpenSSL. */
static gnt_status embed(const page *p, const char *name, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_text png = {0};
    unsigned char *code = NULL;
    char path[1024];
    GNT_GOTO(gnt_path_join(path, sizeof path, p->dir, name, why));
    GNT_GOTO(gnt_text_read(path, (size_t)64 << 20, &png, why));
    code = malloc((png.n + 2) / 3 * 4 + 1);
    if (!code) {
        st = gnt_fail(why, GNT_ENOMEM, "%s: out of memory for %zu bytes as base64", path, png.n);
        goto out;
    }
    int n = EVP_EncodeBlock(code, (const unsigned char *)png.data, (int)png.n);
    gnt_buf_add(p->out, (const char *)code, (size_t)n);
out:
    free(code);
    gnt_text_free(&png);
    return st;
}

static gnt_status figure(page *p, const gnt_block *block, gnt_error *why)
{
    gnt_buf_put(p->out, "<figure><img alt=\"");
    words(p, block);
    gnt_buf_put(p->out, "\" src=\"data:image/png;base64,");
    GNT_TRY(embed(p, gnt_doc_link(p->doc, block), why));
    gnt_buf_printf(p->out, "\">\n<figcaption><b>Figure %u.</b> ", ++p->n_figures);
    words(p, block);
    gnt_buf_put(p->out, "</figcaption></figure>\n");
    return GNT_OK;
}

static size_t table(page *p, size_t at)
{
    const gnt_block *head = &p->doc->block[at];
    const char *columns = gnt_doc_link(p->doc, head);
    gnt_column column[64];
    unsigned n = 0;
    for (const char *next = columns; next && n < 64; n++) next = gnt_doc_column(next, &column[n]);
    gnt_buf_printf(p->out, "<div class=\"wide\"><table><caption><b>Table %u.</b> ", ++p->n_tables);
    words(p, head);
    gnt_buf_put(p->out, "</caption>\n<thead><tr>");
    for (unsigned c = 0; c < n; c++)
        gnt_buf_printf(p->out, "<th scope=\"col\"%s>%.*s</th>", column[c].right ? " class=\"r\"" : "", column[c].n,
                       column[c].name);
    gnt_buf_put(p->out, "</tr></thead>\n<tbody>");
    size_t i = at + 1;
    for (; i < p->doc->n && p->doc->block[i].kind == GNT_BLOCK_CELL; i++) {
        unsigned c = (unsigned)((i - at - 1) % n);
        bool reason = strncmp(gnt_doc_words(p->doc, &p->doc->block[i]), "\u2014 ", strlen("\u2014 ")) == 0;
        gnt_buf_printf(p->out, "%s<td%s>", c ? "" : "<tr>",
                       !column[c].right ? ""
                       : reason         ? " class=\"r reason\""
                                        : " class=\"r\"");
        words(p, &p->doc->block[i]);
        gnt_buf_put(p->out, c + 1 == n ? "</td></tr>\n" : "</td>");
    }
    gnt_buf_put(p->out, "</tbody></table></div>\n");
    return i;
}

static void wrap(const page *p, const gnt_block *block, const char *before, const char *after)
{
    gnt_buf_put(p->out, before);
    words(p, block);
    gnt_buf_put(p->out, after);
}

static void simple(const page *p, size_t at)
{
    const gnt_block *block = &p->doc->block[at];
    switch (block->kind) {
    case GNT_BLOCK_HEADING:
        gnt_buf_printf(p->out, "<h%u id=\"s%zu\">", block->level, at);
        words(p, block);
        gnt_buf_printf(p->out, "</h%u>\n", block->level);
        break;
    case GNT_BLOCK_LEAD:
        gnt_buf_printf(p->out, "<p class=\"lead\"><b>%s</b> ", gnt_doc_link(p->doc, block));
        wrap(p, block, "", "</p>\n");
        break;
    case GNT_BLOCK_NOTE:
        wrap(p, block, "<p class=\"note\">", "</p>\n");
        break;
    case GNT_BLOCK_ITEM: {
        bool first = !at || p->doc->block[at - 1].kind != GNT_BLOCK_ITEM;
        bool last = at + 1 == p->doc->n || p->doc->block[at + 1].kind != GNT_BLOCK_ITEM;
        wrap(p, block, first ? "<ul>\n<li>" : "<li>", last ? "</li>\n</ul>\n" : "</li>\n");
        break;
    }
    default:
        wrap(p, block, "<p>", "</p>\n");
    }
}

/* Contents: headings of level 2, with their level 3 when the page is short enough to list them. */
static void contents(const page *p)
{
    gnt_buf_put(p->out, "<nav aria-label=\"Contents\"><b>Contents</b><ol>\n");
    for (size_t i = 0; i < p->doc->n; i++) {
        const gnt_block *block = &p->doc->block[i];
        if (block->kind != GNT_BLOCK_HEADING || block->level != 2) continue;
        gnt_buf_printf(p->out, "<li><a href=\"#s%zu\">", i);
        words(p, block);
        gnt_buf_put(p->out, "</a></li>\n");
    }
    gnt_buf_put(p->out, "</ol></nav>\n");
}

static void head(const page *p)
{
    gnt_buf_put(p->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
                        "style-src 'unsafe-inline'\">\n<title>");
    if (p->doc->n) words(p, &p->doc->block[0]);
    gnt_buf_put(p->out, "</title>\n<style>\n");
    gnt_buf_put(p->out, gnt_html_style);
    gnt_buf_put(p->out, "</style>\n</head>\n<body>\n<main>\n");
}

gnt_status gnt_render_html(const gnt_document *doc, const char *dir, gnt_buf *out, gnt_error *why)
{
    page p = {.doc = doc, .dir = dir, .out = out};
    bool listed = false;
    head(&p);
    for (size_t i = 0; i < doc->n;) {
        const gnt_block *block = &doc->block[i];
        if (block->kind == GNT_BLOCK_HEADING && block->level == 2 && !listed) {
            contents(&p);
            listed = true;
        }
        if (block->kind == GNT_BLOCK_TABLE) {
            i = table(&p, i);
            continue;
        }
        if (block->kind == GNT_BLOCK_FIGURE)
            GNT_TRY(figure(&p, block, why));
        else
            simple(&p, i);
        i++;
    }
    gnt_buf_put(out, "</main>\n</body>\n</html>\n");
    return GNT_OK;
}
