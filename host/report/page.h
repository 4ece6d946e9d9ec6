/* What a report says (layer 6, private to report): one result's page, and the page over several results. */
#ifndef GNT_REPORT_PAGE_H
#define GNT_REPORT_PAGE_H

#include "document.h"
#include "draw.h"
#include "words.h"

/* A result as the page over several results needs it. Texts are copies. */
typedef struct gnt_summary {
    char folder[256]; /* relative to the front page */
    char experiment[96], title[128], symbol[48], provenance[24], window[96], answer[320], question[320];
    double n, majority, accuracy[2], lo[2], hi[2]; /* of the first window; arms: baseline, enhanced */
    double total_return[2], hold;
    int passed;       /* 1, 0, -1: no verdict */
    gnt_drawn figure; /* the picture that says most; path relative to the result folder */
} gnt_summary;

/* Queues the result's pictures and writes its document. */
GNT_MUST_CHECK gnt_status gnt_page_result(gnt_easel *easel, gnt_document *doc, gnt_summary *summary, gnt_error *why);

/* index: index.json of the folder, or NULL. */
void gnt_page_front(const json_t *index, const gnt_summary *summary, size_t n, gnt_document *doc);

/* Parts of a result's page. */
GNT_MUST_CHECK gnt_status gnt_page_forecasts(gnt_result *result, gnt_document *doc, gnt_error *why);
void gnt_page_money(const gnt_result *result, gnt_document *doc);
void gnt_page_quality(const gnt_result *result, gnt_document *doc);
void gnt_page_regimes(const gnt_result *result, gnt_document *doc);
void gnt_page_costs(const gnt_result *result, gnt_document *doc);
void gnt_page_folds(const gnt_result *result, gnt_document *doc);
void gnt_page_ab(const gnt_result *result, gnt_document *doc);
void gnt_page_claims(const gnt_result *result, gnt_document *doc);
void gnt_page_checks(const gnt_result *result, gnt_document *doc);
void gnt_page_models(const gnt_result *result, gnt_document *doc);
void gnt_page_made(const gnt_result *result, gnt_document *doc);

/* Sentences come with ASCII minus signs; a report has real ones. */
void gnt_typographic(const char *text, gnt_buf *out);
const char *gnt_window_title(const json_t *window);
/* "54.0 % (40.4 to 67.0)" of an accuracy object; an em dash when there is none. */
gnt_word gnt_accuracy_words(const json_t *accuracy);
/* An undefined figure's reason in plain words. */
const char *gnt_reason_words(const char *code);

#endif
