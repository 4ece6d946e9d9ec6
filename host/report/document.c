#include "document.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"

void gnt_document_free(gnt_document *doc)
{
    gnt_buf_free(&doc->text);
    free(doc->block);
    *doc = (gnt_document){0};
}

gnt_status gnt_document_check(const gnt_document *doc, gnt_error *why)
{
    if (doc->failed) return gnt_fail(why, GNT_ENOMEM, "report: out of memory after %zu blocks", doc->n);
    return gnt_buf_check(&doc->text, why);
}

static uint32_t keep(gnt_document *doc, const char *text)
{
    if (!text) return UINT32_MAX;
    size_t at = doc->text.n;
    gnt_buf_add(&doc->text, text, strlen(text) + 1);
    if (at > UINT32_MAX / 2) doc->failed = true;
    return (uint32_t)at;
}

static void add(gnt_document *doc, gnt_block_kind kind, unsigned level, const char *link, const char *format,
                va_list args)
{
    if (doc->failed || gnt_grow((void **)&doc->block, &doc->room, doc->n + 1, sizeof *doc->block)) {
        doc->failed = true;
        return;
    }
    gnt_block block = {.kind = kind, .level = level, .link = keep(doc, link)};
    block.text = (uint32_t)doc->text.n; /* after the link's bytes */
    gnt_buf_vprintf(&doc->text, format, args);
    gnt_buf_add(&doc->text, "", 1);
    doc->block[doc->n++] = block;
}

/* Every public adder is this one with its own kind, level and link. */
#define ADD(kind, level, link)                           \
    do {                                                 \
        va_list args;                                    \
        va_start(args, format);                          \
        add(doc, (kind), (level), (link), format, args); \
        va_end(args);                                    \
    } while (0)

void gnt_doc_heading(gnt_document *doc, unsigned level, const char *format, ...)
{
    ADD(GNT_BLOCK_HEADING, level, NULL);
}

void gnt_doc_lead(gnt_document *doc, const char *label, const char *format, ...)
{
    ADD(GNT_BLOCK_LEAD, 0, label);
}

void gnt_doc_text(gnt_document *doc, const char *format, ...)
{
    ADD(GNT_BLOCK_TEXT, 0, NULL);
}

void gnt_doc_note(gnt_document *doc, const char *format, ...)
{
    ADD(GNT_BLOCK_NOTE, 0, NULL);
}

void gnt_doc_item(gnt_document *doc, const char *link, const char *format, ...)
{
    ADD(GNT_BLOCK_ITEM, 0, link);
}

void gnt_doc_cell(gnt_document *doc, const char *format, ...)
{
    ADD(GNT_BLOCK_CELL, 0, NULL);
}

void gnt_doc_cell_link(gnt_document *doc, const char *link, const char *format, ...)
{
    ADD(GNT_BLOCK_CELL, 0, link);
}

void gnt_doc_figure(gnt_document *doc, const char *path, const char *format, ...)
{
    ADD(GNT_BLOCK_FIGURE, 0, path);
}

void gnt_doc_table(gnt_document *doc, const char *columns, const char *format, ...)
{
    unsigned n = 0;
    gnt_column column;
    for (const char *next = columns; next; n++) next = gnt_doc_column(next, &column);
    ADD(GNT_BLOCK_TABLE, n, columns);
}

const char *gnt_doc_words(const gnt_document *doc, const gnt_block *block)
{
    return doc->text.data && block->text < doc->text.n ? doc->text.data + block->text : "";
}

const char *gnt_doc_link(const gnt_document *doc, const gnt_block *block)
{
    return doc->text.data && block->link < doc->text.n ? doc->text.data + block->link : NULL;
}

const char *gnt_doc_column(const char *columns, gnt_column *column)
{
    const char *end = strchr(columns, '|');
    *column = (gnt_column){.name = columns, .n = (int)(end ? end - columns : (ptrdiff_t)strlen(columns))};
    if (*columns == '<' || *columns == '>') {
        column->right = *columns == '>';
        column->name++;
        column->n--;
    }
    return end ? end + 1 : NULL;
}
