/* Walk-forward: above, what each fold was trained and tested on; below, what it found. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "escape.h"
#include "words.h"

static bool day_of(const json_t *fold, const char *range, size_t i, gnt_day *day)
{
    const char *text = json_string_value(json_array_get(gnt_at(fold, range), i));
    return text && gnt_date_parse(text, strlen(text), day);
}

static void spans(gnt_buf *s, const json_t *folds, gnt_day *first, gnt_day *last)
{
    static const char *const ranges[] = {"train", "val", "test"};
    static const char *const colours[] = {GNT_BLUE, GNT_SKY, GNT_ORANGE};
    size_t i;
    const json_t *fold;
    *first = INT32_MAX;
    *last = INT32_MIN;
    json_array_foreach(folds, i, fold) for (size_t r = 0; r < 3; r++)
    {
        gnt_day a, b;
        if (!day_of(fold, ranges[r], 0, &a) || !day_of(fold, ranges[r], 1, &b)) continue;
        gnt_buf_printf(
            s, "set object rectangle from first %d,first %g to first %d,first %g fc rgb '%s' fs solid noborder front\n",
            a, (double)i + 0.72, b, (double)i + 1.28, colours[r]);
        if (a < *first) *first = a;
        if (b > *last) *last = b;
    }
}

static void data(gnt_buf *s, const json_t *folds)
{
    size_t i;
    const json_t *fold;
    const char *arm;
    json_t *value;
    const json_t *arms = gnt_at(json_array_get(folds, 0), "arms");
    size_t a = 0, n_arms = json_object_size(arms);
    json_object_foreach((json_t *)arms, arm, value)
    {
        gnt_buf_printf(s, "$a%zu << EOD\n", a);
        json_array_foreach(folds, i, fold)
        {
            const json_t *of = json_object_get(gnt_at(fold, "arms"), arm);
            gnt_buf_printf(s, "%g ", (double)i + 1 + 0.2 * ((double)a - 0.5 * (double)(n_arms - 1)));
            gnt_plot_number(s, 100 * gnt_at_real(of, "accuracy.value"));
            gnt_plot_number(s, 100 * gnt_at_real(of, "accuracy.lo"));
            gnt_plot_number(s, 100 * gnt_at_real(of, "accuracy.hi"));
            gnt_plot_number(s, 100 * gnt_at_real(of, "accuracy.majority"));
            gnt_plot_number(s, 100 * gnt_at_real(of, "total_return"));
            gnt_plot_number(s, 100 * gnt_at_real(of, "hold_return"));
            gnt_buf_printf(s, "%zu\n", i + 1);
        }
        gnt_buf_put(s, "EOD\n");
        a++;
    }
}

static void lower_panel(gnt_buf *s, const json_t *arms, bool accuracy)
{
    const char *arm;
    json_t *value;
    size_t a = 0;
    json_object_foreach((json_t *)arms, arm, value)
    {
        gnt_look look = gnt_plot_look(arm, a);
        if (a == 0 && accuracy)
            gnt_buf_put(s, "plot $a0 using ($8-0.38):5:(0.76):(0) with vectors nohead lc rgb '#000000' lw 3 title "
                           "'majority share', "
                           "50 with lines lc rgb '#444444' lw 1.6 dt (5,4) title 'coin'");
        if (a == 0 && !accuracy)
            gnt_buf_put(s, "plot $a0 using ($8-0.38):7:(0.76):(0) with vectors nohead lc rgb '#000000' lw 3 dt (7,4) "
                           "title 'buy and hold', "
                           "0 with lines lc rgb '#9aa0a8' lw 1.2 notitle");
        gnt_buf_printf(s,
                       accuracy ? ", $a%zu using 1:2:3:4 with yerrorbars lc rgb '%s' lw 2.2 pt %d ps 1.6 title "
                                : ", $a%zu using 1:6 with points lc rgb '%s' lw 2.2 pt %d ps 2 title ",
                       a, look.colour, look.point);
        gnt_escape_gnuplot(s, arm);
        a++;
    }
    gnt_buf_put(s, "\n");
}

static void script(gnt_buf *s, const json_t *folds)
{
    size_t n = json_array_size(folds);
    gnt_day first, last;
    data(s, folds);
    gnt_buf_put(s, "set multiplot\n");
    spans(s, folds, &first, &last);
    gnt_plot_area(s, 0.085, 0.985, 0.56, 0.80);
    gnt_plot_dates(s, first, last, 9, true);
    gnt_buf_printf(s,
                   "set yrange [%zu.5:0.5]\nset ytics 1\nset ylabel 'fold' offset -0.6,0\nunset grid\nset grid xtics "
                   "lt 1 lc rgb '#e4e6e9' lw 1\n"
                   "set key at screen 0.018,screen KEY_Y left top horizontal samplen 1.6 font 'DejaVu Sans,14'\n"
                   "plot NaN notitle, keyentry with boxes fs solid fc rgb '%s' title 'training', keyentry with boxes "
                   "fs solid fc rgb '%s' "
                   "title 'validation', keyentry with boxes fs solid fc rgb '%s' title 'test'\n",
                   n, GNT_BLUE, GNT_SKY, GNT_ORANGE);
    gnt_plot_once(s);
    gnt_buf_printf(s,
                   "unset object\nunset grid\nset grid ytics lt 1 lc rgb '#e4e6e9' lw 1\nset xrange [0.4:%zu.6]\nset "
                   "xtics 1\nset yrange [*<48.5:51.5<*]\nset ytics autofreq\n"
                   "set xlabel 'fold' offset 0,0.4\nset key at graph 0,graph 1.03 left bottom horizontal samplen 2 "
                   "font 'DejaVu Sans,13'\nset ylabel 'days called right, %%' offset -0.6,0\n",
                   n);
    gnt_plot_area(s, 0.085, 0.485, 0.125, 0.41);
    lower_panel(s, gnt_at(json_array_get(folds, 0), "arms"), true);
    gnt_buf_put(s, "set yrange [*:*]\nset ylabel 'return of the test range, %' offset -0.6,0\n");
    gnt_plot_area(s, 0.585, 0.985, 0.125, 0.41);
    lower_panel(s, gnt_at(json_array_get(folds, 0), "arms"), false);
    gnt_buf_put(s, "unset multiplot\n");
}

gnt_status gnt_draw_folds(gnt_easel *easel, gnt_drawn *drawn, gnt_error *why)
{
    const json_t *folds = json_object_get(easel->result->json, "folds"), *first = json_array_get(folds, 0);
    gnt_buf *s;
    gnt_day day;
    if (!first || !json_object_size(gnt_at(first, "arms")) || !day_of(first, "test", 0, &day)) return GNT_OK;
    GNT_TRY(gnt_draw_begin(easel, "folds", NULL, 1400, 860, drawn, &s, why));
    gnt_plot_title(s, "Walk-forward", gnt_at_text(easel->result->json, "data.symbol"), easel->corner);
    script(s, folds);
    gnt_draw_caption(
        drawn,
        "Each fold is trained and validated only on days before its test range (above); below, its accuracy with the "
        "Wilson 95 %% interval against the majority share, and its return after costs against holding.");
    return GNT_OK;
}
