/* gauntlet-35 version 1 as a step function (SPEC 2), over lanes: push a bar, read a row.
 *
 * A lane is a symbol; GNT_LANES is set by the includer (default 1: plain doubles, as in CUDA). The state is of fixed
 * size and sees no bar but the one pushed, so a batch, an online service and a CUDA thread that loop over it give the
 * same bits, and any prefix of the bars gives the same rows. Window sums are taken afresh each bar, newest value first:
 * no rolling sum drifts, and a row does not depend on how long ago the history began (but for the three EMAs, which
 * start at bar 0 by definition). In that order the sum of the last 5 values is the beginning of the sum of the last 10:
 * one chain gives every window of a series. Rows are written from a view of the windows, wherever those lie: a CUDA
 * thread that has the bars before its own in shared memory needs no state but the EMAs. Float64 arithmetic, stored
 * float32. Class ulp: docs/decisions/feature-bounds.md derives the bound against tests/ref/ref_features.c. */
#ifndef GNT_MATH_FEATURE_H
#define GNT_MATH_FEATURE_H

#ifndef GNT_LANES
#define GNT_LANES 1
#endif
#include "lane_log.h"

/* A column of a row: the lanes' values as float32. */
#if GNT_LANES == 1
typedef float gnt_column;
GNT_FN gnt_column gnt_column_of(gnt_f64 x)
{
    return (float)x;
}
#else
typedef float gnt_column __attribute__((vector_size(4 * GNT_LANES)));
GNT_FN gnt_column gnt_column_of(gnt_f64 x)
{
    return __builtin_convertvector(x, gnt_column);
}
#endif

/* A series keeps its longest window and grows for a block of bars before the window is moved to its front: the last
 * values always lie side by side. */
enum {
    GNT_FEATURE_BLOCK = 16,
    GNT_CLOSES = 50,     /* sma_50 */
    GNT_SERIES = 21,     /* rsi_21 */
    GNT_LONGEST_RUN = 20 /* bars that a standard deviation looks at */
};

typedef struct gnt_bar {
    gnt_f64 open, high, low, close, volume;
} gnt_bar;

/* What a bar adds to the series, from it and the one before. */
typedef struct gnt_bar_terms {
    gnt_f64 ret;        /* close[t]/close[t-1] - 1 */
    gnt_f64 traded;     /* (H + L + C)/3 * V */
    gnt_f64 gain, loss; /* of close[t] - close[t-1]; 0 for the other sign */
    gnt_f64 dlog;       /* ln of the volume over the one before it, both at least 1 share */
} gnt_bar_terms;

typedef struct gnt_feature_emas {
    gnt_f64 ema12, ema26, signal;
} gnt_feature_emas;

typedef struct gnt_feature_series {
    gnt_f64 x[GNT_SERIES + GNT_FEATURE_BLOCK];
} gnt_feature_series;

typedef struct gnt_feature_state {
    uint64_t n;     /* bars pushed */
    unsigned fresh; /* of them since the windows were moved, 1 to GNT_FEATURE_BLOCK */
    gnt_bar now;
    gnt_f64 close[GNT_CLOSES + GNT_FEATURE_BLOCK];
    gnt_feature_series volume;
    gnt_feature_series ret, traded, gain, loss; /* gnt_bar_terms */
    gnt_f64 close_run, ret_run;                 /* bars since the last change of value, this one included */
    gnt_f64 dlog_volume, dlog_volume_before;    /* this bar's and the one's before */
    gnt_feature_emas ema;
} gnt_feature_state;

/* All a row is made from. Series point at their newest value; the one k bars ago is k places before it. */
typedef struct gnt_feature_view {
    gnt_bar now;
    const gnt_f64 *close, *volume, *ret, *traded, *gain, *loss;
    gnt_f64 close_run, ret_run, dlog_volume, dlog_volume_before; /* runs may stop counting at GNT_LONGEST_RUN */
    gnt_f64 spread, signal;                                      /* EMA12 - EMA26 and its EMA9 */
} gnt_feature_view;

GNT_FN void gnt_feature_reset(gnt_feature_state *s)
{
    memset(s, 0, sizeof *s);
}

