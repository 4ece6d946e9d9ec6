/* The six views of an A/B replay on one picture; advanced_ab_test_analysis_YYYYMMDD_HHMMSS.png (SPEC 8). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "escape.h"
#include "host/eval/proportion.h"
#include "words.h"

static const char *const arms[] = {"baseline", "enhanced"};

/* The panel in column c of 3, row r of 2, as margins. */
static void place(gnt_buf *s, int c, int r, const char *title)
{
    double left = 0.085 + 0.322 * c, bottom = r == 0 ? 0.555 : 0.095;
    gnt_plot_area(s, left, left + 0.245, bottom, bottom + 0.285);
    gnt_buf_put(
        s, "unset label\nunset arrow\nunset object\nunset key\nunset xlabel\nunset ylabel\nunset grid\nset xtics "
           "autofreq rotate by 0\n"
           "set ytics autofreq\nset xrange [*:*]\nset yrange [*:*]\nset format x '%g'\nset format y '%g'\nset title ");
    gnt_escape_gnuplot(s, title);
    gnt_buf_put(s, " font 'DejaVu Sans:Bold,16' offset 0,0.9\n");
}

/* Share of the enhanced arm with its Wilson interval against the target. */
static void split(gnt_buf *s, const json_t *ab, double target)
{
    double nb = gnt_at_real(ab, "counts.baseline"), ne = gnt_at_real(ab, "counts.enhanced"), n = nb + ne;
    char text[320];
    if (!(n >= 1 && n < 1e15)) return;
    gnt_interval ci = gnt_wilson((uint64_t)ne, (uint64_t)n, 0.05);
    place(s, 0, 0, "Split: share of requests");
    snprintf(text, sizeof text, "%s baseline, %s enhanced; SRM p %s", gnt_whole(nb).s, gnt_whole(ne).s,
             gnt_probability(gnt_at_real(ab, "srm_p")).s);
    gnt_buf_printf(s, "set grid xtics lt 1 lc rgb '#e4e6e9'\nset yrange [0.4:2.6]\nset ytics ('enhanced' 1, 'baseline' "
                      "2)\nset xrange [0:100]\n"
                      "set xlabel 'share, %%'\nset label ");
    gnt_escape_gnuplot(s, text);
    gnt_buf_printf(
        s,
        " at graph 0.02,graph 0.5 left font 'DejaVu Sans,13' tc rgb '#4a4f57'\n"
        "set key at graph 1,graph 1.005 right bottom horizontal samplen 1.5 font 'DejaVu Sans,12'\n"
        "$s << EOD\n%g 2 %g %g\nEOD\n$t << EOD\n%g 1 %g %g\nEOD\n$w << EOD\n%g 0.72\n%g 1.28\n\n%g 1.72\n%g 2.28\nEOD\n"
        "plot $s using 1:2:3:4 with xerrorbars lc rgb '%s' lw 2.4 pt 7 ps 1.8, "
        "$t using 1:2:3:4 with xerrorbars lc rgb '%s' lw 2.4 pt 5 ps 1.8, "
        "$w using 1:2 with lines lc rgb '#000000' lw 3 title 'target'\n",
        100 * nb / n, 100 * (1 - ci.hi), 100 * (1 - ci.lo), 100 * ne / n, 100 * ci.lo, 100 * ci.hi, 100 * target,
        100 * target, 100 * (1 - target), 100 * (1 - target), GNT_BLUE, GNT_VERMILLION);
}

static gnt_status latency(gnt_buf *s, gnt_result *result, gnt_error *why)
{
    gnt_series ms, arm;
    GNT_TRY(gnt_result_series(result, 0, &ms, why, "/ab/latency_ms"));
    GNT_TRY(gnt_result_series(result, ms.n, &arm, why, "/ab/arm"));
    place(s, 1, 0, "Latency");
    if (!ms.n || !arm.n) {
        gnt_buf_put(
            s, "set label \"No latency here: an offline replay scores\\nstored bars and sends no request.\\n\\n"
               "Only a live client can measure it.\" at graph 0.5,graph 0.6 center font 'DejaVu Sans,14' tc rgb "
               "'#4a4f57'\n"
               "set xtics format ''\nset xrange [0:1]\nset yrange [0:1]\nunset xtics\nunset ytics\nplot NaN notitle\n"
               "set xtics nomirror out\nset ytics nomirror out\n");
        return GNT_OK;
    }
    for (int a = 0; a < 2; a++) {
        gnt_buf_printf(s, "$l%d << EOD\n", a);
        for (size_t i = 0; i < ms.n; i++)
            if (arm.value[i] == a) gnt_buf_printf(s, "%.7g\n", ms.value[i]);
        gnt_buf_put(s, "EOD\n");
    }
    gnt_buf_printf(s,
                   "set grid ytics lt 1 lc rgb '#e4e6e9'\nset xrange [0.4:2.6]\nset xtics ('baseline' 1, 'enhanced' "
                   "2)\nset ylabel 'ms' offset -0.6,0\n"
                   "set style boxplot nooutliers\nset boxwidth 0.5\n"
                   "plot $l0 using (1.0):1 with boxplot lc rgb '%s' fs empty lw 2, $l1 using (2.0):1 with boxplot lc "
                   "rgb '%s' fs empty lw 2\n",
                   GNT_BLUE, GNT_VERMILLION);
    return GNT_OK;
}

