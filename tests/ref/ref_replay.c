#include "ref_replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ref_draws.h"
#include "ref_simulate.h"

/* ---- whose request is it? ----------------------------------------------------------------------------- */

static uint64_t fnv(const char *text, uint64_t offset, uint64_t prime, uint64_t mask)
{
    uint64_t h = offset;
    for (; *text; text++) h = ((h ^ (unsigned char)*text) * prime) & mask;
    return h;
}

static int is_enhanced(const ref_replay_case *c, size_t j)
{
    uint64_t key = c->seed ^ fnv(c->experiment, 14695981039346656037ull, 1099511628211ull, ~0ull);
    uint64_t address = c->unit ? fnv(c->unit[j % c->cycle], 2166136261u, 16777619u, 0xFFFFFFFFu) : j;
    ref_at at = {key, c->replicate, 101, (uint32_t)address};
    return ref_uniform_first(at) < c->weight;
}

/* ---- statistics from their textbook forms ------------------------------------------------------------------ */

static const double Z = 1.959963984540054235524594; /* Phi^-1(0.975) */

/* Wilson: the two p with |k/n - p| = z sqrt(p(1-p)/n), roots of a quadratic. */
static void wilson(double k, double n, double *lo, double *hi)
{
    double a = n * n + n * Z * Z, b = -(2 * k * n + n * Z * Z), c = k * k, root = sqrt(b * b - 4 * a * c);
    *lo = k == 0 ? 0 : (-b - root) / (2 * a);
    *hi = k == n ? 1 : (-b + root) / (2 * a);
}

/* Two-sided exact sign test by adding up the tail. */
static double sign_test(uint64_t a, uint64_t b)
{
    uint64_t n = a + b, few = a < b ? a : b;
    long double tail = 0;
    for (uint64_t k = 0; k <= few; k++)
        tail += expl(lgammal((long double)n + 1) - lgammal((long double)k + 1) - lgammal((long double)(n - k) + 1) -
                     (long double)n * logl(2));
    return (double)fminl(1, 2 * tail);
}

/* Whether request j is the first to show its window to its arm. */
static int is_news(const ref_replay_case *c, const uint8_t *arm, size_t j)
{
    for (size_t i = 0; i < j; i++)
        if (arm[i] == arm[j] && c->row[i % c->cycle] == c->row[j % c->cycle]) return 0;
    return 1;
}

static int right(const ref_replay_case *c, int arm, uint32_t row)
{
    return (c->prob[arm][row] >= 0.5) == (c->bars.close[row + 1] > c->bars.close[row]);
}

/* The mixture's 1/Lambda over requests 0..j, everything summed anew; 1 where the test doesn't look. */
static double one_look(const ref_replay_case *c, const uint8_t *arm, const uint8_t *news, size_t j)
{
    double n[2] = {0}, k[2] = {0}, v = 0;
    for (size_t i = 0; i <= j; i++)
        if (news[i]) {
            n[arm[i]]++;
            k[arm[i]] += right(c, arm[i], c->row[i % c->cycle]);
        }
    if (n[0] < 30 || n[1] < 30) return 1;
    for (int a = 0; a < 2; a++) v += k[a] * (n[a] - k[a]) / n[a] / (n[a] - 1) / n[a];
    if (v == 0) return 1;
    double d = k[1] / n[1] - k[0] / n[0], tau2 = 0.0004;
    return sqrt((v + tau2) / v) * exp(-tau2 * d * d / (2 * v * (v + tau2)));
}

/* ---- the replay ------------------------------------------------------------------------------------------------ */

static double book(const ref_replay_case *c, const double *score)
{
    gnt_strategy s = {.upper = .5,
                      .lower = .5,
                      .target_vol = .15,
                      .max_leverage = 1,
                      .kelly_fraction = .5,
                      .commission_bp = .5,
                      .half_spread_bp = 1,
                      .slippage_bp = 1,
                      .borrow_bp = 50,
                      .capital = 1e6,
                      .periods = 252,
                      .close_at_end = true};
    gnt_sim_market market = {c->bars, NULL, NULL};
    gnt_sim_lane lane = {&market, &s, score, NULL, c->begin, c->end};
    gnt_sim_totals totals;
    ref_simulate(&lane, &totals, NULL);
    return totals.equity / 1e6 - 1;
}

