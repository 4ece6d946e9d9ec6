/* Equity of the books and benchmarks as return since the start, drawdown below on the same days. */
#include <math.h>
#include <string.h>

#include "draw.h"
#include "escape.h"
#include "words.h"

enum { MAX_LINES = 8 };

typedef struct book {
    const char *name;
    gnt_series equity;
    gnt_look look;
    double width;
} book;

typedef struct chart {
    book line[MAX_LINES];
    size_t n, n_arms;
    gnt_series day;
    double capital;
    bool same; /* always-up's book is buy-and-hold's */
} chart;

static bool equal(const gnt_series *a, const gnt_series *b)
{
    return a->n == b->n && a->n && memcmp(a->value, b->value, a->n * sizeof *a->value) == 0;
}

static gnt_status benchmark(gnt_easel *easel, const char *window, const char *name, gnt_series *series, gnt_error *why,
                            size_t n)
{
    return gnt_result_series(easel->result, n, series, why, "/windows/%s/%s", window, name);
}

static gnt_status collect(gnt_easel *easel, const json_t *window, chart *c, gnt_error *why)
{
    const char *name = gnt_at_text(window, "name"), *arm;
    json_t *value;
    gnt_series hold, up, persistence;
    c->capital = gnt_at_real(easel->result->json, "strategy.capital");
    GNT_TRY(gnt_result_series(easel->result, 0, &c->day, why, "/windows/%s/day", name));
    GNT_TRY(benchmark(easel, name, "buy_hold", &hold, why, c->day.n));
    GNT_TRY(benchmark(easel, name, "always_up", &up, why, c->day.n));
    GNT_TRY(benchmark(easel, name, "persistence", &persistence, why, c->day.n));
    c->same = equal(&hold, &up);
    if (hold.n)
        c->line[c->n++] = (book){c->same ? "hold = always-up" : "buy and hold", hold, {GNT_BLACK, "(7,3)", 0}, 2};
    if (up.n && !c->same) c->line[c->n++] = (book){"always-up", up, {GNT_GREEN, "(11,3,2,3)", 0}, 1.8};
    if (persistence.n) c->line[c->n++] = (book){"persistence", persistence, {GNT_PURPLE, "(3,2)", 0}, 2};
    json_object_foreach(json_object_get(window, "arms"), arm, value)
    {
        gnt_series equity;
        if (c->n == MAX_LINES) break;
        GNT_TRY(gnt_result_series(easel->result, c->day.n, &equity, why, "/windows/%s/%s/equity", name, arm));
        if (equity.n) c->line[c->n++] = (book){arm, equity, gnt_plot_look(arm, c->n_arms++), 2.4};
    }
    return GNT_OK;
}

/* Columns: day, then return and drawdown of every line, in percent. */
static void data(gnt_buf *s, const chart *c)
{
    double peak[MAX_LINES];
    for (size_t l = 0; l < c->n; l++) peak[l] = c->capital;
    gnt_buf_put(s, "$d << EOD\n");
    for (size_t i = 0; i < c->day.n; i++) {
        gnt_buf_printf(s, "%.0f ", c->day.value[i]);
        for (size_t l = 0; l < c->n; l++) {
            double equity = c->line[l].equity.value[i];
            if (equity > peak[l]) peak[l] = equity;
            gnt_buf_printf(s, "%.7g %.7g ", 100 * (equity / c->capital - 1), 100 * (equity / peak[l] - 1));
        }
        gnt_buf_put(s, "\n");
    }
    gnt_buf_put(s, "EOD\n");
}

static void lines(gnt_buf *s, const chart *c, bool drawdown)
{
    for (size_t l = 0; l < c->n; l++) {
        const book *line = &c->line[l];
        gnt_buf_printf(s, "%s$d using 1:%zu with lines lc rgb '%s' lw %g dt %s", l ? ", " : "plot ",
                       2 + 2 * l + drawdown, line->look.colour, line->width, line->look.dash);
        if (drawdown) continue;
        char title[160];
        snprintf(title, sizeof title, "%.40s %s", line->name,
                 gnt_percent_signed(line->equity.value[c->day.n - 1] / c->capital - 1).s);
        gnt_buf_put(s, " title ");
        gnt_escape_gnuplot(s, title);
    }
}

static void script(gnt_buf *s, const chart *c, const gnt_shade *shade)
{
    gnt_day first = (gnt_day)c->day.value[0], last = (gnt_day)c->day.value[c->day.n - 1];
    data(s, c);
    gnt_buf_put(s, "set multiplot\n");
    gnt_buf_add(s, shade->objects.data ? shade->objects.data : "", shade->objects.n);
    gnt_plot_area(s, 0.09, 0.985, 0.40, 0.80);
    gnt_plot_dates(s, first, last, 9, false);
    gnt_buf_put(
        s, "set ylabel 'return since start, %' offset -0.6,0\nset key at screen 0.018,screen KEY_Y left top horizontal "
           "samplen 2.6 width 0.5 font 'DejaVu Sans,14' maxrows 2\n"
           "set arrow 1 from graph 0,first 0 to graph 1,first 0 nohead lc rgb '#9aa0a8' lw 1\n");
    lines(s, c, false);
    gnt_buf_add(s, shade->keys.data ? shade->keys.data : "", shade->keys.n);
    gnt_buf_put(s, "\n");
    gnt_plot_once(s);
    gnt_buf_put(s, "unset key\nset yrange [*:0]\nset ylabel 'drawdown, %' offset -0.6,0\n");
    gnt_plot_area(s, 0.09, 0.985, 0.115, 0.365);
    gnt_plot_dates(s, first, last, 9, true);
    lines(s, c, true);
    gnt_buf_put(s, "\nunset multiplot\n");
}

static void caption(const gnt_easel *easel, const chart *c, const gnt_shade *shade, const char *subject,
                    gnt_drawn *drawn)
{
    char regimes[128] = "";
    if (*shade->scheme)
        snprintf(regimes, sizeof regimes, " Shaded: %s regimes as known the day before.",
                 strcmp(shade->scheme, "bull_bear") == 0 ? "bear" : shade->scheme);
    (void)easel;
    gnt_draw_caption(drawn,
                     "%s: return since the start after costs, against the benchmarks at the same costs%s; below, the "
                     "fall from the highest value so far.%s",
                     subject, c->same ? " (buy-and-hold and always-up are one line: the same book)" : "", regimes);
}

gnt_status gnt_draw_equity(gnt_easel *easel, const json_t *window, gnt_drawn *drawn, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_shade shade = {0};
    chart c = {0};
    gnt_buf *s;
    char subject[256];
    GNT_GOTO(collect(easel, window, &c, why));
    if (!c.n || c.day.n < 2 || !(c.capital > 0)) return GNT_OK;
    GNT_GOTO(gnt_shade_make(easel->result, &c.day, &shade, why));
    gnt_draw_subject(easel, window, subject, sizeof subject);
    GNT_GOTO(gnt_draw_begin(easel, "equity", gnt_at_text(window, "name"), 1500, 900, drawn, &s, why));
    gnt_plot_title(s, "Equity and drawdown after costs", subject, easel->corner);
    script(s, &c, &shade);
    caption(easel, &c, &shade, subject, drawn);
out:
    gnt_shade_free(&shade);
    return st;
}
