/* Files beside a backtest: scores in (`date,prob`), paths out (layer 3; SPEC 7 and 10). */
#ifndef GNT_SCORES_H
#define GNT_SCORES_H

#include "host/eval/backtest.h"

/* score [bars->n] out: probability, NaN where the file has no row. `date` is the row t the score was made from. EPARSE
 * a cell that is no date or number; EVALUE a date that is no bar or stands twice, a score outside [0, 1]; each with its
 * line. Columns other than date and prob are ignored. */
GNT_MUST_CHECK gnt_status gnt_scores_parse(const char *data, size_t n, const char *name, const gnt_bars *bars,
                                           double *score, gnt_error *why);
GNT_MUST_CHECK gnt_status gnt_scores_read(const char *path, const gnt_bars *bars, double *score, gnt_error *why);

/* Writes the rows whose score isn't NaN, atomically; 17 digits, so reading gives the same bits. day, score [n]. */
GNT_MUST_CHECK gnt_status gnt_scores_write(const char *path, const gnt_day *day, const double *score, size_t n,
                                           gnt_error *why);

/* `date,price_fill,target,units,cash,equity,ret,cost`, one line a window bar; an empty price_fill where no fill. */
GNT_MUST_CHECK gnt_status gnt_paths_write(const char *path, const gnt_backtest *backtest, const gnt_bars *bars,
                                          gnt_error *why);

#endif