static void paired_and_books(const ref_replay_case *c, const uint8_t *arm, ref_replay_result *out)
{
    double *score = malloc(4 * c->bars.n * sizeof *score);
    double k[4] = {0}, n[4] = {0};
    uint64_t only[2] = {0};
    for (size_t i = 0; i < 4 * c->bars.n; i++) score[i] = NAN;
    for (uint32_t row = (uint32_t)c->begin - 1; row + 1 < c->end; row++) {
        int had[3] = {0}; /* by baseline, enhanced, either */
        for (size_t j = 0; j < c->n; j++)
            if (c->row[j % c->cycle] == row) had[arm[j]] = had[2] = 1;
        for (int a = 0; a < 2; a++)
            for (int view = 0; view < 2; view++) /* 0 all, 1 routed */
                if (view ? had[a] : had[2]) {
                    score[(size_t)(2 * view + a) * c->bars.n + row] = c->prob[a][row];
                    n[2 * view + a]++;
                    k[2 * view + a] += right(c, a, row);
                }
        out->n_unique += (uint64_t)had[2];
        if (had[2]) only[0] += right(c, 0, row) && !right(c, 1, row);
        if (had[2]) only[1] += right(c, 1, row) && !right(c, 0, row);
    }
    for (int a = 0; a < 2; a++) {
        out->all[a] = k[a] / n[a];
        out->routed[a] = k[2 + a] / n[2 + a];
        out->n_routed[a] = (uint64_t)n[2 + a];
        wilson(k[2 + a], n[2 + a], &out->routed_lo[a], &out->routed_hi[a]);
        out->return_all[a] = book(c, score + (size_t)a * c->bars.n);
        out->return_routed[a] = book(c, score + (size_t)(2 + a) * c->bars.n);
    }
    out->mcnemar_p = only[0] + only[1] ? sign_test(only[0], only[1]) : 1;
    free(score);
}

void ref_replay(const ref_replay_case *c, ref_replay_result *out, uint8_t *arm_out, double *p_after)
{
    uint8_t *arm = malloc(c->n), *news = malloc(c->n);
    double p = 1, units[2] = {0};
    memset(out, 0, sizeof *out);
    for (size_t j = 0; j < c->n; j++) {
        arm[j] = (uint8_t)is_enhanced(c, j);
        news[j] = (uint8_t)is_news(c, arm, j);
        p = fmin(p, one_look(c, arm, news, j));
        if (p_after) p_after[j] = p;
        if (arm_out) arm_out[j] = arm[j];
        out->count[arm[j]]++;
        int seen = 0;
        for (size_t i = 0; c->unit && i < j && !seen; i++) seen = !strcmp(c->unit[i % c->cycle], c->unit[j % c->cycle]);
        units[arm[j]] += !seen;
    }
    out->share = (double)out->count[1] / (double)c->n;
    paired_and_books(c, arm, out);
    out->diff = out->routed[1] - out->routed[0];
    double d[4] = {out->routed[1] - out->routed_lo[1], out->routed_hi[0] - out->routed[0],
                   out->routed_hi[1] - out->routed[1], out->routed[0] - out->routed_lo[0]};
    out->diff_lo = out->diff - sqrt(d[0] * d[0] + d[1] * d[1]);
    out->diff_hi = out->diff + sqrt(d[2] * d[2] + d[3] * d[3]);
    double total = units[0] + units[1], e = total * c->weight, f = total - e;
    double chi2 = (units[1] - e) * (units[1] - e) / e + (units[0] - f) * (units[0] - f) / f;
    out->srm_p = erfc(sqrt(chi2 / 2));
    free(arm);
    free(news);
}
