/* Learning curves: one panel a fit, the same axes for all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "escape.h"
#include "report.h"
#include "words.h"

enum { MAX_CURVES = 24 };

unsigned gnt_curve_columns(size_t n)
{
    return n <= 3 ? (unsigned)n : n == 4 ? 2 : 3;
}

unsigned gnt_curve_height(size_t n)
{
    unsigned columns = gnt_curve_columns(n), rows = ((unsigned)n + columns - 1) / columns;
    return 222 + 330 * rows;
}

static void data(gnt_buf *s, const gnt_curve *curve, size_t n, double *lo, double *hi, size_t *epochs)
{
    *lo = *hi = log(2);
    for (size_t k = 0; k < n; k++) {
        gnt_buf_printf(s, "$c%zu << EOD\n", k);
        for (size_t e = 0; e < curve[k].n; e++) {
            double a = curve[k].train_loss[e], b = curve[k].val_loss[e];
            gnt_buf_printf(s, "%zu ", e + 1);
            gnt_plot_number(s, a);
            gnt_plot_number(s, b);
            gnt_buf_put(s, "\n");
            *lo = fmin(*lo, fmin(a, b)); /* NaN (no validation) leaves the other */
            *hi = fmax(*hi, fmax(a, b));
        }
        gnt_buf_put(s, "EOD\n");
        if (curve[k].n > *epochs) *epochs = curve[k].n;
    }
}

#define TRAINING "linespoints lc rgb '" GNT_BLUE "' lw 2.2 pt 7 ps 0.6"
#define VALIDATION "linespoints lc rgb '" GNT_VERMILLION "' lw 2.2 dt (8,3) pt 5 ps 0.6"
#define COIN "lines lc rgb '#000000' lw 1.4 dt (2,3)"
#define KEPT "lines lc rgb '#6b7078' lw 2 dt (10,5)"

/* One key over all panels: a panel's own is as narrow as the panel. */
static void legend(gnt_buf *s, double top)
{
    gnt_plot_area(s, 0.018, 0.985, top, top + 0.01);
    gnt_buf_put(s, "unset border\nunset xtics\nunset ytics\nset key at screen 0.018,screen KEY_Y left top horizontal "
                   "samplen 2.6 font 'DejaVu Sans,14'\n"
                   "plot keyentry with " TRAINING " title 'training', keyentry with " VALIDATION
                   " title 'validation', keyentry with " COIN " title 'coin (ln 2)', keyentry with " KEPT
                   " title 'epoch kept', NaN notitle\n"
                   "unset key\nset border 3\nset xtics nomirror out\nset ytics nomirror out\n");
    gnt_plot_once(s);
}

static void panel(gnt_buf *s, const gnt_curve *curve, size_t k)
{
    gnt_buf_put(s, "set title ");
    gnt_escape_gnuplot(s, curve->title);
    gnt_buf_put(s, " font 'DejaVu Sans:Bold,15' offset 0,-0.6\n");
    if (curve->best)
        gnt_buf_printf(
            s, "set arrow 2 from first %zu,graph 0 to first %zu,graph 1 nohead lc rgb '#6b7078' lw 2 dt (10,5)\n",
            curve->best, curve->best);
    gnt_buf_printf(s,
                   "plot $c%zu using 1:2 with " TRAINING " notitle, $c%zu using 1:3 with " VALIDATION " notitle, "
                   "log(2) with " COIN " notitle\n",
                   k, k);
    gnt_buf_put(s, "unset arrow 2\n");
}

void gnt_draw_curves(gnt_buf *s, const gnt_curve *curve, size_t n, unsigned columns, double height, const char *title,
                     const char *subtitle, const char *corner)
{
    double lo, hi, top = 1 - 140 / height, bottom = 52 / height;
    size_t epochs = 1, rows = (n + columns - 1) / columns;
    gnt_plot_title(s, title, subtitle, corner);
    data(s, curve, n, &lo, &hi, &epochs);
    double pad = 0.06 * (hi - lo) + 1e-6;
    gnt_buf_printf(s,
                   "set multiplot\nset yrange [%.8g:%.8g]\nset xrange [0.5:%zu.5]\nset format y '%s'\n"
                   "set xtics autofreq\n",
                   lo - pad, hi + pad, epochs, hi - lo > 0.03 ? "%.2f" : "%.3f");
    legend(s, top);
    if (epochs <= 12) gnt_buf_put(s, "set xtics 2\n");
    for (size_t k = 0; k < n; k++) {
        size_t row = k / columns, column = k % columns;
        double width = 0.985 / columns, tall = (top - bottom) / (double)rows;
        gnt_plot_area(s, 0.018 + (double)column * width + 88.0 / 1400, 0.005 + (double)(column + 1) * width,
                      top - (double)(row + 1) * tall + 62 / height, top - (double)row * tall - 34 / height);
        gnt_buf_put(s, column ? "unset ylabel\n" : "set ylabel 'loss (cross-entropy)' offset 0.9,0\n");
        gnt_buf_put(s, row + 1 == rows || k + columns >= n ? "set xlabel 'epoch' offset 0,0.4\n" : "unset xlabel\n");
        panel(s, &curve[k], k);
    }
    gnt_buf_put(s, "unset multiplot\n");
}

