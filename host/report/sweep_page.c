/* The page of a sweep: the best beside holding and luck, and a heatmap for every pair that was asked for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "host/base/version.h"
#include "host/sweep/file.h"
#include "plot.h"
#include "render.h"
#include "report.h"
#include "words.h"

enum { MARKS = 6 }; /* on an axis, about */

typedef struct page {
    char folder[1024], stem[256]; /* of the file */
    gnt_sweep_collection c;
    gnt_plots plots;
    gnt_document doc;
} page;

static gnt_status split(const char *path, page *p, gnt_error *why)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(name), folder = slash ? (size_t)(slash - path) : 0;
    if (n > 3 && !strcmp(name + n - 3, ".h5")) n -= 3;
    if (n >= sizeof p->stem - 100 || folder >= sizeof p->folder)
        return gnt_fail(why, GNT_EIO, "%s: path too long for a report beside it", path);
    snprintf(p->stem, sizeof p->stem, "%.*s", (int)n, name);
    if (slash == path)
        snprintf(p->folder, sizeof p->folder, "/");
    else
        snprintf(p->folder, sizeof p->folder, "%.*s", slash ? (int)folder : 1, slash ? path : ".");
    return GNT_OK;
}

/* ---- heatmaps ------------------------------------------------------------------------------------------------ */

/* Every k-th value marked, so that about MARKS stand on the axis. */
static void marks(gnt_buf *s, const char *axis, const gnt_grid_dim *dim)
{
    char text[64];
    uint64_t step = (dim->n + MARKS - 1) / MARKS;
    gnt_buf_printf(s, "set %stics (", axis);
    for (uint64_t k = 0; k < dim->n; k += step) {
        gnt_buf_put(s, k ? "," : "");
        gnt_escape_gnuplot_tic(s, gnt_grid_value_text(dim, k, text, sizeof text));
        gnt_buf_printf(s, " %llu", (unsigned long long)k);
    }
    gnt_buf_printf(s, ") out nomirror\nset %srange [-0.5:%llu.5]\nset %slabel ", axis, (unsigned long long)dim->n - 1,
                   axis);
    gnt_escape_gnuplot(s, dim->parameter->name);
    gnt_buf_put(s, "\n");
}

/* As a matrix: points alone would lose their places where a cell is empty. */
static void cells(gnt_buf *s, const gnt_sweep_cell *cell, uint64_t nx, uint64_t ny, bool best)
{
    gnt_buf_printf(s, "$%s << EOD\n", best ? "best" : "mean");
    for (uint64_t y = 0; y < ny; y++) {
        for (uint64_t x = 0; x < nx; x++) {
            const gnt_sweep_cell *k = &cell[y * nx + x];
            gnt_plot_number(s, best ? k->best : gnt_sweep_cell_mean(k));
        }
        gnt_buf_put(s, "\n");
    }
    gnt_buf_put(s, "EOD\n");
}

static void panel(gnt_buf *s, double left, const char *data, const char *title)
{
    gnt_plot_area(s, left, left + 0.325, 0.165, 0.765);
    gnt_buf_put(s, "set title ");
    gnt_escape_gnuplot(s, title);
    gnt_buf_printf(s,
                   " font 'DejaVu Sans:Bold,15' offset 0,-0.4\n"
                   "set colorbox user origin %g,0.165 size 0.012,0.6\n"
                   "plot $%s matrix using 1:2:3 with image pixels notitle\n",
                   left + 0.335, data);
}

/* What stands in every title: whose bars, real or not, and how many were tried. */
static void subject(const page *p, char *out, size_t room)
{
    const gnt_sweep_spec *spec = &p->c.spec;
    size_t n = spec->n_slices / spec->n_folds;
    char first[GNT_DATE_ROOM], last[GNT_DATE_ROOM];
    gnt_date_format(spec->slice[0].from, first);
    gnt_date_format(spec->slice[spec->n_folds - 1].to, last);
    snprintf(out, room, "%s%s (%s), %s, %s configurations tried", spec->slice[0].symbol, n > 1 ? " and others" : "",
             gnt_provenance_name(gnt_sweep_spec_provenance(spec)), gnt_range_words(first, last).s,
             gnt_whole((double)p->c.n_tried).s);
}

