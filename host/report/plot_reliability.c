/* Reliability: when a model says 55 %, how often did it go up? Counts per bin below. */
#include <math.h>
#include <stdlib.h>

#include "draw.h"
#include "escape.h"
#include "host/base/mem.h"
#include "host/eval/classification.h"
#include "host/eval/proportion.h"
#include "words.h"

enum { MIN_SCORES = 30, MAX_BINS = 50 };

typedef struct arm_bins {
    const char *name;
    gnt_calibration_bin bin[MAX_BINS];
    double lo, hi; /* of the scores */
} arm_bins;

static const uint32_t bin_choices[] = {10, 20, 50};

static size_t occupied(const gnt_calibration_bin *bin, uint32_t n)
{
    size_t k = 0;
    for (uint32_t i = 0; i < n; i++) k += bin[i].n > 0;
    return k;
}

/* Scores and outcomes of the bars that have a score. */
static gnt_status scored(gnt_easel *easel, const char *window, const char *arm, const gnt_series *up, uint8_t *y,
                         double *p, size_t *n, gnt_error *why)
{
    gnt_series prob;
    GNT_TRY(gnt_result_series(easel->result, up->n, &prob, why, "/windows/%s/%s/prob", window, arm));
    *n = 0;
    for (size_t i = 0; i < prob.n; i++) {
        if (!(prob.value[i] >= 0 && prob.value[i] <= 1)) continue;
        y[*n] = up->value[i] > 0.5;
        p[(*n)++] = prob.value[i];
    }
    return GNT_OK;
}

static void fill(arm_bins *arm, const uint8_t *y, const double *p, size_t n, uint32_t *n_bins)
{
    arm->lo = arm->hi = p[0];
    for (size_t i = 1; i < n; i++) {
        arm->lo = fmin(arm->lo, p[i]);
        arm->hi = fmax(arm->hi, p[i]);
    }
    if (*n_bins) gnt_calibration_bins(y, p, n, arm->bin, *n_bins);
    for (size_t c = 0; !*n_bins; c++) { /* the first arm's scores choose: the widest bins that fill five */
        gnt_calibration_bins(y, p, n, arm->bin, bin_choices[c]);
        if (occupied(arm->bin, bin_choices[c]) >= 5 || c == 2) *n_bins = bin_choices[c];
    }
}

static void data(gnt_buf *s, const arm_bins *arm, size_t n_arms, uint32_t n_bins)
{
    for (size_t a = 0; a < n_arms; a++) {
        gnt_buf_printf(s, "$a%zu << EOD\n", a);
        for (uint32_t b = 0; b < n_bins; b++) {
            const gnt_calibration_bin *bin = &arm[a].bin[b];
            if (!bin->n) continue;
            gnt_interval ci = gnt_wilson((uint64_t)llround(bin->mean_y * (double)bin->n), bin->n, 0.05);
            /* bars of several arms stand side by side inside the bin */
            double left = 100 * (b + (0.1 + 0.8 * (double)a / (double)n_arms)) / n_bins,
                   width = 80.0 / n_bins / (double)n_arms;
            gnt_buf_printf(s, "%.6g %.6g %.6g %.6g %llu %.6g %.6g\n", 100 * bin->mean_p, 100 * bin->mean_y, 100 * ci.lo,
                           100 * ci.hi, (unsigned long long)bin->n, left + width / 2, width);
        }
        gnt_buf_put(s, "EOD\n");
    }
}

