/* The page over several results: one line each, then a section an experiment with its picture for every symbol. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "page.h"

static void link_of(const gnt_summary *s, char *out, size_t room)
{
    snprintf(out, room, "%s/report.html", s->folder);
}

static const char *name_of(const gnt_summary *s)
{
    return *s->title ? s->title : s->experiment;
}

static void overview(const gnt_summary *summary, size_t n, gnt_document *doc)
{
    char link[300];
    gnt_doc_table(doc,
                  "<Symbol|<Experiment|<Window|>n|>Majority|>Baseline right (95 %)|>Enhanced right (95 %)|>Baseline "
                  "return|>Enhanced return|>Hold|<Rule passed",
                  "Every result by its first window. Returns are after costs; majority is what a constant call gets.");
    for (size_t i = 0; i < n; i++) {
        const gnt_summary *s = &summary[i];
        link_of(s, link, sizeof link);
        gnt_doc_cell(doc, "%s", s->symbol);
        gnt_doc_cell_link(doc, link, "%s", name_of(s));
        gnt_doc_cell(doc, "%s", s->window);
        gnt_doc_cell(doc, "%s", gnt_whole(s->n).s);
        gnt_doc_cell(doc, "%s", gnt_percent(s->majority).s);
        for (int a = 0; a < 2; a++) gnt_doc_cell(doc, "%s", gnt_percent_interval(s->accuracy[a], s->lo[a], s->hi[a]).s);
        for (int a = 0; a < 2; a++) gnt_doc_cell(doc, "%s", gnt_percent_signed(s->total_return[a]).s);
        gnt_doc_cell(doc, "%s", gnt_percent_signed(s->hold).s);
        gnt_doc_cell(doc, "%s", s->passed < 0 ? GNT_NONE_WORD : s->passed ? "yes" : "no");
    }
}

/* All results of one experiment, in the order of the symbols. */
static void experiment(const gnt_summary *summary, size_t n, size_t first, gnt_document *doc)
{
    char link[300], path[512];
    gnt_doc_heading(doc, 2, "%s", name_of(&summary[first]));
    if (*summary[first].question) gnt_doc_text(doc, "%s", summary[first].question);
    for (size_t i = first; i < n; i++) {
        const gnt_summary *s = &summary[i];
        if (strcmp(s->experiment, summary[first].experiment) != 0) continue;
        link_of(s, link, sizeof link);
        gnt_doc_heading(doc, 3, "%s (%s)", s->symbol, s->provenance);
        if (*s->answer) gnt_doc_text(doc, "%s", s->answer);
        if (*s->figure.path) {
            snprintf(path, sizeof path, "%s/%s", s->folder, s->figure.path);
            gnt_doc_figure(doc, path, "%s", s->figure.caption);
        }
        gnt_doc_item(doc, link, "All tables and figures of %s on %s", name_of(s), s->symbol);
    }
}

void gnt_page_front(const json_t *index, const gnt_summary *summary, size_t n, gnt_document *doc)
{
    const char *title = gnt_at_text(index, "title");
    const json_t *sentence;
    size_t i;
    gnt_doc_heading(doc, 1, "%s", title ? title : "Results");
    json_array_foreach(json_object_get(index, "sentences"), i, sentence)
    {
        gnt_buf words = {0};
        if (json_is_string(sentence)) gnt_typographic(json_string_value(sentence), &words);
        if (words.n) gnt_doc_item(doc, NULL, "%s", words.data);
        gnt_buf_free(&words);
    }
    bool synthetic = false;
    for (i = 0; i < n; i++) synthetic = synthetic || strcmp(summary[i].provenance, "synthetic") == 0;
    if (synthetic)
        gnt_doc_note(doc, "Results marked synthetic come from a built-in market: they show that the machinery finds "
                          "what is there and nothing "
                          "where nothing is, not how any real security behaves.");
    gnt_doc_heading(doc, 2, "All results");
    overview(summary, n, doc);
    for (i = 0; i < n; i++) {
        size_t k = 0;
        while (strcmp(summary[k].experiment, summary[i].experiment) != 0) k++;
        if (k == i) experiment(summary, n, i, doc);
    }
}
