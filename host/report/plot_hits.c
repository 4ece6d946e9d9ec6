/* Rolling hit rate: is skill there all the time, or was it one lucky stretch? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "escape.h"
#include "host/base/mem.h"
#include "host/eval/dist.h"
#include "words.h"

/* Days in the rolling window: a quarter, or a month where the test is short. 0: too short to roll. */
static size_t rolling_days(size_t n)
{
    return n >= 189 ? 63 : n >= 42 ? 21 : 0;
}

/* Hits a fair coin exceeds on neither side in 95 % of windows: the narrowest central range of the binomial. */
static void coin_band(size_t days, double *lo, double *hi)
{
    size_t k = 0;
    while (gnt_binomial_cdf(k, days, 0.5) <= 0.025) k++;
    *lo = (double)k / (double)days;
    *hi = 1 - *lo;
}

/* out[i]: share of hits over the last `days` scored bars ending at i; NaN before there are enough. hit: 1, 0, NaN. */
static void roll(const double *hit, size_t n, size_t days, double *out, size_t *ring)
{
    size_t scored = 0;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = NAN;
        if (isnan(hit[i])) continue;
        sum += hit[i];
        if (scored >= days) sum -= hit[ring[scored % days]];
        ring[scored++ % days] = i;
        if (scored >= days) out[i] = sum / (double)days;
    }
}

static gnt_status arm_column(gnt_easel *easel, const char *window, const char *arm, const gnt_series *up, size_t days,
                             double *out, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_series prob = {0};
    double *hit = NULL;
    size_t *ring = NULL;
    GNT_ALLOC(hit, up->n);
    GNT_ALLOC(ring, days);
    if (arm) GNT_GOTO(gnt_result_series(easel->result, up->n, &prob, why, "/windows/%s/%s/prob", window, arm));
    for (size_t i = 0; i < up->n; i++) {
        double p = arm ? prob.n ? prob.value[i] : NAN : 1; /* no arm: always-up */
        hit[i] = isnan(p) ? NAN : (p >= 0.5) == (up->value[i] > 0.5);
    }
    roll(hit, up->n, days, out, ring);
out:
    free(hit);
    free(ring);
    return st;
}

static void script(gnt_buf *s, const json_t *arms, const gnt_series *day, const double *column, size_t n_columns,
                   size_t days)
{
    double lo, hi;
    const char *arm;
    json_t *value;
    size_t c = 1;
    coin_band(days, &lo, &hi);
    gnt_buf_put(s, "$d << EOD\n");
    for (size_t i = 0; i < day->n; i++) {
        gnt_buf_printf(s, "%.0f ", day->value[i]);
        for (size_t k = 0; k < n_columns; k++) gnt_plot_number(s, 100 * column[k * day->n + i]);
        gnt_buf_put(s, "\n");
    }
    gnt_buf_put(s, "EOD\n");
    gnt_plot_area(s, 0.085, 0.985, 0.155, 0.755);
    gnt_plot_dates(s, (gnt_day)day->value[0], (gnt_day)day->value[day->n - 1], 9, true);
    gnt_buf_printf(
        s,
        "set object rectangle from graph 0,first %g to graph 1,first %g fc rgb '#e9edf2' fs solid noborder behind\n"
        "set arrow from graph 0,first 50 to graph 1,first 50 nohead lc rgb '#6b7078' lw 1.2\n"
        "set ylabel 'hit rate over %zu scored days, %%' offset -0.6,0\nset yrange [*<%g:%g<*]\n"
        "set key at screen 0.018,screen KEY_Y left top horizontal samplen 2.6 font 'DejaVu Sans,14'\n"
        "plot $d using 1:2 with lines lc rgb '%s' lw 1.8 dt (7,4) title 'always-up'",
        100 * lo, 100 * hi, days, 100 * lo - 12, 100 * hi + 12, GNT_BLACK);
    json_object_foreach((json_t *)arms, arm, value)
    {
        gnt_look look = gnt_plot_look(arm, c);
        gnt_buf_printf(s, ", $d using 1:%zu with lines lc rgb '%s' lw 2.4 dt %s title ", 2 + c, look.colour, look.dash);
        gnt_escape_gnuplot(s, arm);
        if (++c == n_columns) break;
    }
    gnt_buf_put(s, ", keyentry with boxes fs solid fc rgb '#e9edf2' title 'fair coin, 95 % of windows'\n");
}

gnt_status gnt_draw_hit_rate(gnt_easel *easel, const json_t *window, gnt_drawn *drawn, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_series day, up;
    const json_t *arms = gnt_at(window, "arms");
    const char *name = gnt_at_text(window, "name"), *arm;
    json_t *value;
    char subject[256];
    gnt_buf *s;
    double *column = NULL;
    size_t n_columns = 1 + json_object_size(arms), k = 0;
    GNT_TRY(gnt_result_series(easel->result, 0, &day, why, "/windows/%s/day", name));
    GNT_TRY(gnt_result_series(easel->result, day.n, &up, why, "/windows/%s/up", name));
    size_t days = rolling_days(up.n);
    if (!days || n_columns < 2) return GNT_OK;
    GNT_ALLOC(column, n_columns * up.n);
    GNT_GOTO(arm_column(easel, name, NULL, &up, days, column, why));
    json_object_foreach((json_t *)arms, arm, value)
        GNT_GOTO(arm_column(easel, name, arm, &up, days, column + ++k * up.n, why));
    gnt_draw_subject(easel, window, subject, sizeof subject);
    GNT_GOTO(gnt_draw_begin(easel, "hit_rate", name, 1500, 640, drawn, &s, why));
    gnt_plot_title(s, "Rolling hit rate", subject, easel->corner);
    script(s, arms, &day, column, n_columns, days);
    gnt_draw_caption(
        drawn,
        "%s: share of right calls over the last %zu scored days. A fair coin stays in the grey band on "
        "95 %% of days; neighbouring values share days, so stretches outside it are longer than they seem.",
        subject, days);
out:
    free(column);
    return st;
}
