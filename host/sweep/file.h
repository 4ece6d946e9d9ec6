/* Sweep files (layer 5; docs/FORMATS.md): one HDF5 file of a whole sweep, or of one shard of it.
 *
 * The same calls in the same order write the same bytes, so a merge writes what one run writes. */
#ifndef GNT_SWEEP_FILE_H
#define GNT_SWEEP_FILE_H

#include "host/store/h5.h"
#include "host/sweep/collect.h"
#include "host/sweep/sweep.h"

/* A file being written: rows first, as they come, then the rest. */
typedef struct gnt_sweep_writer {
    gnt_h5 *file;
    const gnt_sweep_collection *c; /* borrowed */
    gnt_sweep_row *row;            /* [room][n_slices], owned */
    double *column;                /* [room][n_slices], owned */
    size_t room, n;                /* rows held */
    uint64_t written;
} gnt_sweep_writer;

/* The collection's spec and range must be set; its results are read by commit. */
GNT_MUST_CHECK gnt_status gnt_sweep_writer_open(gnt_sweep_writer *writer, const char *path,
                                                const gnt_sweep_collection *c, gnt_error *why);
gnt_sweep_sink gnt_sweep_writer_sink(gnt_sweep_writer *writer);
GNT_MUST_CHECK gnt_status gnt_sweep_writer_commit(gnt_sweep_writer *writer, gnt_error *why);
void gnt_sweep_writer_close(gnt_sweep_writer *writer); /* an uncommitted file vanishes; fine on a zeroed one */

/* Everything but the rows. EIO, EVALUE: not a sweep file, damaged, or its parts don't fit together. */
GNT_MUST_CHECK gnt_status gnt_sweep_file_read(const char *path, gnt_sweep_collection *c, gnt_error *why);

/* The rows of a file, in order, into a sink. c: as read from it. */
GNT_MUST_CHECK gnt_status gnt_sweep_file_rows(const char *path, const gnt_sweep_collection *c,
                                              const gnt_sweep_sink *sink, gnt_error *why);

/* ---- a result against luck ------------------------------------------------------------------------------------- */

/* The Sharpe that the best of n_tried worthless configurations would show on a slice, per bar (statistics.md 7). NaN in
 * a shard (the other trials aren't known) and when fewer than two trials have a Sharpe. */
double gnt_sweep_luck(const gnt_sweep_collection *c, size_t slice);
/* PSR against `benchmark` of one of the best on one slice. */
gnt_figure gnt_sweep_psr(const gnt_sweep_collection *c, size_t best, size_t slice, double benchmark);

#endif