static gnt_status draw(page *p, size_t h, gnt_error *why)
{
    const gnt_grid_dim *x = &p->c.spec.grid.dim[p->c.spec.heatmap[h][0]],
                       *y = &p->c.spec.grid.dim[p->c.spec.heatmap[h][1]];
    char slug[260], name[400], words[256], corner[200], by[64];
    gnt_provenance provenance = gnt_sweep_spec_provenance(&p->c.spec);
    gnt_buf *s;
    gnt_escape_slug(slug, sizeof slug, p->stem);
    snprintf(name, sizeof name, "%s_%s_%s.png", slug, x->parameter->name, y->parameter->name);
    GNT_TRY(gnt_plots_picture(&p->plots, p->folder, name, 1400, 720, &s, why));
    subject(p, words, sizeof words);
    snprintf(corner, sizeof corner, "%s data \u00b7 gauntlet %s",
             provenance == GNT_SYNTHETIC ? "SYNTHETIC" : gnt_provenance_name(provenance), gnt_version());
    gnt_plot_title(s, "The grid, seen by two of its parameters", words, corner);
    cells(s, p->c.cell[h], x->n, y->n, true);
    cells(s, p->c.cell[h], x->n, y->n, false);
    gnt_buf_put(s, "set multiplot\nset border 3\n" /* cividis: even in lightness, for every kind of colour sight */
                   "set palette defined (0 '#00224e', 0.25 '#414d6b', 0.5 '#7c7b78', 0.75 '#bcae6c', 1 '#fee838')\n"
                   "set object 900 rectangle from graph 0,0 to graph 1,1 fc rgb '#eff1f4' fs solid noborder behind\n");
    marks(s, "x", x);
    marks(s, "y", y);
    const char *metric = gnt_sweep_metric_name(p->c.spec.by);
    snprintf(by, sizeof by, "best %s over all others", metric);
    panel(s, 0.085, "best", by);
    gnt_plot_once(s);
    snprintf(by, sizeof by, "mean %s over all others", metric);
    panel(s, 0.585, "mean", by);
    gnt_buf_put(s, "unset multiplot\n");
    gnt_doc_figure(&p->doc, name,
                   "%s: for every pair of %s and %s the best and the mean %s over everything else in the grid. A lone "
                   "bright cell is "
                   "luck's usual signature; a plateau is less so. Grey: no configuration.",
                   words, x->parameter->name, y->parameter->name, metric);
    return GNT_OK;
}

/* ---- words ---------------------------------------------------------------------------------------------------- */

/* ", fold 2" where there are several. */
static const char *fold_words(const page *p, size_t s, char text[32])
{
    *text = 0;
    if (p->c.spec.n_folds > 1) snprintf(text, 32, ", fold %llu", (unsigned long long)p->c.spec.slice[s].fold);
    return text;
}

static void best_row(page *p, size_t k, size_t s)
{
    const gnt_sweep_collection *c = &p->c;
    const gnt_sweep_figures *f = &c->figures[k * c->spec.n_slices + s];
    char words[1024], fold[32];
    gnt_grid_point point;
    gnt_grid_seek(&c->spec.grid, &c->spec.base, c->best[k].number, &point);
    gnt_doc_cell(&p->doc, "%zu", k + 1);
    gnt_doc_cell(&p->doc, "%s", gnt_grid_point_text(&c->spec.grid, &point, words, sizeof words));
    gnt_doc_cell(&p->doc, "%s%s", c->spec.slice[s].symbol, fold_words(p, s, fold));
    gnt_doc_cell(&p->doc, "%s", gnt_decimal(f->n_bars >= GNT_ANNUALISE_MIN_BARS ? f->sharpe : NAN, 2).s);
    gnt_doc_cell(&p->doc, "%s", gnt_decimal(f->sharpe_per_bar, 3).s);
    gnt_doc_cell(&p->doc, "%s", gnt_percent(gnt_sweep_psr(c, k, s, gnt_sweep_luck(c, s)).value).s);
    gnt_doc_cell(&p->doc, "%s", gnt_percent_signed(f->total_return).s);
    gnt_doc_cell(&p->doc, "%s", gnt_percent_signed(f->buy_hold).s);
    gnt_doc_cell(&p->doc, "%s", gnt_percent_signed(f->max_drawdown).s);
    gnt_doc_cell(&p->doc, "%s", gnt_whole(f->n_trades).s);
}

static void slice_row(page *p, size_t s)
{
    const gnt_sweep_slice *slice = &p->c.spec.slice[s];
    gnt_accuracy a = gnt_accuracy_of(slice->n_right, slice->n_scored, slice->n_up);
    char from[GNT_DATE_ROOM], to[GNT_DATE_ROOM], fold[32];
    gnt_doc_cell(&p->doc, "%s (%s)%s", slice->symbol, gnt_provenance_name(slice->provenance), fold_words(p, s, fold));
    gnt_doc_cell(&p->doc, "%s", gnt_range_words(gnt_date_format(slice->from, from), gnt_date_format(slice->to, to)).s);
    gnt_doc_cell(&p->doc, "%s", gnt_whole((double)slice->n_bars).s);
    gnt_doc_cell(&p->doc, "%s", gnt_percent_interval(a.value, a.lo, a.hi).s);
    gnt_doc_cell(&p->doc, "%s", gnt_percent(a.majority).s);
    gnt_doc_cell(&p->doc, "%s", gnt_decimal(gnt_sweep_luck(&p->c, s), 3).s);
}

