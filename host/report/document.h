/* A report before it is Markdown or HTML (layer 6, private to report): headings, text, tables, figures.
 *
 * Everything added is plain text; the renderers escape it. One document is rendered by both, so that they say the
 * same. A failed allocation is remembered and comes out of gnt_document_check. */
#ifndef GNT_REPORT_DOCUMENT_H
#define GNT_REPORT_DOCUMENT_H

#include <stdint.h>

#include "buf.h"

typedef enum gnt_block_kind {
    GNT_BLOCK_HEADING, /* level 1..3 */
    GNT_BLOCK_LEAD,    /* the first lines: label and text */
    GNT_BLOCK_TEXT,
    GNT_BLOCK_NOTE, /* small print */
    GNT_BLOCK_ITEM, /* of a list; may have a link */
    GNT_BLOCK_TABLE,
    GNT_BLOCK_CELL, /* after its table, row by row; may have a link */
    GNT_BLOCK_FIGURE,
} gnt_block_kind;

/* Offsets are into gnt_document.text; UINT32_MAX: none. */
typedef struct gnt_block {
    gnt_block_kind kind;
    unsigned level; /* heading level; table: number of columns */
    uint32_t text;  /* its words; table, figure: the caption */
    uint32_t link;  /* item, cell: relative link; figure: picture's path; lead: the label; table: columns */
} gnt_block;

typedef struct gnt_document {
    gnt_buf text;
    gnt_block *block; /* [n], owned */
    size_t n, room;
    bool failed;
} gnt_document;

void gnt_document_free(gnt_document *doc);
GNT_MUST_CHECK gnt_status gnt_document_check(const gnt_document *doc, gnt_error *why);

#define GNT_DOC_FORMAT(a, b) __attribute__((format(printf, a, b)))
void gnt_doc_heading(gnt_document *doc, unsigned level, const char *format, ...) GNT_DOC_FORMAT(3, 4);
void gnt_doc_lead(gnt_document *doc, const char *label, const char *format, ...) GNT_DOC_FORMAT(3, 4);
void gnt_doc_text(gnt_document *doc, const char *format, ...) GNT_DOC_FORMAT(2, 3);
void gnt_doc_note(gnt_document *doc, const char *format, ...) GNT_DOC_FORMAT(2, 3);
void gnt_doc_item(gnt_document *doc, const char *link, const char *format, ...) GNT_DOC_FORMAT(3, 4);
/* columns: "<Window|>n|>Accuracy": '<' left, '>' right. Cells follow, left to right, top to bottom. */
void gnt_doc_table(gnt_document *doc, const char *columns, const char *format, ...) GNT_DOC_FORMAT(3, 4);
void gnt_doc_cell(gnt_document *doc, const char *format, ...) GNT_DOC_FORMAT(2, 3);
void gnt_doc_cell_link(gnt_document *doc, const char *link, const char *format, ...) GNT_DOC_FORMAT(3, 4);
/* path: of the PNG, relative to the report. */
void gnt_doc_figure(gnt_document *doc, const char *path, const char *format, ...) GNT_DOC_FORMAT(3, 4);

const char *gnt_doc_words(const gnt_document *doc, const gnt_block *block); /* "" when none */
const char *gnt_doc_link(const gnt_document *doc, const gnt_block *block);  /* NULL when none */

/* One column of a table's column text; returns where the next one starts, NULL after the last. */
typedef struct gnt_column {
    const char *name;
    int n;
    bool right;
} gnt_column;
const char *gnt_doc_column(const char *columns, gnt_column *column);

#endif