gnt_status gnt_draw_training(gnt_easel *easel, gnt_drawn *drawn, gnt_error *why)
{
    gnt_curve curve[MAX_CURVES];
    char title[MAX_CURVES][64];
    size_t n = 0, i;
    gnt_buf *s;
    const json_t *model, *models = json_object_get(easel->result->json, "models");
    if (!json_array_size(models) || !gnt_h5_has(easel->result->h5, "/training")) return GNT_OK;
    json_array_foreach(models, i, model)
    {
        const char *variant = gnt_at_text(model, "variant"), *split = gnt_at_text(model, "split");
        gnt_series train, val;
        char key[256];
        if (!variant || n == MAX_CURVES) continue;
        snprintf(key, sizeof key, "%.100s%s%.100s", variant, split ? "_" : "", split ? split : "");
        GNT_TRY(gnt_result_series(easel->result, 0, &train, why, "/training/%s/train_loss", key));
        if (!train.n) {
            snprintf(key, sizeof key, "%.100s", variant);
            GNT_TRY(gnt_result_series(easel->result, 0, &train, why, "/training/%s/train_loss", key));
        }
        GNT_TRY(gnt_result_series(easel->result, train.n, &val, why, "/training/%s/val_loss", key));
        if (!train.n || !val.n) continue;
        double best = gnt_at_real(model, "best_epoch");
        snprintf(title[n], sizeof title[n], "%.28s%s%.28s", variant, split ? ", " : "", split ? split : "");
        curve[n] = (gnt_curve){title[n], train.value, val.value, train.n, best >= 1 ? (size_t)best : 0};
        n++;
    }
    if (!n) return GNT_OK;
    unsigned height = gnt_curve_height(n);
    GNT_TRY(gnt_draw_begin(easel, "training", NULL, 1400, height, drawn, &s, why));
    gnt_draw_curves(s, curve, n, gnt_curve_columns(n), height, "Learning curves",
                    gnt_at_text(easel->result->json, "data.symbol"), easel->corner);
    gnt_draw_caption(
        drawn,
        "Loss by epoch on training and validation days, the same axes for every fit. The dotted vertical line is "
        "the epoch whose weights were kept; a validation loss that stays at ln 2 = 0.693 has learnt nothing that "
        "lasts.");
    return GNT_OK;
}

/* ---- one fit, for the train verb ---------------------------------------------------------------- */

static gnt_status split_path(const char *path, char *folder, size_t room, const char **name, gnt_error *why)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    *name = slash ? slash + 1 : path;
    if (!**name || strcspn(*name, "'\n\\`") != strlen(*name) || n + 2 > room)
        return gnt_fail(why, GNT_EINVAL, "%s: expected a plain file name that ends with .png", path);
    if (!slash)
        snprintf(folder, room, ".");
    else if (!n)
        snprintf(folder, room, "/");
    else
        snprintf(folder, room, "%.*s", (int)n, path);
    return GNT_OK;
}

gnt_status gnt_report_learning_curve(const char *path, const char *title, gnt_provenance provenance,
                                     const gnt_fit_report *fit, gnt_error *why)
{
    gnt_status st = GNT_OK;
    char folder[1024], corner[96];
    const char *name;
    gnt_buf *s;
    double *loss = NULL;
    gnt_plots *plots = calloc(1, sizeof *plots);
    if (!plots) return gnt_fail(why, GNT_ENOMEM, "out of memory for a picture");
    GNT_GOTO(split_path(path, folder, sizeof folder, &name, why));
    if (fit->epochs_run == 0) {
        st = gnt_fail(why, GNT_EFEW, "%s: no epoch was run, there is no learning curve", path);
        goto out;
    }
    loss = calloc(2 * (size_t)fit->epochs_run, sizeof *loss);
    if (!loss) {
        st = gnt_fail(why, GNT_ENOMEM, "out of memory for %u epochs", fit->epochs_run);
        goto out;
    }
    for (unsigned e = 0; e < fit->epochs_run; e++) {
        loss[e] = fit->epoch[e].train_loss;
        loss[fit->epochs_run + e] = fit->epoch[e].val_loss;
    }
    gnt_curve curve = {"", loss, loss + fit->epochs_run, fit->epochs_run, fit->best_epoch};
    snprintf(corner, sizeof corner, "%s data", gnt_provenance_name(provenance));
    GNT_GOTO(gnt_plots_picture(plots, folder, name, 1400, gnt_curve_height(1), &s, why));
    gnt_draw_curves(s, &curve, 1, 1, gnt_curve_height(1), "Learning curve", title, corner);
    GNT_GOTO(gnt_plots_finish(plots, why));
out:
    gnt_plots_free(plots);
    free(plots);
    free(loss);
    return st;
}