static void script(gnt_buf *s, const arm_bins *arm, size_t n_arms, uint32_t n_bins, double base)
{
    double lo = 100, hi = 0;
    for (size_t a = 0; a < n_arms; a++) {
        lo = fmin(lo, 100 * floor(arm[a].lo * n_bins) / n_bins);
        hi = fmax(hi, 100 * ceil(arm[a].hi * n_bins) / n_bins);
    }
    lo = fmin(lo, 100 * floor(base * n_bins) / n_bins);
    hi = fmax(hi, 100 * ceil(base * n_bins) / n_bins);
    data(s, arm, n_arms, n_bins);
    gnt_buf_printf(s,
                   "set multiplot\nset xrange [%g:%g]\nset yrange [0:100]\nset format x ''\n"
                   "set ylabel 'went up, %%' offset -0.6,0\n"
                   "set key at screen 0.018,screen KEY_Y left top horizontal samplen 2.2 font 'DejaVu Sans,14'\n"
                   "set arrow 1 from graph 0,first %g to graph 1,first %g nohead lc rgb '%s' dt (7,4) lw 1.6\n",
                   lo, hi, 100 * base, 100 * base, GNT_BLACK);
    gnt_plot_area(s, 0.085, 0.98, 0.40, 0.80);
    gnt_buf_put(s, "plot x with lines lc rgb '#9aa0a8' lw 1.6 title 'perfectly calibrated', "
                   "keyentry with lines lc rgb '#000000' dt (7,4) lw 1.6 title 'share of up days'");
    for (size_t a = 0; a < n_arms; a++) {
        gnt_look look = gnt_plot_look(arm[a].name, a);
        gnt_buf_printf(s, ", $a%zu using 1:2:3:4 with yerrorbars lc rgb '%s' lw 2 pt %d ps 1.6 title ", a, look.colour,
                       look.point);
        gnt_escape_gnuplot(s, arm[a].name);
    }
    gnt_buf_put(s, "\n");
    gnt_plot_once(s);
    gnt_plot_area(s, 0.085, 0.98, 0.14, 0.365);
    gnt_buf_put(
        s, "unset key\nunset arrow 1\nset yrange [0:*]\nset format x '%g'\nset ylabel 'days per bin' offset -0.6,0\n"
           "set xlabel 'forecast probability of up, %'\n");
    for (size_t a = 0; a < n_arms; a++)
        gnt_buf_printf(s, "%s$a%zu using 6:5:7 with boxes fs solid 0.85 noborder lc rgb '%s'", a ? ", " : "plot ", a,
                       gnt_plot_look(arm[a].name, a).colour);
    gnt_buf_put(s, "\nunset multiplot\n");
}

gnt_status gnt_draw_reliability(gnt_easel *easel, const json_t *window, gnt_drawn *drawn, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const char *name = gnt_at_text(window, "name"), *arm_name;
    json_t *value;
    gnt_series up;
    gnt_buf *s;
    uint8_t *y = NULL;
    double *p = NULL, base = 0;
    arm_bins arm[4];
    size_t n_arms = 0, n = 0;
    uint32_t n_bins = 0;
    char subject[256];
    GNT_TRY(gnt_result_series(easel->result, 0, &up, why, "/windows/%s/up", name));
    if (up.n < MIN_SCORES) return GNT_OK;
    GNT_ALLOC(y, up.n);
    GNT_ALLOC(p, up.n);
    json_object_foreach((json_t *)gnt_at(window, "arms"), arm_name, value)
    {
        GNT_GOTO(scored(easel, name, arm_name, &up, y, p, &n, why));
        if (n < MIN_SCORES || n_arms == 4) continue;
        arm[n_arms].name = arm_name;
        fill(&arm[n_arms++], y, p, n, &n_bins);
    }
    if (!n_arms) goto out;
    for (size_t i = 0; i < up.n; i++) base += (up.value[i] > 0.5) / (double)up.n;
    gnt_draw_subject(easel, window, subject, sizeof subject);
    GNT_GOTO(gnt_draw_begin(easel, "reliability", name, 1400, 900, drawn, &s, why));
    gnt_plot_title(s, "Reliability of the probabilities", subject, easel->corner);
    script(s, arm, n_arms, n_bins, base);
    gnt_draw_caption(
        drawn,
        "%s: how often it went up when a model said so, in bins %g points wide, each with its Wilson 95 %% "
        "interval; below, how many days each bin rests on.",
        subject, 100.0 / n_bins);
out:
    free(y);
    free(p);
    return st;
}
