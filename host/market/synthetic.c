#include "synthetic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "host/base/mem.h"
#include "kernels/math/explog.h"
#include "kernels/math/normal.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

#define FIRST_CLOSE 100000000 /* micro-dollars before the first bar */
#define MICRO 1e6             /* prices are whole micro-dollars */

/* GARCH(1,1): alpha and beta of daily equity indices in rounded form; the level is the regime's. */
#define GARCH_ALPHA 0.10
#define GARCH_BETA 0.86
#define SIGMA_MAX 0.06 /* a day, so that no chain of shocks runs away */
#define MOVE_MAX 0.10  /* largest |log return| of a day; a biotech ETF's largest since 2001 is 0.095 */

#define PRESSURE_END 0.3    /* chance a bar that pressure ends */
#define VOLUME_PRESSURE 0.6 /* log volume that buying pressure adds and selling pressure takes */

#define T_DEGREES 5
#define T_MEAN_ABS 0.7351051938957226 /* E|z| of a Student-t with 5 degrees scaled to variance 1 */
#define T_MAX 5.0
#define ASYMMETRY_MAX 0.85

/* A stretch of the market. haste: share of its bars after which the planned path has arrived. pull: share of the
 * distance from that path that a day's drift makes up, and at least that much when the coin points its way: strong
 * where a drawdown is stated, or luck would decide how deep it gets; elsewhere just enough to keep prices sensible. */
typedef struct regime {
    const char *from;
    double log_return; /* planned, over the whole stretch */
    double sigma;      /* long-run daily volatility */
    double pull, haste;
} regime;

static const regime regimes[] = {
    {"2018-01-02", 0.22, 0.0115, 0.005, 1},            /* calm rise */
    {GNT_SYN_CRASH_FROM, -0.285, 0.0280, 0.70, 0.6},   /* crash: about -27 % */
    {"2020-03-24", 0.36, 0.0160, 0.005, 1},            /* rebound */
    {GNT_SYN_WINTER_FROM, -0.465, 0.0170, 0.05, 0.95}, /* winter: about -40 % */
    {"2023-07-03", 0.06, 0.0120, 0.005, 1},            /* spring */
};
enum { N_REGIMES = sizeof regimes / sizeof regimes[0] };

/* What a bar hands to the next. */
typedef struct market {
    double edge; /* P(d[t+1] = s[t]); 0.5 is no memory */
    uint64_t seed, replicate;
    int pressure;    /* s of the bar before */
    int64_t close;   /* micro-dollars */
    double variance; /* of the coming day */
    double volume;   /* AR(1) part of log volume */
    const regime *now;
    double planned, step; /* log price the plan is at, and its daily step */
    double target;        /* log price where the stretch's plan ends */
} market;

/* Independent draws of one bar: the coin, and normals by number. */
static double coin(const market *m, size_t t)
{
    return gnt_uniform(
        gnt_philox_x(gnt_philox_block(gnt_random_at(m->seed, GNT_STREAM_MARKET_COIN, m->replicate), (uint32_t)t)));
}

static double draw(const market *m, size_t t, unsigned number)
{
    enum { DRAWS_PER_BAR = 16 };
    gnt_random at = gnt_random_at(m->seed, GNT_STREAM_MARKET_SHAPE, m->replicate);
    return gnt_normal(gnt_uniform(gnt_philox_x(gnt_philox_block(at, (uint32_t)(t * DRAWS_PER_BAR + number)))));
}

enum { DRAW_T = 0, DRAW_GAP = 6, DRAW_UPPER = 7, DRAW_LOWER = 8, DRAW_VOLUME = 9 };

/* |z|: normal over the root of a chi-square, variance 1, cut at T_MAX. */
static double student(const market *m, size_t t)
{
    double top = draw(m, t, DRAW_T), squares = 0;
    for (unsigned i = 1; i <= T_DEGREES; i++) {
        double z = draw(m, t, DRAW_T + i);
        squares += z * z;
    }
    double z = fabs(top) * sqrt((T_DEGREES - 2) / squares);
    return z < T_MAX ? z : T_MAX;
}