/* The newest value; the one k bars ago is k places before it. */
GNT_FN const gnt_f64 *gnt_newest_close(const gnt_feature_state *s)
{
    return s->close + GNT_CLOSES + s->fresh - 1;
}
GNT_FN const gnt_f64 *gnt_newest(const gnt_feature_state *s, const gnt_feature_series *series)
{
    return series->x + GNT_SERIES + s->fresh - 1;
}

GNT_FN void gnt_series_move(gnt_feature_series *series)
{
    for (int i = 0; i < GNT_SERIES; i++) series->x[i] = series->x[i + GNT_FEATURE_BLOCK];
}

GNT_FN void gnt_windows_move(gnt_feature_state *s)
{
    for (int i = 0; i < GNT_CLOSES; i++) s->close[i] = s->close[i + GNT_FEATURE_BLOCK];
    gnt_series_move(&s->volume);
    gnt_series_move(&s->ret);
    gnt_series_move(&s->traded);
    gnt_series_move(&s->gain);
    gnt_series_move(&s->loss);
    s->fresh = 0;
}

GNT_FN gnt_f64 gnt_ema_step(gnt_f64 ema, gnt_f64 x, double n)
{
    return ema + 2 / (n + 1) * (x - ema);
}

GNT_FN gnt_f64 gnt_run_step(gnt_f64 run, gnt_mask same)
{
    return gnt_select(same, run + 1, gnt_splat(1));
}

GNT_FN gnt_f64 gnt_at_least_one(gnt_f64 x)
{
    return gnt_max(x, gnt_splat(1));
}

GNT_FN gnt_bar_terms gnt_bar_terms_of(const gnt_bar *bar, gnt_f64 close_before, gnt_f64 volume_before)
{
    gnt_bar_terms terms;
    gnt_f64 move = bar->close - close_before;
    terms.ret = bar->close / close_before - 1;
    terms.traded = (bar->high + bar->low + bar->close) / 3 * bar->volume;
    terms.gain = gnt_positive(move);
    terms.loss = gnt_keep(gnt_lt(move, gnt_splat(0)), -move);
    terms.dlog = gnt_lane_log(gnt_at_least_one(bar->volume) / gnt_at_least_one(volume_before));
    return terms;
}

GNT_FN void gnt_emas_step(gnt_feature_emas *e, gnt_f64 close, int first)
{
    e->ema12 = first ? close : gnt_ema_step(e->ema12, close, 12);
    e->ema26 = first ? close : gnt_ema_step(e->ema26, close, 26);
    gnt_f64 spread = e->ema12 - e->ema26;
    e->signal = first ? spread : gnt_ema_step(e->signal, spread, 9);
}

GNT_FN void gnt_feature_push(gnt_feature_state *s, const gnt_bar *bar)
{
    int first = s->n == 0;
    gnt_f64 before = first ? bar->close : *gnt_newest_close(s);
    gnt_bar_terms terms = gnt_bar_terms_of(bar, before, first ? bar->volume : *gnt_newest(s, &s->volume));
    gnt_f64 ret_before = first ? terms.ret : *gnt_newest(s, &s->ret);
    if (s->fresh == GNT_FEATURE_BLOCK) gnt_windows_move(s);
    unsigned at = GNT_SERIES + s->fresh;
    s->now = *bar;
    s->close[GNT_CLOSES + s->fresh] = bar->close;
    s->volume.x[at] = bar->volume;
    s->ret.x[at] = terms.ret;
    s->traded.x[at] = terms.traded;
    s->gain.x[at] = terms.gain;
    s->loss.x[at] = terms.loss;
    s->close_run = gnt_run_step(s->close_run, gnt_eq(bar->close, before));
    s->ret_run = gnt_run_step(s->ret_run, gnt_eq(terms.ret, ret_before));
    s->dlog_volume_before = s->dlog_volume;
    s->dlog_volume = terms.dlog;
    gnt_emas_step(&s->ema, bar->close, first);
    s->fresh++;
    s->n++;
}

