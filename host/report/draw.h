/* The figures of a report, one file a family (layer 6, private to report).
 *
 * Each function looks at what the result holds and draws one picture, or none when there is nothing to show: then
 * drawn->path is "". Captions say what was drawn, in one or two sentences. */
#ifndef GNT_REPORT_DRAW_H
#define GNT_REPORT_DRAW_H

#include "plot.h"
#include "result_read.h"

typedef struct gnt_drawn {
    char path[192];    /* "plots/equity_covid.png", relative to the result folder */
    char caption[768]; /* plain text */
} gnt_drawn;

/* What a figure draws on: the result, its folder of pictures, and the line in the corner. */
typedef struct gnt_easel {
    gnt_plots *plots;
    gnt_result *result;
    char folder[1024]; /* <result>/plots */
    char corner[320];  /* "SYNTHETIC data · SYN-EDGE · covid_crash · gauntlet 0.1.0" */
} gnt_easel;

typedef gnt_status gnt_draw_window(gnt_easel *easel, const json_t *window, gnt_drawn *drawn, gnt_error *why);
gnt_draw_window gnt_draw_equity;      /* books and benchmarks, drawdown below, regimes shaded */
gnt_draw_window gnt_draw_hit_rate;    /* rolling hit rate against always-up and a fair coin's band */
gnt_draw_window gnt_draw_reliability; /* observed against forecast share, with the counts */
gnt_draw_window gnt_draw_costs;       /* total return against cost, break-even marked */

typedef gnt_status gnt_draw_result(gnt_easel *easel, gnt_drawn *drawn, gnt_error *why);
gnt_draw_result gnt_draw_accuracy; /* every window and regime with its interval and majority share */
gnt_draw_result gnt_draw_folds;    /* walk-forward: what was trained, tested and found in each fold */
gnt_draw_result gnt_draw_training; /* learning curves */
gnt_draw_result gnt_draw_ab;       /* the six views of the A/B replay */

/* One learning curve; gnt_draw_training and gnt_report_learning_curve draw panels of these. */
typedef struct gnt_curve {
    const char *title;
    const double *train_loss, *val_loss; /* [n] */
    size_t n, best;                      /* best epoch, 1-based; 0: none */
} gnt_curve;
void gnt_draw_curves(gnt_buf *script, const gnt_curve *curve, size_t n, unsigned columns, double height,
                     const char *title, const char *subtitle, const char *corner);
unsigned gnt_curve_columns(size_t n);
unsigned gnt_curve_height(size_t n);

/* Starts the picture <stem>_<name>.png (name NULL: <stem>.png), names it in drawn and writes its title lines.
 * The subtitle is printf text. */
GNT_MUST_CHECK gnt_status gnt_draw_begin(gnt_easel *easel, const char *stem, const char *name, unsigned width,
                                         unsigned height, gnt_drawn *drawn, gnt_buf **script, gnt_error *why);
void gnt_draw_caption(gnt_drawn *drawn, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "SYN-EDGE, COVID crash, 20 Feb 2020 to 30 Apr 2020" */
void gnt_draw_subject(const gnt_easel *easel, const json_t *window, char *out, size_t room);

/* Shades a window's regimes behind the panels: rectangles for every later panel of the picture, and key entries
 * (", keyentry ...") for one of them. */
typedef struct gnt_shade {
    gnt_buf objects, keys;
    char scheme[64]; /* "" when the result has no regimes */
} gnt_shade;
GNT_MUST_CHECK gnt_status gnt_shade_make(gnt_result *result, const gnt_series *day, gnt_shade *shade, gnt_error *why);
void gnt_shade_free(gnt_shade *shade);

#endif