static void accuracy(gnt_buf *s, const json_t *ab)
{
    char path[64];
    place(s, 2, 0, "Accuracy, Wilson 95 %");
    gnt_buf_put(s, "$q << EOD\n");
    for (int part = 0; part < 2; part++)
        for (int a = 0; a < 2; a++) {
            snprintf(path, sizeof path, part ? "routed.%s.accuracy" : "%s.accuracy", arms[a]);
            const json_t *of = gnt_at(ab, path);
            gnt_buf_printf(s, "%g ", 1 + 1.2 * part + 0.4 * a);
            gnt_plot_number(s, 100 * gnt_at_real(of, "value"));
            gnt_plot_number(s, 100 * gnt_at_real(of, "lo"));
            gnt_plot_number(s, 100 * gnt_at_real(of, "hi"));
            gnt_plot_number(s, 100 * gnt_at_real(of, "majority"));
            gnt_buf_put(s, "\n");
        }
    gnt_buf_printf(s,
                   "EOD\nset grid ytics lt 1 lc rgb '#e4e6e9'\nset xrange [0.6:3]\nset xtics (\"every request,\\nboth "
                   "arms\" 1.2, \"as\\nrouted\" 2.4)\n"
                   "set yrange [*<48.5:51.5<*]\nset ytics 5\nset ylabel 'right, %%' offset -0.4,0\nset key at graph "
                   "1,graph 1.005 right bottom horizontal samplen 1.5 font 'DejaVu Sans,12'\n"
                   "plot 50 with lines lc rgb '#444444' lw 1.6 dt (5,4) title 'coin', "
                   "$q using ($1-0.16):5:(0.32):(0) with vectors nohead lc rgb '#000000' lw 3 title 'majority', "
                   "$q every 2 using 1:2:3:4 with yerrorbars lc rgb '%s' lw 2.4 pt 7 ps 1.7 title 'baseline', "
                   "$q every 2::1 using 1:2:3:4 with yerrorbars lc rgb '%s' lw 2.4 pt 5 ps 1.7 title 'enhanced'\n",
                   GNT_BLUE, GNT_VERMILLION);
}

static gnt_status predictions(gnt_buf *s, gnt_result *result, gnt_error *why)
{
    gnt_series day, arm, prob[2];
    GNT_TRY(gnt_result_series(result, 0, &day, why, "/ab/day"));
    GNT_TRY(gnt_result_series(result, day.n, &arm, why, "/ab/arm"));
    GNT_TRY(gnt_result_series(result, day.n, &prob[0], why, "/ab/prob_baseline"));
    GNT_TRY(gnt_result_series(result, day.n, &prob[1], why, "/ab/prob_enhanced"));
    place(s, 0, 1, "Predictions over time, as routed");
    if (!day.n || !arm.n || !prob[0].n || !prob[1].n) {
        gnt_buf_put(s, "set label 'no predictions stored' at graph 0.5,graph 0.5 center\nset xrange [0:1]\nset yrange "
                       "[0:1]\nplot NaN notitle\n");
        return GNT_OK;
    }
    gnt_day first = (gnt_day)day.value[0], last = first;
    for (int a = 0; a < 2; a++) {
        gnt_buf_printf(s, "$p%d << EOD\n", a);
        for (size_t i = 0; i < day.n; i++) {
            if (day.value[i] > last) last = (gnt_day)day.value[i];
            if (arm.value[i] == a && isfinite(prob[a].value[i]))
                gnt_buf_printf(s, "%.0f %.6g\n", day.value[i], 100 * prob[a].value[i]);
        }
        gnt_buf_put(s, "NaN NaN\nEOD\n");
    }
    gnt_plot_dates(s, first, last, 6, true);
    gnt_buf_printf(s,
                   "set grid ytics lt 1 lc rgb '#e4e6e9'\nset ylabel 'probability of up, %%' offset -0.4,0\n"
                   "set arrow from graph 0,first 50 to graph 1,first 50 nohead front lc rgb '#000000' lw 1.6 dt (3,3)\n"
                   "set key at graph 1,graph 1.005 right bottom horizontal samplen 1.5 font 'DejaVu Sans,12'\n"
                   "plot $p0 using 1:2 with points lc rgb '%s' pt 7 ps 0.75 title 'baseline', "
                   "$p1 using 1:2 with points lc rgb '%s' pt 5 ps 0.75 title 'enhanced'\n",
                   GNT_BLUE, GNT_VERMILLION);
    return GNT_OK;
}