GNT_FN gnt_feature_view gnt_feature_view_of(const gnt_feature_state *s)
{
    gnt_feature_view v;
    v.now = s->now;
    v.close = gnt_newest_close(s);
    v.volume = gnt_newest(s, &s->volume);
    v.ret = gnt_newest(s, &s->ret);
    v.traded = gnt_newest(s, &s->traded);
    v.gain = gnt_newest(s, &s->gain);
    v.loss = gnt_newest(s, &s->loss);
    v.close_run = s->close_run;
    v.ret_run = s->ret_run;
    v.dlog_volume = s->dlog_volume;
    v.dlog_volume_before = s->dlog_volume_before;
    v.spread = s->ema.ema12 - s->ema.ema26;
    v.signal = s->ema.signal;
    return v;
}

/* Goes on with a sum of the last `from` values to the last `to`, newest first. */
GNT_FN gnt_f64 gnt_sum_on(gnt_f64 sum, const gnt_f64 *newest, int from, int to)
{
    for (int i = from; i < to; i++) sum += newest[-i];
    return sum;
}
GNT_FN gnt_f64 gnt_sum_last(const gnt_f64 *newest, int k)
{
    return gnt_sum_on(gnt_splat(0), newest, 0, k);
}

/* Two-pass sd of the last k values with divisor k - ddof; exactly 0 when the largest equals the smallest (SPEC 10):
 * when the value has stood for k bars. */
GNT_FN gnt_f64 gnt_sd_last(const gnt_f64 *newest, gnt_f64 sum, gnt_f64 run, int k, int ddof)
{
    gnt_f64 mean = sum / (double)k, squares = gnt_splat(0);
    for (int i = 0; i < k; i++) {
        gnt_f64 d = newest[-i] - mean;
        squares += d * d;
    }
    return gnt_keep(gnt_lt(run, gnt_splat(k)), gnt_root(squares / (double)(k - ddof)));
}

/* G/(G + L); both 0: 0.5. Sums instead of means: the divisor cancels. */
GNT_FN gnt_f64 gnt_rsi(gnt_f64 gain, gnt_f64 loss)
{
    return gnt_select(gnt_gt(gain + loss, gnt_splat(0)), gain / (gain + loss), gnt_splat(0.5));
}

/* a/b where b > 0, else what stands for it. */
GNT_FN gnt_f64 gnt_over(gnt_f64 a, gnt_f64 b, double otherwise)
{
    return gnt_select(gnt_gt(b, gnt_splat(0)), a / b, gnt_splat(otherwise));
}

GNT_FN gnt_column *gnt_put_rsi(const gnt_feature_view *v, gnt_column *row)
{
    const int k[4] = {0, 9, 14, 21};
    const gnt_f64 *up = v->gain, *down = v->loss;
    gnt_f64 gain = gnt_splat(0), loss = gnt_splat(0);
    for (int i = 1; i < 4; i++) {
        gain = gnt_sum_on(gain, up, k[i - 1], k[i]);
        loss = gnt_sum_on(loss, down, k[i - 1], k[i]);
        *row++ = gnt_column_of(gnt_rsi(gain, loss));
    }
    return row;
}

/* sd of 5, 10 and 20 returns, and 5 over 10 and over 20. */
GNT_FN gnt_column *gnt_put_vol(const gnt_feature_view *v, gnt_column *row)
{
    const gnt_f64 *r = v->ret;
    gnt_f64 sum5 = gnt_sum_last(r, 5), sum10 = gnt_sum_on(sum5, r, 5, 10), sum20 = gnt_sum_on(sum10, r, 10, 20);
    gnt_f64 sd5 = gnt_sd_last(r, sum5, v->ret_run, 5, 1), sd10 = gnt_sd_last(r, sum10, v->ret_run, 10, 1);
    gnt_f64 sd20 = gnt_sd_last(r, sum20, v->ret_run, 20, 1);
    *row++ = gnt_column_of(sd5);
    *row++ = gnt_column_of(sd10);
    *row++ = gnt_column_of(sd20);
    *row++ = gnt_column_of(gnt_over(sd5, sd10, 1));
    *row++ = gnt_column_of(gnt_over(sd5, sd20, 1));
    return row;
}

