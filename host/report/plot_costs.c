/* Total return against the one-way cost, with break-even and the cost assumed marked. */
#include <math.h>
#include <string.h>

#include "draw.h"
#include "escape.h"
#include "words.h"

static bool is_of(const json_t *row, const char *window, const char *arm)
{
    const char *w = gnt_at_text(row, "window"), *a = gnt_at_text(row, "arm");
    return w && a && strcmp(w, window) == 0 && (!arm || strcmp(a, arm) == 0);
}

/* The arms of the curve, in the order they come. */
static size_t arms_of(const json_t *curve, const char *window, const char **arm, size_t room)
{
    size_t n = 0, i, k;
    const json_t *row;
    json_array_foreach(curve, i, row)
    {
        if (!is_of(row, window, NULL)) continue;
        const char *name = gnt_at_text(row, "arm");
        for (k = 0; k < n && strcmp(arm[k], name) != 0;) k++;
        if (k == n && n < room) arm[n++] = name;
    }
    return n;
}

static double break_even(const json_t *window, const char *arm)
{
    return gnt_at_real(json_object_get(gnt_at(window, "arms"), arm), "break_even_bp");
}

static void break_even_line(gnt_buf *s, double bp, const char *colour)
{
    if (!isfinite(bp)) return;
    gnt_buf_printf(s,
                   "if (%g <= XMAX) {\nset arrow from first %g,graph 0 to first %g,graph 1 nohead lc rgb '%s' lw 1.6 "
                   "dt (3,3)\n}\n",
                   bp, bp, bp, colour);
}

static void script(gnt_buf *s, const gnt_easel *easel, const json_t *window, const char **arm, size_t n_arms)
{
    const json_t *json = easel->result->json, *curve = json_object_get(json, "cost_curve"), *row;
    const char *name = gnt_at_text(window, "name");
    double assumed = gnt_at_real(json, "strategy.commission_bp") + gnt_at_real(json, "strategy.half_spread_bp") +
                     gnt_at_real(json, "strategy.slippage_bp");
    size_t i;
    double most = 0;
    for (size_t a = 0; a < n_arms; a++) {
        gnt_buf_printf(s, "$a%zu << EOD\n", a);
        json_array_foreach(curve, i, row)
        {
            if (!is_of(row, name, arm[a])) continue;
            double bp = gnt_at_real(row, "cost_bp");
            if (bp > most) most = bp;
            gnt_plot_number(s, bp);
            gnt_plot_number(s, 100 * gnt_at_real(row, "total_return"));
            gnt_buf_put(s, "\n");
        }
        gnt_buf_put(s, "EOD\n");
    }
    gnt_buf_printf(s, "XMAX = %g\nset xrange [0:XMAX]\n", most);
    gnt_plot_area(s, 0.085, 0.98, 0.165, 0.79);
    gnt_buf_put(s, "set xlabel 'one-way cost, basis points of what is traded'\nset ylabel 'total return of the window, "
                   "%' offset -0.6,0\n"
                   "set key at screen 0.018,screen KEY_Y left top horizontal samplen 2.6 font 'DejaVu Sans,14'\n"
                   "set arrow from graph 0,first 0 to graph 1,first 0 nohead lc rgb '#9aa0a8' lw 1.2\n");
    if (isfinite(assumed))
        gnt_buf_printf(s,
                       "set object rectangle from first %g,graph 0 to first %g,graph 1 fc rgb '#dfe2e7' fs solid "
                       "noborder behind\n",
                       assumed - most * 0.004, assumed + most * 0.004);
    for (size_t a = 0; a < n_arms; a++) break_even_line(s, break_even(window, arm[a]), gnt_plot_look(arm[a], a).colour);
    for (size_t a = 0; a < n_arms; a++) {
        gnt_look look = gnt_plot_look(arm[a], a);
        gnt_buf_printf(s, "%s$a%zu using 1:2 with linespoints lc rgb '%s' lw 2.4 dt %s pt %d ps 1.2 title ",
                       a ? ", " : "plot ", a, look.colour, look.dash, look.point);
        char title[160];
        double bp = break_even(window, arm[a]);
        snprintf(title, sizeof title, isfinite(bp) ? "%.40s, breaks even at %s" : "%.40s, no break-even", arm[a],
                 gnt_basis_points(bp).s);
        gnt_escape_gnuplot(s, title);
    }
    double hold = NAN;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)gnt_at(window, "arms"), key, value) hold = gnt_at_real(value, "benchmarks.buy_hold");
    if (isfinite(hold))
        gnt_buf_printf(s, ", %.10g with lines lc rgb '%s' lw 1.8 dt (7,4) title 'buy and hold at %g bp'", 100 * hold,
                       GNT_BLACK, assumed);
    if (isfinite(assumed))
        gnt_buf_printf(s, ", keyentry with boxes fs solid fc rgb '#dfe2e7' title '%g bp assumed'", assumed);
    gnt_buf_put(s, "\n");
}

gnt_status gnt_draw_costs(gnt_easel *easel, const json_t *window, gnt_drawn *drawn, gnt_error *why)
{
    const char *arm[6];
    gnt_buf *s;
    char subject[256];
    const json_t *curve = json_object_get(easel->result->json, "cost_curve");
    size_t n_arms = arms_of(curve, gnt_at_text(window, "name"), arm, 6);
    if (!n_arms) return GNT_OK;
    gnt_draw_subject(easel, window, subject, sizeof subject);
    GNT_TRY(gnt_draw_begin(easel, "costs", gnt_at_text(window, "name"), 1400, 720, drawn, &s, why));
    gnt_plot_title(s, "What is left after costs", subject, easel->corner);
    script(s, easel, window, arm, n_arms);
    gnt_draw_caption(
        drawn,
        "%s: total return of the same decisions at rising one-way costs; a dotted line marks the cost at which "
        "a book's return is zero, the grey line the cost assumed everywhere else.",
        subject);
    return GNT_OK;
}