/* Requests of each regime, a bar an arm. One scheme: the first one listed. */
static void regimes(gnt_buf *s, const json_t *ab)
{
    const json_t *row, *list = json_object_get(ab, "regimes");
    size_t i, n = 0;
    const char *scheme = gnt_at_text(json_array_get(list, 0), "scheme");
    place(s, 1, 1, "Requests a regime");
    gnt_buf_put(s, "$r << EOD\n");
    json_array_foreach(list, i, row)
    {
        const char *of = gnt_at_text(row, "scheme");
        if (scheme && of && strcmp(of, scheme) != 0) continue;
        gnt_buf_printf(s, "%zu %.0f %.0f\n", n++, gnt_at_real(row, "baseline"), gnt_at_real(row, "enhanced"));
    }
    gnt_buf_put(s, "EOD\nset xtics (");
    for (i = 0, n = 0; i < json_array_size(list); i++) {
        const char *of = gnt_at_text(json_array_get(list, i), "scheme"),
                   *name = gnt_at_text(json_array_get(list, i), "regime");
        if ((scheme && of && strcmp(of, scheme) != 0) || !name) continue;
        gnt_buf_put(s, n ? "," : "");
        gnt_escape_gnuplot_tic(s, name);
        gnt_buf_printf(s, " %zu", n++);
    }
    gnt_buf_printf(s,
                   ")\nset xrange [-0.6:%g]\nset yrange [0:*]\nset grid ytics lt 1 lc rgb '#e4e6e9'\nset ylabel "
                   "'requests' offset -0.4,0\n",
                   (double)n - 0.4);
    if (scheme) {
        gnt_buf_put(s, "set xlabel ");
        gnt_escape_gnuplot(s, strcmp(scheme, "bull_bear") == 0 ? "market (20 % rule)" : scheme);
        gnt_buf_put(s, "\n");
    }
    gnt_buf_printf(s,
                   "set key at graph 1,graph 1.005 right bottom horizontal samplen 1.5 font 'DejaVu Sans,12'\nset "
                   "offsets 0,0,graph 0.14,0\n"
                   "plot $r using ($1-0.18):2:(0.34) with boxes lc rgb '%s' title 'baseline', $r using "
                   "($1+0.18):3:(0.34) with boxes lc rgb '%s' title 'enhanced', "
                   "$r using ($1-0.18):2:2 with labels offset 0,0.7 font 'DejaVu Sans,12' notitle, $r using "
                   "($1+0.18):3:3 with labels offset 0,0.7 font 'DejaVu Sans,12' notitle\n"
                   "set offsets 0,0,0,0\n",
                   GNT_BLUE, GNT_VERMILLION);
}

typedef struct cell_row {
    const char *label, *path;
    bool signed_percent;
} cell_row;

