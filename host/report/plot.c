#include "plot.h"

#include <math.h>
#include <string.h>

#include "escape.h"

gnt_look gnt_plot_look(const char *arm, size_t i)
{
    static const gnt_look other[] = {{GNT_GREEN, "(6,3)", 9}, {GNT_ORANGE, "(9,3,2,3)", 13}, {GNT_PURPLE, "(2,3)", 11}};
    if (strcmp(arm, "baseline") == 0) return (gnt_look){GNT_BLUE, "solid", 7};
    if (strcmp(arm, "enhanced") == 0) return (gnt_look){GNT_VERMILLION, "(18,3)", 5};
    return other[i % 3];
}

void gnt_plot_title(gnt_buf *script, const char *title, const char *subtitle, const char *corner)
{
    gnt_buf_put(script, "set label 901 ");
    gnt_escape_gnuplot(script, title);
    gnt_buf_put(script, " at screen 0.018,screen TITLE_Y left font 'DejaVu Sans:Bold,21' tc rgb '#111111' front\n"
                        "set label 902 ");
    gnt_escape_gnuplot(script, subtitle);
    gnt_buf_put(script, " at screen 0.018,screen SUBTITLE_Y left font 'DejaVu Sans,15.5' tc rgb '#4a4f57' front\n"
                        "set label 903 ");
    gnt_escape_gnuplot(script, corner);
    gnt_buf_put(script, " at screen 0.988,screen CORNER_Y right font 'DejaVu Sans,12.5' tc rgb '#6b7078' front\n");
}

void gnt_plot_once(gnt_buf *script)
{
    gnt_buf_put(script, "unset label 901\nunset label 902\nunset label 903\n");
}

void gnt_plot_area(gnt_buf *script, double left, double right, double bottom, double top)
{
    gnt_buf_printf(script,
                   "set lmargin at screen %g\nset rmargin at screen %g\nset bmargin at screen %g\n"
                   "set tmargin at screen %g\n",
                   left, right, bottom, top);
}

void gnt_plot_number(gnt_buf *script, double value)
{
    if (isfinite(value))
        gnt_buf_printf(script, "%.10g ", value);
    else
        gnt_buf_put(script, "NaN ");
}

/* ---- date axis ---------------------------------------------------------------------------------- */

static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* The year stands under the first mark and under the first one of each year. */
static void mark(gnt_buf *script, gnt_day day, bool by_day, bool labels, int *year_before)
{
    int y, m, d;
    gnt_day_civil(day, &y, &m, &d);
    const char *comma = *year_before ? "," : "";
    if (!labels)
        gnt_buf_printf(script, "%s''%d", comma, day);
    else {
        gnt_buf_printf(script, "%s\"", comma);
        if (by_day) gnt_buf_printf(script, "%d ", d);
        gnt_buf_put(script, month_names[m - 1]);
        if (y != *year_before) gnt_buf_printf(script, "\\n%d", y);
        gnt_buf_printf(script, "\" %d", day);
    }
    *year_before = y;
}

void gnt_plot_dates(gnt_buf *script, gnt_day first, gnt_day last, int most, bool labels)
{
    static const int month_steps[] = {1, 2, 3, 6, 12, 24, 60, 120};
    int span = last - first, year = 0, y, m, d; /* a month whose first days are no bars is marked at `first` */
    gnt_buf_printf(script, "set xrange [%d-0.5:%d+0.5]\nset xtics (", first, last);
    if (span <= 100) {
        int step = span <= 14 ? 2 : span <= 7 * most ? 7 : span <= 14 * most ? 14 : 28;
        gnt_day monday = first + (8 - gnt_day_weekday(first)) % 7;
        for (gnt_day day = monday; day <= last; day += step) mark(script, day, true, labels, &year);
    } else {
        size_t s = 0;
        while (s < 7 && span / 30.44 / month_steps[s] > most) s++;
        gnt_day_civil(first, &y, &m, &d);
        int month = y * 12 + m - 1 + (d > 7);
        for (month += (month_steps[s] - month % month_steps[s]) % month_steps[s];; month += month_steps[s]) {
            gnt_day day = gnt_day_of(month / 12, month % 12 + 1, 1);
            if (day > last) break;
            mark(script, day < first ? first : day, false, labels, &year);
        }
    }
    gnt_buf_put(script, ")\n");
}