static void compose(page *p)
{
    const gnt_sweep_collection *c = &p->c;
    char words[256], text[GNT_GRID_TEXT];
    subject(p, words, sizeof words);
    gnt_doc_heading(&p->doc, 1, "A grid of strategies");
    gnt_doc_lead(&p->doc, "What", "%s, %s skipped; the best by %s%s.", words, gnt_whole((double)c->n_skipped).s,
                 gnt_sweep_metric_name(c->spec.by), c->spec.n_slices > 1 ? ", mean over symbols and folds" : "");
    for (size_t d = 0; d < c->spec.grid.n_dims; d++)
        gnt_doc_item(&p->doc, NULL, "%s: %s", c->spec.grid.dim[d].parameter->name,
                     gnt_grid_dim_text(&c->spec.grid.dim[d], text, sizeof text));
    gnt_doc_heading(&p->doc, 2, "The best, and luck");
    gnt_doc_text(&p->doc,
                 "The best of %s configurations is high even when none is worth anything. DSR is the chance that a "
                 "Sharpe is above what "
                 "the best of so many worthless ones would show; below 95 %% it can't be told from luck.",
                 gnt_whole((double)c->n_tried).s);
    gnt_doc_table(&p->doc, ">#|<configuration|<where|>Sharpe a year|>per bar|>DSR|>return|>holding|>drawdown|>trades",
                  "The best after costs, beside holding on the same bars. Sharpe a year: not given below %d bars.",
                  GNT_ANNUALISE_MIN_BARS);
    size_t twins = 0;
    for (size_t k = 0; k < c->n_best; k++) {
        bool twin = gnt_sweep_best_is_twin(c, k);
        twins += twin;
        for (size_t s = 0; !twin && s < c->spec.n_slices; s++) best_row(p, k, s);
    }
    if (twins)
        gnt_doc_text(&p->doc,
                     "%zu more of the best %zu have the very same book as the one above them and are left out here.",
                     twins, c->n_best);
    gnt_doc_heading(&p->doc, 2, "The bars");
    gnt_doc_table(&p->doc, "<slice|<dates|>bars|>scores right (95 %)|>majority|>Sharpe of luck per bar",
                  "How often the scores called the next close, beside always saying the more frequent direction.");
    for (size_t s = 0; s < c->spec.n_slices; s++) slice_row(p, s);
    if (c->spec.n_heatmaps) gnt_doc_heading(&p->doc, 2, "The grid");
}

static gnt_status write_text(const page *p, const char *ending, const gnt_buf *text, gnt_error *why)
{
    char name[300], path[1400];
    snprintf(name, sizeof name, "%s.%s", p->stem, ending);
    GNT_TRY(gnt_buf_check(text, why));
    GNT_TRY(gnt_path_join(path, sizeof path, p->folder, name, why));
    return gnt_file_write(path, text->data ? text->data : "", text->n, why);
}

static gnt_status publish(const page *p, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_buf markdown = {0}, html = {0};
    GNT_GOTO(gnt_document_check(&p->doc, why));
    gnt_render_markdown(&p->doc, &markdown);
    GNT_GOTO(write_text(p, "md", &markdown, why));
    GNT_GOTO(gnt_render_html(&p->doc, p->folder, &html, why));
    GNT_GOTO(write_text(p, "html", &html, why));
out:
    gnt_buf_free(&markdown);
    gnt_buf_free(&html);
    return st;
}

gnt_status gnt_report_sweep(const char *path, const gnt_report_options *options, gnt_error *why)
{
    gnt_status st = GNT_OK;
    page *p = calloc(1, sizeof *p);
    if (!p) return gnt_fail(why, GNT_ENOMEM, "out of memory for a report");
    p->plots.gnuplot = options ? options->gnuplot : NULL;
    GNT_GOTO(split(path, p, why));
    GNT_GOTO(gnt_sweep_file_read(path, &p->c, why));
    if (p->c.n_shards > 1) {
        st = gnt_fail(why, GNT_EVALUE, "%s: shard %llu of %llu; merge the shards first (gauntlet merge)", path,
                      (unsigned long long)p->c.shard, (unsigned long long)p->c.n_shards);
        goto out;
    }
    compose(p);
    for (size_t h = 0; h < p->c.spec.n_heatmaps; h++) GNT_GOTO(draw(p, h, why));
    GNT_GOTO(gnt_plots_finish(&p->plots, why));
    GNT_GOTO(publish(p, why));
out:
    gnt_plots_free(&p->plots);
    gnt_document_free(&p->doc);
    gnt_sweep_collection_free(&p->c);
    free(p);
    return st;
}
