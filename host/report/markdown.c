#include <string.h>

#include "escape.h"
#include "render.h"

static void link_or_text(const gnt_document *doc, const gnt_block *block, gnt_buf *out)
{
    const char *link = gnt_doc_link(doc, block);
    if (link) gnt_buf_put(out, "[");
    gnt_escape_markdown(out, gnt_doc_words(doc, block));
    if (!link) return;
    gnt_buf_put(out, "](");
    gnt_escape_url(out, link);
    gnt_buf_put(out, ")");
}

/* Caption, header row, alignment row, and the cells that follow; returns the index after the last cell. */
static size_t table(const gnt_document *doc, size_t at, unsigned *number, gnt_buf *out)
{
    const gnt_block *head = &doc->block[at];
    gnt_buf_printf(out, "**Table %u.** ", ++*number);
    gnt_escape_markdown(out, gnt_doc_words(doc, head));
    gnt_buf_put(out, "\n\n|");
    gnt_column column;
    const char *columns = gnt_doc_link(doc, head);
    for (const char *next = columns; next;) {
        next = gnt_doc_column(next, &column);
        gnt_buf_printf(out, " %.*s |", column.n, column.name);
    }
    gnt_buf_put(out, "\n|");
    for (const char *next = columns; next;) {
        next = gnt_doc_column(next, &column);
        gnt_buf_put(out, column.right ? "---:|" : "---|");
    }
    size_t i = at + 1;
    for (; i < doc->n && doc->block[i].kind == GNT_BLOCK_CELL; i++) {
        gnt_buf_put(out, (i - at - 1) % head->level == 0 ? "\n| " : " ");
        link_or_text(doc, &doc->block[i], out);
        gnt_buf_put(out, " |");
    }
    gnt_buf_put(out, "\n\n");
    return i;
}

static void figure(const gnt_document *doc, const gnt_block *block, unsigned number, gnt_buf *out)
{
    gnt_buf_put(out, "![");
    gnt_escape_markdown(out, gnt_doc_words(doc, block));
    gnt_buf_put(out, "](");
    gnt_escape_url(out, gnt_doc_link(doc, block));
    gnt_buf_printf(out, ")\n\n**Figure %u.** ", number);
    gnt_escape_markdown(out, gnt_doc_words(doc, block));
    gnt_buf_put(out, "\n\n");
}

static void simple(const gnt_document *doc, const gnt_block *block, gnt_buf *out)
{
    switch (block->kind) {
    case GNT_BLOCK_HEADING:
        gnt_buf_add(out, "###", block->level < 3 ? block->level : 3);
        gnt_buf_put(out, " ");
        break;
    case GNT_BLOCK_LEAD:
        gnt_buf_printf(out, "**%s** ", gnt_doc_link(doc, block));
        break;
    case GNT_BLOCK_ITEM:
        gnt_buf_put(out, "- ");
        break;
    case GNT_BLOCK_NOTE:
        gnt_buf_put(out, "> ");
        break;
    default:
        break;
    }
    if (block->kind == GNT_BLOCK_ITEM)
        link_or_text(doc, block, out);
    else
        gnt_escape_markdown(out, gnt_doc_words(doc, block));
    gnt_buf_put(out, "\n");
}

void gnt_render_markdown(const gnt_document *doc, gnt_buf *out)
{
    unsigned n_tables = 0, n_figures = 0;
    for (size_t i = 0; i < doc->n;) {
        const gnt_block *block = &doc->block[i];
        if (block->kind == GNT_BLOCK_TABLE) {
            i = table(doc, i, &n_tables, out);
            continue;
        }
        if (block->kind == GNT_BLOCK_FIGURE)
            figure(doc, block, ++n_figures, out);
        else
            simple(doc, block, out);
        i++;
        bool in_list = block->kind == GNT_BLOCK_ITEM && i < doc->n && doc->block[i].kind == GNT_BLOCK_ITEM;
        if (!in_list && block->kind != GNT_BLOCK_FIGURE) gnt_buf_put(out, "\n");
    }
}
