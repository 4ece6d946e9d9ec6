/* gauntlet-35 version 1 as a step function (SPEC 2): push a bar, read a row.
 *
 * The state is of fixed size and sees no bar but the one pushed, so a batch, an online service and a CUDA thread that
 * loop over it give the same bits, and any prefix of the bars gives the same rows. Window sums are taken afresh each
 * bar, newest value first: no rolling sum drifts, and a row does not depend on how long ago the history began (but for
 * the three EMAs, which start at bar 0 by definition). Float64 arithmetic, stored float32.
 * Class ulp: docs/decisions/feature-bounds.md derives the bound against tests/ref/ref_features.c. */
#ifndef GNT_MATH_FEATURE_H
#define GNT_MATH_FEATURE_H

#include "explog.h"

enum { GNT_RING = 64, GNT_RING_MASK = GNT_RING - 1 }; /* the longest window is 50 bars */

typedef struct gnt_bar {
    double open, high, low, close, volume;
} gnt_bar;

typedef struct gnt_feature_state {
    uint64_t n; /* bars pushed */
    gnt_bar now;
    double close[GNT_RING], volume[GNT_RING];
    double ret[GNT_RING];    /* close[t]/close[t-1] - 1 */
    double traded[GNT_RING]; /* (H + L + C)/3 * V */
    double ema12, ema26, signal;
} gnt_feature_state;

GNT_FN void gnt_feature_reset(gnt_feature_state *s)
{
    memset(s, 0, sizeof *s);
}

/* The value k bars ago; k < min(n, 64). */
GNT_FN double gnt_ago(const gnt_feature_state *s, const double *ring, unsigned k)
{
    return ring[(s->n - 1 - k) & GNT_RING_MASK];
}

GNT_FN double gnt_ema_step(double ema, double x, double n)
{
    return ema + 2 / (n + 1) * (x - ema);
}

GNT_FN void gnt_feature_push(gnt_feature_state *s, const gnt_bar *bar)
{
    unsigned at = (unsigned)(s->n & GNT_RING_MASK);
    double before = s->n ? gnt_ago(s, s->close, 0) : bar->close;
    s->now = *bar;
    s->close[at] = bar->close;
    s->volume[at] = bar->volume;
    s->ret[at] = bar->close / before - 1;
    s->traded[at] = (bar->high + bar->low + bar->close) / 3 * bar->volume;
    s->ema12 = s->n ? gnt_ema_step(s->ema12, bar->close, 12) : bar->close;
    s->ema26 = s->n ? gnt_ema_step(s->ema26, bar->close, 26) : bar->close;
    double spread = s->ema12 - s->ema26;
    s->signal = s->n ? gnt_ema_step(s->signal, spread, 9) : spread;
    s->n++;
}

/* Mean of the last k values. */
GNT_FN double gnt_mean_last(const gnt_feature_state *s, const double *ring, unsigned k)
{
    double sum = 0;
    for (unsigned i = 0; i < k; i++) sum += gnt_ago(s, ring, i);
    return sum / k;
}

/* Two-pass sd of the last k values with divisor k - ddof; exactly 0 when the largest equals the smallest (SPEC 10). */
GNT_FN double gnt_sd_last(const gnt_feature_state *s, const double *ring, unsigned k, unsigned ddof)
{
    double mean = gnt_mean_last(s, ring, k), first = gnt_ago(s, ring, 0), sum = 0;
    int varies = 0;
    for (unsigned i = 0; i < k; i++) {
        double x = gnt_ago(s, ring, i), d = x - mean;
        varies |= x != first;
        sum += d * d;
    }
    return varies ? sqrt(sum / (k - ddof)) : 0;
}

GNT_FN double gnt_volume_gap_last(const gnt_feature_state *s, unsigned k)
{
    double mean = gnt_mean_last(s, s->volume, k);
    return mean > 0 ? s->now.volume / mean - 1 : 0;
}

/* G/(G + L) of the last k close-to-close differences; both 0: 0.5. Sums instead of means: the divisor cancels. */
GNT_FN double gnt_rsi_last(const gnt_feature_state *s, unsigned k)
{
    double gain = 0, loss = 0;
    for (unsigned i = 0; i < k; i++) {
        double d = gnt_ago(s, s->close, i) - gnt_ago(s, s->close, i + 1);
        gain += d > 0 ? d : 0;
        loss += d < 0 ? -d : 0;
    }
    return gain + loss > 0 ? gain / (gain + loss) : 0.5;
}