GNT_FN void gnt_put_volume(const gnt_feature_view *v, gnt_column *row)
{
    gnt_f64 volume = gnt_sum_last(v->volume, 20), traded = gnt_sum_last(v->traded, 20);
    gnt_f64 mean = volume / 20.0;
    *row++ = gnt_column_of(gnt_keep(gnt_gt(mean, gnt_splat(0)), v->now.volume / mean - 1));
    *row++ = gnt_column_of(v->dlog_volume);
    *row++ = gnt_column_of(v->dlog_volume_before);
    *row++ = gnt_column_of(gnt_keep(gnt_gt(volume, gnt_splat(0)), v->now.close / (traded / volume) - 1));
}

/* The row of the newest bar, columns in the schema's order; needs 50 bars. */
GNT_FN void gnt_gauntlet_35_of(const gnt_feature_view *v, gnt_column *row)
{
    const int lag[4] = {3, 5, 10, 20}, sma[5] = {0, 5, 10, 20, 50};
    const gnt_f64 *close = v->close, *ret = v->ret;
    gnt_bar b = v->now;
    gnt_f64 c = b.close, sum = gnt_splat(0), sum20 = sum;
    for (int i = 0; i < 6; i++) *row++ = gnt_column_of(ret[-i]);
    for (int i = 0; i < 4; i++) *row++ = gnt_column_of(c / close[-lag[i]] - 1);
    *row++ = gnt_column_of(c / b.open - 1);
    *row++ = gnt_column_of(b.open / close[-1] - 1);
    *row++ = gnt_column_of((b.high - b.low) / c);
    *row++ = gnt_column_of(c / b.high - 1);
    *row++ = gnt_column_of(c / b.low - 1);
    for (int i = 1; i < 5; i++) {
        sum = gnt_sum_on(sum, close, sma[i - 1], sma[i]);
        if (sma[i] == 20) sum20 = sum;
        *row++ = gnt_column_of(c / (sum / (double)sma[i]) - 1);
    }
    *row++ = gnt_column_of(v->spread / c);
    *row++ = gnt_column_of(v->signal / c);
    *row++ = gnt_column_of(v->spread / c - v->signal / c);
    row = gnt_put_rsi(v, row);
    gnt_f64 sd = gnt_sd_last(close, sum20, v->close_run, 20, 0); /* Bollinger: where c lies in mean -+ 2 sd */
    *row++ = gnt_column_of(gnt_over(c - (sum20 / 20.0 - 2 * sd), 4 * sd, 0.5));
    row = gnt_put_vol(v, row);
    gnt_put_volume(v, row);
}

/* levels-17, the original demo's columns of one ticker: open, high, low, close, volume, close lags 1-5, volume lags
 * 1-3, SMA 5/10/20, RSI 14 by simple means in 0..100 (both 0: 50). Needs 20 bars. */
GNT_FN void gnt_levels_17_of(const gnt_feature_view *v, gnt_column *row)
{
    const gnt_f64 *close = v->close, *volume = v->volume;
    gnt_bar b = v->now;
    *row++ = gnt_column_of(b.open);
    *row++ = gnt_column_of(b.high);
    *row++ = gnt_column_of(b.low);
    *row++ = gnt_column_of(b.close);
    *row++ = gnt_column_of(b.volume);
    for (int k = 1; k <= 5; k++) *row++ = gnt_column_of(close[-k]);
    for (int k = 1; k <= 3; k++) *row++ = gnt_column_of(volume[-k]);
    for (int k = 5; k <= 20; k *= 2) *row++ = gnt_column_of(gnt_sum_last(close, k) / (double)k);
    gnt_f64 gain = gnt_sum_last(v->gain, 14), loss = gnt_sum_last(v->loss, 14);
    *row++ = gnt_column_of(100 * gnt_rsi(gain, loss));
}

/* The row of the bar pushed last. */
GNT_FN void gnt_gauntlet_35_row(const gnt_feature_state *s, gnt_column *row)
{
    gnt_feature_view view = gnt_feature_view_of(s);
    gnt_gauntlet_35_of(&view, row);
}
GNT_FN void gnt_levels_17_row(const gnt_feature_state *s, gnt_column *row)
{
    gnt_feature_view view = gnt_feature_view_of(s);
    gnt_levels_17_of(&view, row);
}

#endif
