/* Accuracy of every window and regime: a point, its Wilson 95 % interval, and the majority share it must beat. */
#include <math.h>
#include <stdio.h>

#include "draw.h"
#include "escape.h"
#include "words.h"

enum { MAX_ROWS = 40, MAX_ARMS = 4 };

typedef struct row {
    char label[192];
    const json_t *arms;
} row;

typedef struct forest {
    row row[MAX_ROWS];
    size_t n, n_arms;
    const char *arm[MAX_ARMS];
} forest;

static void add(forest *f, const json_t *of, const char *label)
{
    const char *arm;
    json_t *value;
    const json_t *arms = json_object_get(of, "arms");
    if (f->n == MAX_ROWS || !json_object_size(arms)) return;
    if (f->n == 0) json_object_foreach((json_t *)arms, arm, value) if (f->n_arms < MAX_ARMS) f->arm[f->n_arms++] = arm;
    double n = NAN;
    for (size_t a = 0; a < f->n_arms && !isfinite(n); a++)
        n = gnt_at_real(json_object_get(arms, f->arm[a]), "accuracy.n");
    if (!isfinite(n)) return;
    snprintf(f->row[f->n].label, sizeof f->row->label, "%.60s, n\u00a0=\u00a0%s", label, gnt_whole(n).s);
    f->row[f->n++].arms = arms;
}

static void collect(const json_t *json, forest *f)
{
    size_t i;
    const json_t *item;
    char label[128];
    json_array_foreach(json_object_get(json, "windows"), i, item)
        add(f, item, gnt_at_text(item, "title") ? gnt_at_text(item, "title") : gnt_at_text(item, "name"));
    json_array_foreach(json_object_get(json, "regimes"), i, item)
    {
        const char *title = gnt_at_text(item, "title"), *scheme = gnt_at_text(item, "scheme");
        if (!title || !scheme) continue;
        if (scheme[0] == 'v')
            snprintf(label, sizeof label, "volatility: %.60s", title);
        else if (scheme[0] == 't')
            snprintf(label, sizeof label, "trend: %.60s", title);
        else
            snprintf(label, sizeof label, "market: %.60s", title);
        add(f, item, label);
    }
}

static void data(gnt_buf *s, const forest *f)
{
    for (size_t a = 0; a < f->n_arms; a++) {
        gnt_buf_printf(s, "$a%zu << EOD\n", a);
        for (size_t i = 0; i < f->n; i++) {
            const json_t *accuracy = gnt_at(json_object_get(f->row[i].arms, f->arm[a]), "accuracy");
            double y = (double)i + 0.24 * ((double)a - 0.5 * (double)(f->n_arms - 1));
            if (!json_is_object(accuracy)) continue;
            gnt_buf_printf(s, "%.7g %g %.7g %.7g\n", 100 * gnt_at_real(accuracy, "value"), y,
                           100 * gnt_at_real(accuracy, "lo"), 100 * gnt_at_real(accuracy, "hi"));
        }
        gnt_buf_put(s, "EOD\n");
    }
    gnt_buf_put(s, "$m << EOD\n");
    for (size_t i = 0; i < f->n; i++)
        for (size_t a = 0; a < f->n_arms; a++) {
            double majority = gnt_at_real(json_object_get(f->row[i].arms, f->arm[a]), "accuracy.majority");
            if (!isfinite(majority)) continue;
            gnt_buf_printf(s, "%.7g %g\n%.7g %g\n\n", 100 * majority, (double)i - 0.36, 100 * majority,
                           (double)i + 0.36);
            break;
        }
    gnt_buf_put(s, "EOD\n");
}

static void script(gnt_buf *s, const forest *f, double height)
{
    data(s, f);
    gnt_plot_area(s, 0.33, 0.975, 118 / height, 1 - 150 / height);
    gnt_buf_printf(s, "set yrange [%g:-0.6]\nset ytics (", (double)f->n - 0.4);
    for (size_t i = 0; i < f->n; i++) {
        gnt_buf_put(s, i ? "," : "");
        gnt_escape_gnuplot_tic(s, f->row[i].label);
        gnt_buf_printf(s, " %zu", i);
    }
    gnt_buf_printf(s,
                   ")\nunset grid\nset grid xtics lt 1 lc rgb '#e4e6e9' lw 1\nset xlabel 'days called right, %%'\n"
                   "set xrange [*<48.5:51.5<*]\nset arrow from first 50,graph 0 to first 50,graph 1 nohead lc rgb "
                   "'#444444' lw 1.6 dt (5,4)\n"
                   "set key at screen 0.018,screen KEY_Y left top horizontal samplen 2.2 font 'DejaVu Sans,14'\nplot ");
    for (size_t a = 0; a < f->n_arms; a++) {
        gnt_look look = gnt_plot_look(f->arm[a], a);
        gnt_buf_printf(s, "$a%zu using 1:2:3:4 with xerrorbars lc rgb '%s' lw 2.2 pt %d ps 1.5 title ", a, look.colour,
                       look.point);
        gnt_escape_gnuplot(s, f->arm[a]);
        gnt_buf_put(s, ", ");
    }
    gnt_buf_put(s, "$m using 1:2 with lines lc rgb '#000000' lw 3 title 'majority share of those days', "
                   "keyentry with lines lc rgb '#444444' lw 1.6 dt (5,4) title 'coin'\n");
}

gnt_status gnt_draw_accuracy(gnt_easel *easel, gnt_drawn *drawn, gnt_error *why)
{
    forest f = {.n = 0};
    gnt_buf *s;
    collect(easel->result->json, &f);
    if (!f.n || !f.n_arms) return GNT_OK;
    unsigned height = 285 + 62 * (unsigned)f.n;
    GNT_TRY(gnt_draw_begin(easel, "accuracy", NULL, 1400, height, drawn, &s, why));
    bool regimes = json_array_size(json_object_get(easel->result->json, "regimes")) > 0;
    char subject[128];
    snprintf(subject, sizeof subject, "%.40s, Wilson 95 %% intervals", gnt_at_text(easel->result->json, "data.symbol"));
    gnt_plot_title(s, regimes ? "Accuracy by window and regime" : "Accuracy by window", subject, easel->corner);
    script(s, &f, height);
    gnt_draw_caption(
        drawn,
        "Days called right in every window%s with Wilson 95 %% intervals. The black bar is the share of the more "
        "frequent outcome: what a constant call would have got; an interval that reaches it shows no skill.",
        regimes ? " and regime" : "");
    return GNT_OK;
}