/* ln of the volume k bars ago over the one before it, both at least 1 share. */
GNT_FN double gnt_dlog_volume(const gnt_feature_state *s, unsigned k)
{
    double now = gnt_ago(s, s->volume, k), before = gnt_ago(s, s->volume, k + 1);
    return gnt_log((now > 1 ? now : 1) / (before > 1 ? before : 1));
}

GNT_FN double gnt_bollinger_last(const gnt_feature_state *s, unsigned k)
{
    double sd = gnt_sd_last(s, s->close, k, 0), mean = gnt_mean_last(s, s->close, k);
    return sd > 0 ? (s->now.close - (mean - 2 * sd)) / (4 * sd) : 0.5;
}

GNT_FN double gnt_vwap_gap_last(const gnt_feature_state *s, unsigned k)
{
    double traded = 0, volume = 0;
    for (unsigned i = 0; i < k; i++) {
        traded += gnt_ago(s, s->traded, i);
        volume += gnt_ago(s, s->volume, i);
    }
    return volume > 0 ? s->now.close / (traded / volume) - 1 : 0;
}

/* The row of the bar pushed last, columns in the schema's order; needs n >= 50. */
GNT_FN void gnt_gauntlet_35_row(const gnt_feature_state *s, float *row)
{
    const unsigned mom[4] = {3, 5, 10, 20}, sma[4] = {5, 10, 20, 50}, rsi[3] = {9, 14, 21}, vol[3] = {5, 10, 20};
    gnt_bar b = s->now;
    double c = b.close, spread = s->ema12 - s->ema26, sd[3];
    for (unsigned i = 0; i < 6; i++) *row++ = (float)gnt_ago(s, s->ret, i);
    for (unsigned i = 0; i < 4; i++) *row++ = (float)(c / gnt_ago(s, s->close, mom[i]) - 1);
    *row++ = (float)(c / b.open - 1);
    *row++ = (float)(b.open / gnt_ago(s, s->close, 1) - 1);
    *row++ = (float)((b.high - b.low) / c);
    *row++ = (float)(c / b.high - 1);
    *row++ = (float)(c / b.low - 1);
    for (unsigned i = 0; i < 4; i++) *row++ = (float)(c / gnt_mean_last(s, s->close, sma[i]) - 1);
    *row++ = (float)(spread / c);
    *row++ = (float)(s->signal / c);
    *row++ = (float)(spread / c - s->signal / c);
    for (unsigned i = 0; i < 3; i++) *row++ = (float)gnt_rsi_last(s, rsi[i]);
    *row++ = (float)gnt_bollinger_last(s, 20);
    for (unsigned i = 0; i < 3; i++) *row++ = (float)(sd[i] = gnt_sd_last(s, s->ret, vol[i], 1));
    *row++ = (float)(sd[1] > 0 ? sd[0] / sd[1] : 1);
    *row++ = (float)(sd[2] > 0 ? sd[0] / sd[2] : 1);
    *row++ = (float)gnt_volume_gap_last(s, 20);
    *row++ = (float)gnt_dlog_volume(s, 0);
    *row++ = (float)gnt_dlog_volume(s, 1);
    *row++ = (float)gnt_vwap_gap_last(s, 20);
}

/* levels-17, the original demo's columns of one ticker: open, high, low, close, volume, close lags 1-5, volume lags
 * 1-3, SMA 5/10/20, RSI 14 by simple means in 0..100 (both 0: 50). Needs n >= 20. */
GNT_FN void gnt_levels_17_row(const gnt_feature_state *s, float *row)
{
    gnt_bar b = s->now;
    *row++ = (float)b.open;
    *row++ = (float)b.high;
    *row++ = (float)b.low;
    *row++ = (float)b.close;
    *row++ = (float)b.volume;
    for (unsigned k = 1; k <= 5; k++) *row++ = (float)gnt_ago(s, s->close, k);
    for (unsigned k = 1; k <= 3; k++) *row++ = (float)gnt_ago(s, s->volume, k);
    for (unsigned k = 5; k <= 20; k *= 2) *row++ = (float)gnt_mean_last(s, s->close, k);
    *row++ = (float)(100 * gnt_rsi_last(s, 14));
}

#endif
