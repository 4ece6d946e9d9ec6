/* Finds the results, writes their pages, then the page over all of them. */
#include "report.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/version.h"
#include "page.h"
#include "render.h"

enum { MAX_RESULTS = 512, MAX_DEPTH = 2 };

/* One result's document, kept until its pictures are there to be embedded. */
typedef struct entry {
    char folder[256]; /* relative to the report's folder; "." for itself */
    gnt_document doc;
    gnt_summary summary;
} entry;

typedef struct report {
    const char *dir;
    gnt_plots plots;
    entry *entry; /* [n], owned */
    size_t n, room;
    json_t *index; /* index.json, owned; NULL: none */
} report;

/* ---- finding results ---------------------------------------------------------------------------- */

static gnt_status add(report *r, const char *folder, gnt_error *why)
{
    if (r->n == MAX_RESULTS)
        return gnt_fail(why, GNT_EDATA, "%s: more than %d results; report a part of it", r->dir, MAX_RESULTS);
    if (strlen(folder) >= sizeof r->entry->folder)
        return gnt_fail(why, GNT_EIO, "%s/%s: path too long", r->dir, folder);
    if (gnt_grow((void **)&r->entry, &r->room, r->n + 1, sizeof *r->entry))
        return gnt_fail(why, GNT_ENOMEM, "out of memory for results");
    entry *e = &r->entry[r->n++];
    memset(e, 0, sizeof *e);
    snprintf(e->folder, sizeof e->folder, "%s", folder);
    return GNT_OK;
}

static bool has_result(const char *dir, const char *folder)
{
    char path[1400];
    snprintf(path, sizeof path, "%s/%s/result.json", dir, folder);
    return gnt_file_exists(path);
}

static int visible(const struct dirent *item)
{
    return item->d_name[0] != '.';
}

/* Folders below `folder` in the order of their names, MAX_DEPTH levels. */
static gnt_status scan(report *r, const char *folder, int depth, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char path[1400], below[256];
    struct dirent **item = NULL;
    snprintf(path, sizeof path, "%s/%s", r->dir, folder);
    int n = scandir(path, &item, visible, alphasort);
    for (int i = 0; i < n; i++) {
        int length = snprintf(below, sizeof below, "%s%s%s", strcmp(folder, ".") == 0 ? "" : folder,
                              strcmp(folder, ".") == 0 ? "" : "/", item[i]->d_name);
        if (!st && length > 0 && (size_t)length < sizeof below) {
            if (has_result(r->dir, below))
                st = add(r, below, why);
            else if (depth < MAX_DEPTH && item[i]->d_type == DT_DIR)
                st = scan(r, below, depth + 1, why);
        }
        free(item[i]);
    }
    free(item);
    return st;
}

/* index.json lists the results in reading order; a path that leaves the folder is refused. */
static gnt_status from_index(report *r, const char *path, gnt_error *why)
{
    size_t i;
    const json_t *item;
    GNT_TRY(gnt_json_read(path, &r->index, why));
    const json_t *list = json_object_get(r->index, "results");
    if (!json_is_array(list)) return gnt_fail(why, GNT_EPARSE, "%s: results: expected a list of folders", path);
    json_array_foreach(list, i, item)
    {
        const char *folder = json_string_value(item);
        if (!folder || *folder == '/' || strstr(folder, ".."))
            return gnt_fail(why, GNT_EPARSE, "%s: results[%zu]: expected a folder below this one", path, i);
        GNT_TRY(add(r, folder, why));
    }
    return GNT_OK;
}

static gnt_status find(report *r, gnt_error *why)
{
    char path[1024];
    if (has_result(r->dir, ".")) return add(r, ".", why);
    GNT_TRY(gnt_path_join(path, sizeof path, r->dir, "index.json", why));
    if (gnt_file_exists(path))
        GNT_TRY(from_index(r, path, why));
    else
        GNT_TRY(scan(r, ".", 1, why));
    if (r->n) return GNT_OK;
    return gnt_fail(why, GNT_EIO,
                    "%s: no result.json there or two levels below; gauntlet run and gauntlet demo write such folders",
                    r->dir);
}

/* ---- writing ------------------------------------------------------------------------------------ */

static gnt_status folder_of(const report *r, const entry *e, char *out, size_t room, gnt_error *why)
{
    if (strcmp(e->folder, ".") == 0) return gnt_path_join(out, room, r->dir, "", why);
    return gnt_path_join(out, room, r->dir, e->folder, why);
}

