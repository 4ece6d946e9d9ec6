/* Pictures by gnuplot (layer 6, private to report): scripts are collected, several pictures a process, two processes
 * at most at a time.
 *
 * gnuplot is started by posix_spawn with the script as its stdin; no shell, no path and no unescaped text ever reach
 * it. Pictures appear under their names only when they are whole. A gnt_plots must not move while in use. */
#ifndef GNT_REPORT_PLOT_H
#define GNT_REPORT_PLOT_H

#include <stdio.h>
#include <sys/types.h>

#include "buf.h"
#include "host/base/date.h"
#include "host/base/file.h"

enum { GNT_PLOT_JOBS = 2, GNT_PLOT_PICTURES = 8 }; /* processes at a time, pictures of one process */

typedef struct gnt_picture {
    gnt_temp file;
    unsigned width, height;
} gnt_picture;

typedef struct gnt_plot_job {
    char folder[1024];
    gnt_buf script;
    gnt_picture picture[GNT_PLOT_PICTURES];
    size_t n;
    FILE *input, *errors;
    pid_t pid; /* 0: not running */
} gnt_plot_job;

typedef struct gnt_plots {
    const char *gnuplot;                 /* NULL: "gnuplot" on the PATH */
    gnt_plot_job job[GNT_PLOT_JOBS + 1]; /* one is being filled while the others run */
    size_t filling, n_pictures;
} gnt_plots;

/* A new picture folder/name (a PNG of width x height pixels; folder must exist); its script goes into *script, valid
 * until the next call. ENOENT as EIO: gnuplot missing, and any failure of a picture before. */
GNT_MUST_CHECK gnt_status gnt_plots_picture(gnt_plots *plots, const char *folder, const char *name, unsigned width,
                                            unsigned height, gnt_buf **script, gnt_error *why);
/* Waits for every picture; they are whole under their names, or it is an error. */
GNT_MUST_CHECK gnt_status gnt_plots_finish(gnt_plots *plots, gnt_error *why);
/* Ends what runs and removes what is half written; fine on a finished one. */
void gnt_plots_free(gnt_plots *plots);

/* ---- words of a script -------------------------------------------------------------------------- */

/* Okabe and Ito's colours: told apart by every common kind of colour blindness. */
#define GNT_BLUE "#0072B2"
#define GNT_VERMILLION "#D55E00"
#define GNT_GREEN "#009E73"
#define GNT_PURPLE "#AA5C8F" /* their reddish purple, darkened for thin lines on white */
#define GNT_ORANGE "#E69F00"
#define GNT_SKY "#56B4E9"
#define GNT_BLACK "#000000"
#define GNT_GREY "#8A8F98"

/* How a series looks everywhere: colour, dash and point go together, so that none of them is needed alone. */
typedef struct gnt_look {
    const char *colour, *dash;
    int point;
} gnt_look;
gnt_look gnt_plot_look(const char *arm, size_t i); /* i: for arms that are neither baseline nor enhanced */

/* Title, subtitle and corner line, drawn with the first panel; call gnt_plot_once after that panel. */
void gnt_plot_title(gnt_buf *script, const char *title, const char *subtitle, const char *corner);
void gnt_plot_once(gnt_buf *script);
/* The panel's axes between these shares of the picture. */
void gnt_plot_area(gnt_buf *script, double left, double right, double bottom, double top);
/* A date axis in days: readable marks, at most `most`. labels false: marks without words (a panel above another). */
void gnt_plot_dates(gnt_buf *script, gnt_day first, gnt_day last, int most, bool labels);
/* "%.10g " or "NaN ". */
void gnt_plot_number(gnt_buf *script, double value);

#endif
