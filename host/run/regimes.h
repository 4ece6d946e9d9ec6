/* Objective market regimes, one code per bar and scheme (layer 5).
 *
 * code[t] speaks of the market as it was known at the close of bar t-1: what a position held over bar t
 * could have known. Nothing is dated afterwards: a bear begins on the bar after the one whose close shows
 * the 20 % fall, not at the peak. -1: not known yet.
 *
 *   bull_bear   bull: the last 20 % move of closes from an extreme was up; bear: it was down
 *   volatility  sample sd of the last 20 close-to-close returns: low, middle, high by terciles of the
 *               train rows alone, so the edges know nothing of the test
 *   trend       up: close above the mean of the last 200 closes, itself included; else down */
#ifndef GNT_REGIMES_H
#define GNT_REGIMES_H

#include <stdint.h>

#include "host/run/experiment.h"

#define GNT_BULL_BEAR_MOVE 0.20
#define GNT_TREND_BARS 200
#define GNT_REGIME_VOL_BARS 20
#define GNT_MAX_REGIMES 3 /* of one scheme */

typedef struct gnt_scheme {
    const char *name, *names; /* "bull|bear" */
    const char *regime[GNT_MAX_REGIMES], *title[GNT_MAX_REGIMES];
    size_t n;
    const char *definition; /* one sentence for the report */
} gnt_scheme;
extern const gnt_scheme gnt_schemes[GNT_N_SCHEMES]; /* in the order of GNT_SCHEME_WORDS */

/* close [T]; code [T] out. */
void gnt_regime_bull_bear(const double *close, size_t n, int8_t *code);
void gnt_regime_trend(const double *close, size_t n, int8_t *code);
/* row [n_rows]: train rows, at least 3 of them with 20 returns before. edges [2] out: the terciles (type 7), per bar.
 */
GNT_MUST_CHECK gnt_status gnt_regime_volatility(const double *close, size_t n, const uint32_t *row, size_t n_rows,
                                                double edges[2], int8_t *code, gnt_error *why);

#endif
