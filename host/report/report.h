/* Reports: result folders in, Markdown, one HTML page and PNGs out (layer 6).
 *
 * Reads only what docs/FORMATS.md calls a result folder. Pictures come from gnuplot, run as a subprocess with its
 * script on stdin; the same results give the same bytes. */
#ifndef GNT_REPORT_H
#define GNT_REPORT_H

#include "host/base/progress.h"
#include "host/market/bars.h"
#include "host/model/model.h"

typedef struct gnt_report_options {
    const char *gnuplot; /* program to run; NULL: "gnuplot" on the PATH */
} gnt_report_options;

/* dir: one result folder, or a folder with result folders up to two levels below it (the demo's
 * DIR/<symbol>/<experiment>). Writes report.md, report.html and plots/ in every result folder, and for a folder of
 * results a front page report.md and report.html in dir. options NULL: defaults.
 * Errors: EIO no result there, unwritable folder, gnuplot missing; EPARSE and EUNSUPPORTED as gnt_result_open. */
GNT_MUST_CHECK gnt_status gnt_report_write(const char *dir, const gnt_report_options *options,
                                           const gnt_progress *progress, gnt_error *why);

/* A sweep file NAME.h5: NAME.md and NAME.html beside it, and a picture NAME_<x>_<y>.png for every heatmap it holds.
 * EVALUE: a shard, which has to be merged first. */
GNT_MUST_CHECK gnt_status gnt_report_sweep(const char *path, const gnt_report_options *options, gnt_error *why);

/* One fit's learning curve as a PNG: training and validation loss per epoch, best epoch marked.
 * title: one line, e.g. "IBB, baseline". */
GNT_MUST_CHECK gnt_status gnt_report_learning_curve(const char *path, const char *title, gnt_provenance provenance,
                                                    const gnt_fit_report *fit, gnt_error *why);

#endif
