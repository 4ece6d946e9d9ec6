#include "ref_features.h"

#include <math.h>
#include <stdbool.h>

typedef long double real;

static real mean(const double *x, size_t t, size_t k)
{
    real sum = 0;
    for (size_t i = t + 1 - k; i <= t; i++) sum += x[i];
    return sum / (real)k;
}

static real change(const double *close, size_t t, size_t lag)
{
    return (real)close[t] / (real)close[t - lag] - 1;
}

static real ema(const double *close, size_t t, int n)
{
    real e = close[0];
    for (size_t i = 1; i <= t; i++) e = e + 2.0L / (n + 1) * ((real)close[i] - e);
    return e;
}

/* O(t^2), and plainly so: the spread of every bar from its own two averages. */
static real signal_line(const double *close, size_t t)
{
    real e = 0;
    for (size_t i = 1; i <= t; i++) e = e + 0.2L * (ema(close, i, 12) - ema(close, i, 26) - e);
    return e;
}

static real rsi(const double *close, size_t t, size_t k, real none)
{
    real gains = 0, losses = 0;
    for (size_t i = t + 1 - k; i <= t; i++) {
        real d = (real)close[i] - (real)close[i - 1];
        if (d > 0) gains += d;
        if (d < 0) losses -= d;
    }
    real g = gains / (real)k, l = losses / (real)k;
    return g == 0 && l == 0 ? none : g / (g + l);
}

/* The returns that a double sees: equal closes ratios are equal returns, so "all equal" is decided in double. */
static real return_sd(const double *close, size_t t, size_t k)
{
    bool equal = true;
    real m = 0, squares = 0;
    for (size_t i = t + 1 - k; i <= t; i++) {
        m += change(close, i, 1) / (real)k;
        if (close[i] / close[i - 1] - 1 != close[t] / close[t - 1] - 1) equal = false;
    }
    if (equal) return 0;
    for (size_t i = t + 1 - k; i <= t; i++) squares += (change(close, i, 1) - m) * (change(close, i, 1) - m);
    return sqrtl(squares / (real)(k - 1));
}

static real close_sd(const double *close, size_t t, size_t k)
{
    real m = mean(close, t, k), squares = 0;
    bool equal = true;
    for (size_t i = t + 1 - k; i <= t; i++) {
        squares += (close[i] - m) * (close[i] - m);
        if (close[i] != close[t]) equal = false;
    }
    return equal ? 0 : sqrtl(squares / (real)k);
}

static real dlog(const double *volume, size_t t)
{
    return logl(fmaxl(volume[t], 1) / fmaxl(volume[t - 1], 1));
}

static real vwap_gap(const ref_bars *b, size_t t)
{
    real money = 0, shares = 0;
    for (size_t i = t - 19; i <= t; i++) {
        money += ((real)b->high[i] + b->low[i] + b->close[i]) / 3 * b->volume[i];
        shares += b->volume[i];
    }
    return shares == 0 ? 0 : b->close[t] / (money / shares) - 1;
}

void ref_gauntlet_35(const ref_bars *b, size_t t, double row[REF_GAUNTLET])
{
    const double *C = b->close;
    real c = C[t], v5 = return_sd(C, t, 5), v10 = return_sd(C, t, 10), v20 = return_sd(C, t, 20),
         s = close_sd(C, t, 20);
    real spread = ema(C, t, 12) - ema(C, t, 26), line = signal_line(C, t), sma_volume = mean(b->volume, t, 20);
    real f[REF_GAUNTLET] = {
        change(C, t, 1),
        change(C, t - 1, 1),
        change(C, t - 2, 1),
        change(C, t - 3, 1),
        change(C, t - 4, 1),
        change(C, t - 5, 1),
        change(C, t, 3),
        change(C, t, 5),
        change(C, t, 10),
        change(C, t, 20),
        c / b->open[t] - 1,
        b->open[t] / (real)C[t - 1] - 1,
        ((real)b->high[t] - b->low[t]) / c,
        c / b->high[t] - 1,
        c / b->low[t] - 1,
        c / mean(C, t, 5) - 1,
        c / mean(C, t, 10) - 1,
        c / mean(C, t, 20) - 1,
        c / mean(C, t, 50) - 1,
        spread / c,
        line / c,
        spread / c - line / c,
        rsi(C, t, 9, 0.5L),
        rsi(C, t, 14, 0.5L),
        rsi(C, t, 21, 0.5L),
        s == 0 ? 0.5L : (c - (mean(C, t, 20) - 2 * s)) / (4 * s),
        v5,
        v10,
        v20,
        v10 == 0 ? 1 : v5 / v10,
        v20 == 0 ? 1 : v5 / v20,
        sma_volume == 0 ? 0 : b->volume[t] / sma_volume - 1,
        dlog(b->volume, t),
        dlog(b->volume, t - 1),
        vwap_gap(b, t),
    };
    for (int i = 0; i < REF_GAUNTLET; i++) row[i] = (double)f[i];
}

void ref_gauntlet_35_condition(const ref_bars *b, size_t t, double condition[REF_GAUNTLET])
{
    const double *C = b->close;
    double row[REF_GAUNTLET], highest = 0;
    ref_gauntlet_35(b, t, row);
    for (size_t i = 0; i <= t; i++) highest = fmax(highest, C[i]);
    for (int i = 0; i < REF_GAUNTLET; i++) condition[i] = 1 + fabs(row[i]);
    for (int i = 19; i <= 21; i++) condition[i] = highest / C[t];
    double s = (double)close_sd(C, t, 20), v10 = row[27], v20 = row[28];
    if (s > 0) condition[25] += C[t] / s;
    if (v10 > 0) condition[29] += (1 + row[29]) / v10;
    if (v20 > 0) condition[30] += (1 + row[30]) / v20;
}

void ref_levels_17(const ref_bars *b, size_t t, double row[REF_LEVELS])
{
    const double *C = b->close, *V = b->volume;
    double f[REF_LEVELS] = {
        b->open[t],
        b->high[t],
        b->low[t],
        C[t],
        V[t],
        C[t - 1],
        C[t - 2],
        C[t - 3],
        C[t - 4],
        C[t - 5],
        V[t - 1],
        V[t - 2],
        V[t - 3],
        (double)mean(C, t, 5),
        (double)mean(C, t, 10),
        (double)mean(C, t, 20),
        (double)(100 * rsi(C, t, 14, 0.5L)),
    };
    for (int i = 0; i < REF_LEVELS; i++) row[i] = f[i];
}