/* Each row is shaded from its own lowest to its own highest value; the cells hold the raw values. */
static void heatmap(gnt_buf *s, const json_t *ab)
{
    static const cell_row rows[] = {
        {"accuracy", "accuracy.value", false}, {"95 % low", "accuracy.lo", false}, {"return", "total_return", true}};
    enum { N_ROWS = 3, N_COLUMNS = 4 };
    char path[96];
    place(s, 2, 1, "Raw values, shaded by row");
    gnt_buf_put(s, "$h << EOD\n");
    for (int r = 0; r < N_ROWS; r++) {
        double value[N_COLUMNS], lo = INFINITY, hi = -INFINITY;
        for (int c = 0; c < N_COLUMNS; c++) {
            snprintf(path, sizeof path, "%s%s.%s", c < 2 ? "" : "routed.", arms[c % 2], rows[r].path);
            value[c] = gnt_at_real(ab, path);
            lo = fmin(lo, value[c]);
            hi = fmax(hi, value[c]);
        }
        for (int c = 0; c < N_COLUMNS; c++) {
            double shade = hi > lo ? (value[c] - lo) / (hi - lo) : 0.5;
            gnt_word word = rows[r].signed_percent ? gnt_percent_signed(value[c]) : gnt_percent(value[c]);
            gnt_buf_printf(s, "%d %d %g \"%s\" %d\n", c, r, isfinite(shade) ? shade : 0.5, word.s,
                           shade > 0.6 ? 0xffffff : 0x111111);
        }
    }
    gnt_buf_put(s, "EOD\nset yrange [2.5:-0.5]\nset xrange [-0.5:3.5]\nset palette defined (0 '#f2f6fa', 1 "
                   "'#0b4f86')\nset cbrange [0:1]\nunset colorbox\n"
                   "set xtics (\"baseline\\nall\" 0, \"enhanced\\nall\" 1, \"baseline\\nrouted\" 2, "
                   "\"enhanced\\nrouted\" 3) scale 0\nset ytics (");
    for (int r = 0; r < N_ROWS; r++) {
        gnt_buf_put(s, r ? "," : "");
        gnt_escape_gnuplot_tic(s, rows[r].label);
        gnt_buf_printf(s, " %d", r);
    }
    gnt_buf_put(s, ") scale 0 rotate by 90 center\nplot $h using 1:2:3 with image, $h using 1:2:4:5 with labels font "
                   "'DejaVu Sans,14' tc rgb variable\n");
}

/* "2026-11-23T19:30:05Z" -> "20261123_193005"; false when it is no such time. */
static bool stamp(const char *start, char out[16])
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t n = 0;
    for (size_t i = 0; form[i]; i++) {
        char c = start ? start[i] : 0;
        if (form[i] == 'd' ? c < '0' || c > '9' : c != form[i]) return false;
        if (form[i] == 'T') out[n++] = '_';
        if (form[i] == 'd') out[n++] = c;
    }
    out[n] = 0;
    return true;
}

gnt_status gnt_draw_ab(gnt_easel *easel, gnt_drawn *drawn, gnt_error *why)
{
    const json_t *ab = json_object_get(easel->result->json, "ab");
    char name[64] = "advanced_ab_test_analysis_", subject[192];
    gnt_buf *s;
    double target = gnt_at_real(ab, "target_share");
    if (!json_object_size(ab)) return GNT_OK;
    if (!stamp(gnt_at_text(easel->result->manifest, "start"), name + strlen(name)))
        return gnt_fail(why, GNT_EPARSE,
                        "%s/manifest.json: start: expected YYYY-MM-DDTHH:MM:SSZ (it names the A/B picture)",
                        easel->result->dir);
    GNT_TRY(gnt_draw_begin(easel, name, NULL, 2100, 1440, drawn, &s, why));
    snprintf(subject, sizeof subject, "%.40s, offline replay of %s requests",
             gnt_at_text(easel->result->json, "data.symbol"), gnt_whole(gnt_at_real(ab, "n")).s);
    gnt_plot_title(s, "A/B test, six views", subject, easel->corner);
    gnt_buf_put(s, "set multiplot\nset lmargin at screen 0\nset rmargin at screen 0.001\nset bmargin at screen 0\nset "
                   "tmargin at screen 0.001\n"
                   "unset border\nunset xtics\nunset ytics\nset xrange [0:1]\nset yrange [0:1]\nplot NaN notitle\nset "
                   "border 3 lc rgb '#6b7078' lw 1\n"
                   "set xtics nomirror out\nset ytics nomirror out\n");
    gnt_plot_once(s);
    split(s, ab, isfinite(target) ? target : 0.3);
    GNT_TRY(latency(s, easel->result, why));
    accuracy(s, ab);
    GNT_TRY(predictions(s, easel->result, why));
    regimes(s, ab);
    heatmap(s, ab);
    gnt_buf_put(s, "unset multiplot\n");
    gnt_draw_caption(drawn, "Split against its target, latency, accuracy with Wilson 95 %% intervals and the majority "
                            "share, the probabilities "
                            "served on their real dates, requests a regime, and the raw figures shaded row by row.");
    return GNT_OK;
}