/* The pressure of bar t, a Markov chain with coins of its own: 0 on 3/4 of the bars, +1 and -1 on 1/8 each. */
static int pressure_step(const market *m, size_t t)
{
    gnt_random at = gnt_random_at(m->seed, GNT_STREAM_MARKET_PRESSURE, m->replicate);
    double u = gnt_uniform(gnt_philox_x(gnt_philox_block(at, (uint32_t)t)));
    if (t == 0) return u < 0.125 ? 1 : u < 0.25 ? -1 : 0; /* the stationary shares */
    if (m->pressure) return u < PRESSURE_END ? 0 : m->pressure;
    return u < PRESSURE_END / 6 ? 1 : u < PRESSURE_END / 3 ? -1 : 0;
}

static int64_t micro(double usd)
{
    return (int64_t)(usd * MICRO + 0.5);
}

static double clamp(double x, double limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

/* The next stretch starts its plan at the price it finds; the crash arrives with its own volatility. */
static void regime_enter(market *m, const regime *r, size_t n_bars)
{
    m->now = r;
    m->planned = gnt_log((double)m->close / MICRO);
    m->target = m->planned + r->log_return;
    m->step = r->log_return / (r->haste * (double)n_bars);
    double level = r->sigma * r->sigma;
    if (m->variance < level) m->variance = level;
}

static size_t count_bars(const gnt_bars *bars, size_t t, const regime *next)
{
    gnt_day end = 0;
    size_t n = 0;
    if (next) (void)gnt_date_parse(next->from, 10, &end);
    while (t + n < bars->n && (!next || bars->day[t + n] < end)) n++;
    return n;
}

/* The plan moves one step, not beyond its target. */
static void plan_step(market *m)
{
    m->planned += m->step;
    if (m->step < 0 ? m->planned < m->target : m->planned > m->target) m->planned = m->target;
}

static void variance_step(market *m, double x)
{
    double level = m->now->sigma * m->now->sigma, ceiling = SIGMA_MAX * SIGMA_MAX;
    double v = (1 - GARCH_ALPHA - GARCH_BETA) * level + GARCH_ALPHA * x * x + GARCH_BETA * m->variance;
    m->variance = v < ceiling ? v : ceiling;
}

/* Log return of bar t, given its direction. */
static double move(market *m, size_t t, int d)
{
    double sigma = sqrt(m->variance), at = gnt_log((double)m->close / MICRO), behind = m->planned - at;
    plan_step(m);
    double drift = m->now->pull * behind + (m->planned - at - behind);
    double a = clamp(drift / (T_MEAN_ABS * sigma), ASYMMETRY_MAX);
    double size = (1 + d * a) * sigma * student(m, t), least = m->now->pull * d * (m->planned - at);
    double x = clamp(d * (size > least ? size : least), MOVE_MAX);
    variance_step(m, x);
    return x;
}

/* A wick of bar t: short, long or between, in units of sigma. The three ranges don't touch (0 to 0.2, 0.9 and more, 0.4
 * to 0.7) and long over short is above 4, between over between below 2: the pressure can be read off any bar. */
static double wick(const market *m, size_t t, unsigned number, int length)
{
    double z = clamp(fabs(draw(m, t, number)), 3);
    return length > 0 ? 0.9 + 0.3 * z : length < 0 ? 0.066 * z : 0.4 + 0.1 * z;
}

/* Open, high and low around the close: a gap; buying pressure leaves a long wick below and a short one above, selling
 * pressure the reverse. */
static void shape(const market *m, size_t t, int s, double sigma, int64_t before, gnt_bars *bars)
{
    int64_t open = micro((double)before / MICRO * gnt_exp(clamp(0.30 * sigma * draw(m, t, DRAW_GAP), MOVE_MAX)));
    int64_t top = open > m->close ? open : m->close, bottom = open < m->close ? open : m->close;
    int64_t high = micro((double)top / MICRO * gnt_exp(sigma * wick(m, t, DRAW_UPPER, -s)));
    int64_t low = micro((double)bottom / MICRO * gnt_exp(-sigma * wick(m, t, DRAW_LOWER, s)));
    bars->open[t] = (double)open / MICRO;
    bars->high[t] = (double)(high > top ? high : top) / MICRO;
    bars->low[t] = (double)(low < bottom ? low : bottom) / MICRO;
    bars->close[t] = bars->adj_close[t] = (double)m->close / MICRO;
}

/* Shares: about 3 million on a calm day, more when volatility is high, on large moves and under buying pressure. */
static double shares(market *m, size_t t, int s, double sigma, double x)
{
    m->volume = 0.7 * m->volume + 0.2 * draw(m, t, DRAW_VOLUME);
    double activity = 0.9 * gnt_log(sigma / 0.0115) + 0.3 * fabs(x) / sigma;
    return floor(3e6 * gnt_exp(activity - 0.2 + VOLUME_PRESSURE * s + m->volume));
}

/* The coin of bar t: with the pressure of the bar before in P(edge) of the cases, else even. */
static int direction(const market *m, size_t t)
{
    int toward = t && m->pressure ? m->pressure : 1;
    double p = t && m->pressure ? m->edge : 0.5;
    return coin(m, t) < p ? toward : -toward;
}

static void bar_make(market *m, size_t t, gnt_bars *bars)
{
    int s = pressure_step(m, t);
    int d = direction(m, t);
    double sigma = sqrt(m->variance), x = move(m, t, d);
    int64_t before = m->close, close = micro((double)before / MICRO * gnt_exp(x));
    if (d > 0 ? close <= before : close >= before) close = before + d; /* a close never repeats */
    m->close = close;
    m->pressure = s;
    shape(m, t, s, sigma, before, bars);
    bars->volume[t] = shares(m, t, s, sigma, x);
}

static void market_run(market *m, gnt_bars *bars)
{
    size_t t = 0;
    for (size_t r = 0; r < N_REGIMES; r++) {
        size_t n = count_bars(bars, t, r + 1 < N_REGIMES ? &regimes[r + 1] : NULL);
        regime_enter(m, &regimes[r], n);
        for (size_t end = t + n; t < end; t++) bar_make(m, t, bars);
    }
}

static gnt_status hash_bars(gnt_bars *bars, gnt_error *why)
{
    gnt_status st = GNT_OK;
    const double *column[6] = {bars->open, bars->high, bars->low, bars->close, bars->adj_close, bars->volume};
    size_t days = bars->n * sizeof *bars->day, column_bytes = bars->n * sizeof(double);
    char *bytes;
    GNT_ALLOC(bytes, days + 6 * column_bytes);
    memcpy(bytes, bars->day, days);
    for (size_t k = 0; k < 6; k++) memcpy(bytes + days + k * column_bytes, column[k], column_bytes);
    GNT_GOTO(gnt_sha256(bytes, days + 6 * column_bytes, bars->sha256, why));
out:
    free(bytes);
    return st;
}

static gnt_status fill_identity(const char *symbol, gnt_bars *bars, gnt_error *why)
{
    snprintf(bars->symbol, sizeof bars->symbol, "%s", symbol);
    snprintf(bars->source, sizeof bars->source, "builtin");
    bars->provenance = GNT_SYNTHETIC;
    return hash_bars(bars, why);
}

gnt_status gnt_synthetic_bars(const char *symbol, uint64_t seed, gnt_bars *bars, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_day *day = NULL;
    size_t n = 0;
    *bars = (gnt_bars){0};
    bool edge = !strcmp(symbol, GNT_SYN_EDGE);
    if (!edge && strcmp(symbol, GNT_SYN_NULL) != 0)
        return gnt_fail(why, GNT_EINVAL, "no built-in market '%s': expected SYN-EDGE or SYN-NULL", symbol);
    market m = {.edge = edge ? GNT_SYN_EDGE_PRESSED : 0.5,
                .seed = seed,
                .replicate = gnt_fnv1a_64(symbol),
                .close = FIRST_CLOSE};
    GNT_GOTO(gnt_calendar_sessions(GNT_CALENDAR_NYSE, gnt_day_of(2018, 1, 2), gnt_day_of(2023, 12, 29), &day, &n, why));
    GNT_GOTO(gnt_bars_alloc(bars, n, why));
    memcpy(bars->day, day, n * sizeof *day);
    market_run(&m, bars);
    GNT_GOTO(fill_identity(symbol, bars, why));
out:
    free(day);
    if (st) gnt_bars_free(bars);
    return st;
}
