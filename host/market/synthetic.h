/* The built-in market: bars made by us, the same bits on every machine (layer 3). Always labelled synthetic.
 *
 * Direction. Let d[t] = +1 if close[t] > close[t-1], else -1 (closes never repeat). A coin of its own Philox stream,
 * independent of every other draw and of all earlier coins, decides
 *     SYN-EDGE   d[t+1] = -d[t] with probability 0.6, else d[t]       (one-bar reversal)
 *     SYN-NULL   d[t+1] = +1 with probability 0.5, else -1            (no memory)
 *
 * Bayes accuracy of SYN-EDGE is 0.60. Proof: bars up to t are a function of the coins up to t and of the shape
 * draws; the coin of t+1 is independent of those. So P(d[t+1] = -d[t] | bars up to t) = 0.6 whatever the bars are, the
 * best rule says -sign(ret_1[t]) on every bar, and it is right with probability 0.6. No other function of the past
 * adds a thing: the probability is constant given d[t]. For SYN-NULL the same argument gives 0.5 for every rule.
 * (The coin is u < 0.6 for a uniform on a grid of 2^-53: exact to 2^-53.)
 *
 * Up and down moves have the same frequency: d is a symmetric chain (a fair coin in SYN-NULL), so the up share is 1/2
 * in the long run, whatever the regime. Drift, in the crash too, comes from the sizes of up and down moves alone.
 * The dumb strategies therefore collect nothing here: always-up is right half the time, persistence 40 %.
 *
 * Sizes. x[t] = d[t] (1 + d[t] a[t]) s[t] |z[t]|, the log return: s from GARCH(1,1) around the regime's level, z a
 * Student-t with 5 degrees of freedom scaled to variance 1 and cut at 5, a[t] the asymmetry that gives the regime its
 * drift. Overnight gap, wicks and volume follow; a day's close lies near the end of its range that it moved to, so
 * d[t] is visible in ret_1, intraday, close_vs_high, close_vs_low, mom_3 and others. data/README.md has the facts. */
#ifndef GNT_SYNTHETIC_H
#define GNT_SYNTHETIC_H

#include "bars.h"

#define GNT_SYN_EDGE "SYN-EDGE"
#define GNT_SYN_NULL "SYN-NULL"
#define GNT_SYN_EDGE_ACCURACY 0.6 /* of the best rule, by construction */

/* Regimes with a stated drawdown; first and last session. The drawdown is measured from the close before `from`. */
#define GNT_SYN_CRASH_FROM "2020-02-20"
#define GNT_SYN_CRASH_TO "2020-03-23"
#define GNT_SYN_WINTER_FROM "2021-08-10"
#define GNT_SYN_WINTER_TO "2023-06-30"

/* 1,509 NYSE sessions from 2018-01-02 to 2023-12-29. Prices are whole multiples of 1e-6 USD, so that %.6f in a CSV
 * reads back to the same bits; adj_close = close; volume is a whole number; source "builtin"; sha256 of day (int32),
 * open, high, low, close, adj_close, volume (float64), little-endian, one column after another.
 * A pure function of (symbol, seed). EINVAL for another symbol. */
GNT_MUST_CHECK gnt_status gnt_synthetic_bars(const char *symbol, uint64_t seed, gnt_bars *bars, gnt_error *why);

#endif
