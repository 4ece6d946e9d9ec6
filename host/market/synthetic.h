/* The built-in market: bars made by us, the same bits on every machine (layer 3). Always labelled synthetic.
 *
 * Pressure. s[t] in {-1, 0, +1} is a Markov chain with coins of its own Philox stream: from 0 to +1 or -1 with
 * probability 0.05 each, from +1 or -1 to 0 with 0.3, started in its stationary shares (1/8, 3/4, 1/8). It can be read
 * off bar t exactly: buying pressure leaves a long lower and a short upper wick, selling pressure the reverse, no
 * pressure two middling ones (the ranges don't touch), and volume is higher under buying pressure, lower under selling.
 *
 * Direction. d[t] = +1 if close[t] > close[t-1], else -1 (closes never repeat). Another stream's coin decides
 *     SYN-EDGE   s[t] = 0: d[t+1] is +1 or -1 with probability 1/2; else d[t+1] = s[t] with probability 0.9
 *     SYN-NULL   d[t+1] is +1 or -1 with probability 1/2 whatever s[t] is
 *
 * Bayes accuracy of SYN-EDGE is 0.60. Proof: bars up to t are functions of the coins and chain steps up to t and of the
 * shape draws; the coin of t+1 is independent of all of them. So P(d[t+1] = +1 | bars up to t) is a function of s[t]
 * alone, the best rule says s[t] where it is not 0 and anything elsewhere, and since the chain is stationary it is
 * right with probability 1/4 * 0.9 + 3/4 * 0.5 = 0.60 on every bar. No other function of the past adds a thing. For
 * SYN-NULL the same argument gives 0.5 for every rule. (Coins are uniforms on a grid of 2^-53 against a threshold:
 * exact to 2^-53.)
 *
 * Up and down moves have the same frequency by symmetry (in SYN-NULL d is a fair coin), whatever the regime. Drift, in
 * the crash too, comes from the sizes of up and down moves alone. So the dumb strategies collect nothing here:
 * always-up and persistence are right about half the time.
 *
 * Sizes. x[t] = d[t] (1 + d[t] a[t]) v[t] |z[t]|, the log return: v from GARCH(1,1) around the regime's level, z a
 * Student-t with 5 degrees of freedom scaled to variance 1 and cut at 5, a[t] the asymmetry that gives the regime its
 * drift. Overnight gap, wicks and volume follow. data/README.md has the facts. */
#ifndef GNT_SYNTHETIC_H
#define GNT_SYNTHETIC_H

#include "bars.h"

#define GNT_SYN_EDGE "SYN-EDGE"
#define GNT_SYN_NULL "SYN-NULL"
#define GNT_SYN_EDGE_ACCURACY 0.6 /* of the best rule, by construction */
#define GNT_SYN_EDGE_PRESSED 0.9  /* of the best rule on the bars after pressure */

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