static void corner(const gnt_result *result, char *out, size_t room)
{
    const char *provenance = gnt_at_text(result->json, "data.provenance"),
               *version = gnt_at_text(result->manifest, "version");
    snprintf(out, room, "%s data \u00b7 %.40s \u00b7 %.80s \u00b7 gauntlet %.40s",
             strcmp(provenance, "synthetic") == 0 ? "SYNTHETIC" : provenance, gnt_at_text(result->json, "data.symbol"),
             gnt_at_text(result->json, "experiment.name"), version ? version : gnt_version());
}

/* Reads one result, queues its pictures, writes its document. */
static gnt_status compose(report *r, entry *e, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char dir[1024];
    gnt_result result = {0};
    gnt_easel easel = {.plots = &r->plots, .result = &result};
    GNT_TRY(folder_of(r, e, dir, sizeof dir, why));
    GNT_GOTO(gnt_result_open(dir, &result, why));
    GNT_GOTO(gnt_path_join(easel.folder, sizeof easel.folder, dir, "plots", why));
    GNT_GOTO(gnt_make_dirs(easel.folder, why));
    corner(&result, easel.corner, sizeof easel.corner);
    snprintf(e->summary.folder, sizeof e->summary.folder, "%s", e->folder);
    GNT_GOTO(gnt_page_result(&easel, &e->doc, &e->summary, why));
out:
    gnt_result_close(&result);
    return st;
}

static gnt_status write_text(const char *dir, const char *name, const gnt_buf *text, gnt_error *why)
{
    char path[1024];
    GNT_TRY(gnt_buf_check(text, why));
    GNT_TRY(gnt_path_join(path, sizeof path, dir, name, why));
    return gnt_file_write(path, text->data ? text->data : "", text->n, why);
}

static gnt_status publish(const gnt_document *doc, const char *dir, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_buf markdown = {0}, html = {0};
    GNT_GOTO(gnt_document_check(doc, why));
    gnt_render_markdown(doc, &markdown);
    GNT_GOTO(write_text(dir, "report.md", &markdown, why));
    GNT_GOTO(gnt_render_html(doc, dir, &html, why));
    GNT_GOTO(write_text(dir, "report.html", &html, why));
out:
    gnt_buf_free(&markdown);
    gnt_buf_free(&html);
    return st;
}

static gnt_status front(report *r, gnt_error *why)
{
    gnt_document doc = {0};
    gnt_summary *summary = calloc(r->n, sizeof *summary);
    if (!summary) return gnt_fail(why, GNT_ENOMEM, "out of memory for %zu results", r->n);
    for (size_t i = 0; i < r->n; i++) summary[i] = r->entry[i].summary;
    gnt_page_front(r->index, summary, r->n, &doc);
    gnt_status st = publish(&doc, r->dir, why);
    gnt_document_free(&doc);
    free(summary);
    return st;
}

static gnt_status write_all(report *r, const gnt_progress *progress, gnt_error *why)
{
    char dir[1024];
    for (size_t i = 0; i < r->n; i++) {
        if (!gnt_progress_report(progress, "drawing", (double)i, (double)r->n, r->entry[i].folder))
            return gnt_fail(why, GNT_EINTERRUPTED, "report: stopped; the pages before stay as they were");
        GNT_TRY(compose(r, &r->entry[i], why));
    }
    GNT_TRY(gnt_plots_finish(&r->plots, why));
    for (size_t i = 0; i < r->n; i++) {
        GNT_TRY(folder_of(r, &r->entry[i], dir, sizeof dir, why));
        GNT_TRY(publish(&r->entry[i].doc, dir, why));
    }
    gnt_progress_report(progress, "drawing", (double)r->n, (double)r->n, "");
    return r->n == 1 && strcmp(r->entry[0].folder, ".") == 0 ? GNT_OK : front(r, why);
}

gnt_status gnt_report_write(const char *dir, const gnt_report_options *options, const gnt_progress *progress,
                            gnt_error *why)
{
    gnt_status st = GNT_OK;
    report *r = calloc(1, sizeof *r);
    if (!r) return gnt_fail(why, GNT_ENOMEM, "out of memory for a report");
    r->dir = dir;
    r->plots.gnuplot = options ? options->gnuplot : NULL;
    GNT_GOTO(find(r, why));
    GNT_GOTO(write_all(r, progress, why));
out:
    gnt_plots_free(&r->plots);
    for (size_t i = 0; i < r->n; i++) gnt_document_free(&r->entry[i].doc);
    free(r->entry);
    json_decref(r->index);
    free(r);
    return st;
}
