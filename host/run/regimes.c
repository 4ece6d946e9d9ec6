#include "regimes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"

const gnt_scheme gnt_schemes[GNT_N_SCHEMES] = {
    {"bull_bear",
     "bull|bear",
     {"bull", "bear"},
     {"bull market", "bear market"},
     2,
     "bull or bear by the last 20 % move of closes from an extreme, known at the close before the bar; "
     "a turn counts from the bar after the close that shows it, never from the extreme itself"},
    {"volatility",
     "low|middle|high",
     {"low", "middle", "high"},
     {"low volatility", "middle volatility", "high volatility"},
     3,
     "sample sd of the 20 returns up to the close before the bar, against the terciles of the train rows"},
    {"trend",
     "up|down",
     {"up", "down"},
     {"up trend", "down trend"},
     2,
     "close before the bar above (up) or not above (down) the mean of the last 200 closes"},
};

/* What the closes so far say: -1 nothing yet, 0 bull, 1 bear. */
typedef struct turning {
    double low, high; /* extremes since the last turn */
    int8_t state;
} turning;

static void turning_step(turning *s, double close)
{
    if (close > s->high) s->high = close;
    if (close < s->low) s->low = close;
    if (s->state != 1 && close <= (1 - GNT_BULL_BEAR_MOVE) * s->high)
        *s = (turning){close, close, 1};
    else if (s->state != 0 && close >= (1 + GNT_BULL_BEAR_MOVE) * s->low)
        *s = (turning){close, close, 0};
}

void gnt_regime_bull_bear(const double *close, size_t n, int8_t *code)
{
    turning s = {INFINITY, -INFINITY, -1};
    for (size_t t = 0; t < n; t++) {
        code[t] = s.state;
        turning_step(&s, close[t]);
    }
}

void gnt_regime_trend(const double *close, size_t n, int8_t *code)
{
    double sum = 0;
    for (size_t t = 0; t < n; t++) {
        code[t] = -1;
        if (t >= GNT_TREND_BARS) code[t] = close[t - 1] > sum / GNT_TREND_BARS ? 0 : 1;
        sum += close[t];
        if (t >= GNT_TREND_BARS) sum -= close[t - GNT_TREND_BARS];
    }
}

/* Sample sd of the 20 returns that end at row t; NaN before. */
static double trailing_sd(const double *close, size_t t)
{
    enum { K = GNT_REGIME_VOL_BARS };
    double r[K], mean = 0, sum = 0;
    if (t < K) return NAN;
    for (size_t i = 0; i < K; i++) {
        size_t at = t - K + 1 + i;
        r[i] = close[at] / close[at - 1] - 1;
        mean += r[i] / K;
    }
    for (size_t i = 0; i < K; i++) sum += (r[i] - mean) * (r[i] - mean);
    return sqrt(sum / (K - 1));
}

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Type 7 quantile of sorted values. */
static double quantile(const double *sorted, size_t n, double q)
{
    double h = (double)(n - 1) * q;
    size_t i = (size_t)h;
    return i + 1 < n ? sorted[i] + (h - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

gnt_status gnt_regime_volatility(const double *close, size_t n, const uint32_t *row, size_t n_rows, double edges[2],
                                 int8_t *code, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *sd = NULL;
    size_t n_sd = 0;
    GNT_ALLOC(sd, n_rows);
    for (size_t i = 0; i < n_rows; i++)
        if (row[i] >= GNT_REGIME_VOL_BARS && row[i] < n) sd[n_sd++] = trailing_sd(close, row[i]);
    if (n_sd < 3) {
        st = gnt_fail(why, GNT_EFEW, "volatility terciles: %zu train rows with 20 returns, at least 3 needed", n_sd);
        goto out;
    }
    qsort(sd, n_sd, sizeof *sd, rising);
    edges[0] = quantile(sd, n_sd, 1.0 / 3);
    edges[1] = quantile(sd, n_sd, 2.0 / 3);
    for (size_t t = 0; t < n; t++) {
        double now = t ? trailing_sd(close, t - 1) : NAN;
        code[t] = isnan(now) ? -1 : (int8_t)((now > edges[0]) + (now > edges[1]));
    }
out:
    free(sd);
    return st;
}
