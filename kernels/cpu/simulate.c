/* simulate.c: many books at once (SPEC 5).
 *
 * idea     GNT_LANES lanes side by side in vectors, time serial; the step is kernels/math/trade.h, the same text as in
 *          CUDA. Lanes of a group may differ in everything: each input is loaded through a feed that knows its lane's
 *          array, and a lane beyond its last bar is frozen by its mask. A group's missing lanes repeat the last lane;
 *          what they compute is dropped.
 * shapes   lanes [S] -> totals [S], paths [S][n_bars] when asked
 * mapping  8, 4 or 2 lanes a vector (AVX-512, AVX2, generic); ranges of lanes to threads, by the table
 * class    exact: elementwise operations only, so grouping, threads and instruction set don't show in the bits */
#if GNT_SIMD_avx512
#define GNT_LANES 8
#elif GNT_SIMD_avx2
#define GNT_LANES 4
#else
#define GNT_LANES 2
#endif

#include "kernels/cpu/cpu.h"
#include "kernels/cpu/stages.h"
#include "kernels/math/trade.h"

static const double nothing = NAN;

/* One input of every lane in the group: lane j reads p[j][row * step[j]]; step 0 for a constant. */
typedef struct feed {
    const double *p[GNT_LANES];
    size_t step[GNT_LANES];
    bool shared; /* every lane reads the same array */
} feed;

typedef struct group {
    size_t n[GNT_LANES], n_longest; /* bars */
    bool even;                      /* every lane has n_longest bars */
    feed open, close, dollar_volume, score, target, vol;
    gnt_terms terms;
    gnt_book book;
    gnt_sums sums;
} group;

/* data NULL: nothing known. begin: the window's first row in data. */
static void feed_put(feed *f, int lane, const double *data, size_t begin)
{
    f->p[lane] = data ? data + begin : &nothing;
    f->step[lane] = data ? 1 : 0;
    bool same = f->p[lane] == f->p[0] && f->step[lane] == f->step[0];
    f->shared = lane == 0 || (f->shared && same);
}

/* Row i of every lane, i counted from the window's first bar; -1 is the row before. */
static inline gnt_f64 feed_row(const feed *f, const group *g, ptrdiff_t i)
{
    gnt_f64 x = {0};
    if (f->shared && g->even) return gnt_splat(f->p[0][i * (ptrdiff_t)f->step[0]]);
    for (int j = 0; j < GNT_LANES; j++) {
        ptrdiff_t row = i < (ptrdiff_t)g->n[j] ? i : (ptrdiff_t)g->n[j] - 1;
        x[j] = f->p[j][row * (ptrdiff_t)f->step[j]];
    }
    return x;
}

static void group_open(group *g, const gnt_sim_lane *lanes, size_t n_lanes)
{
    gnt_f64 capital = {0};
    *g = (group){.even = true};
    for (int j = 0; j < GNT_LANES; j++) {
        const gnt_sim_lane *lane = &lanes[(size_t)j < n_lanes ? (size_t)j : n_lanes - 1];
        const gnt_sim_market *m = lane->market;
        gnt_terms_1 terms = gnt_terms_of(lane->strategy, lane->target != NULL);
        gnt_terms_put(&g->terms, j, &terms);
        capital[j] = lane->strategy->capital;
        g->n[j] = lane->end - lane->begin;
        if (g->n[j] > g->n_longest) g->n_longest = g->n[j];
        feed_put(&g->open, j, m->bars.open, lane->begin);
        feed_put(&g->close, j, m->bars.close, lane->begin);
        feed_put(&g->dollar_volume, j, m->dollar_volume_20, lane->begin);
        feed_put(&g->vol, j, m->vol_20, lane->begin);
        feed_put(&g->score, j, lane->target ? NULL : lane->score, lane->begin);
        feed_put(&g->target, j, lane->target, lane->begin);
    }
    for (int j = 0; j < GNT_LANES; j++) g->even = g->even && g->n[j] == g->n_longest;
    gnt_book_open(&g->book, capital, feed_row(&g->close, g, -1));
    gnt_sums_open(&g->sums, capital);
}

/* Lanes that have at least n bars. */
static inline gnt_mask lanes_with(const group *g, size_t n)
{
    if (g->even) return n <= g->n_longest ? gnt_every() : gnt_none();
    gnt_mask m = gnt_none();
    for (int j = 0; j < GNT_LANES; j++) gnt_lane_flag(&m, j, g->n[j] >= n);
    return m;
}

static inline void decide(const group *g, gnt_book *book, ptrdiff_t i)
{
    gnt_sim_row row = {.score = feed_row(&g->score, g, i),
                       .target = feed_row(&g->target, g, i),
                       .vol = feed_row(&g->vol, g, i),
                       .live = lanes_with(g, (size_t)(i + 1))};
    gnt_decide(book, &g->terms, &row);
}

static void put(double *path, size_t i, double x)
{
    if (path) path[i] = x;
}

/* `target`: what acted on bar i, decided at the close before. */
static void path_put(const gnt_sim_path *path, const gnt_book *b, gnt_f64 ret, int j, size_t i, gnt_f64 target)
{
    put(path->price_fill, i, gnt_lane_get(b->price_fill, j));
    put(path->target, i, gnt_lane_get(target, j));
    put(path->units, i, gnt_lane_get(b->units, j));
    put(path->cash, i, gnt_lane_get(b->cash, j));
    put(path->equity, i, gnt_lane_get(b->equity, j));
    put(path->ret, i, gnt_lane_get(ret, j));
    put(path->cost, i, gnt_lane_get(b->cost, j));
    put(path->position, i, gnt_lane_get(b->position, j));
}

/* The state lives in locals, so that it stays in registers: nothing the loop reads can alias it. */
static void run(group *g, const gnt_sim_path *paths, size_t n_lanes)
{
    gnt_book book = g->book;
    gnt_sums sums = g->sums;
    decide(g, &book, -1);
    for (size_t i = 0; i < g->n_longest; i++) {
        gnt_f64 target = book.target;
        gnt_sim_bar bar = {.open = feed_row(&g->open, g, (ptrdiff_t)i),
                           .close = feed_row(&g->close, g, (ptrdiff_t)i),
                           .dollar_volume = feed_row(&g->dollar_volume, g, (ptrdiff_t)i),
                           .live = lanes_with(g, i + 1),
                           .last = lanes_with(g, i + 1) & gnt_not(lanes_with(g, i + 2))};
        gnt_book_bar(&book, &sums, &g->terms, &bar);
        if (paths)
            for (int j = 0; (size_t)j < n_lanes; j++)
                if (i < g->n[j]) path_put(&paths[j], &book, sums.ret, j, i, target);
        decide(g, &book, (ptrdiff_t)i);
    }
    g->book = book;
    g->sums = sums;
}

static void totals_get(const group *g, int j, gnt_sim_totals *t)
{
    const gnt_sums *s = &g->sums;
    *t = (gnt_sim_totals){
        .equity = gnt_lane_get(g->book.equity, j),
        .sum_r = gnt_lane_get(s->sum_r, j),
        .sum_r2 = gnt_lane_get(s->sum_r2, j),
        .sum_down2 = gnt_lane_get(s->sum_down2, j),
        .max_drawdown = gnt_lane_get(s->max_drawdown, j),
        .max_drawdown_bars = (uint64_t)gnt_lane_get(s->longest_below, j),
        .n_bars = g->n[j],
        .n_fills = (uint64_t)gnt_lane_get(s->n_fills, j),
        .n_trades = (uint64_t)gnt_lane_get(s->n_trades, j),
        .n_exposed = (uint64_t)gnt_lane_get(s->n_exposed, j),
        .n_up = (uint64_t)gnt_lane_get(s->n_up, j),
        .n_nonzero = (uint64_t)gnt_lane_get(s->n_nonzero, j),
        .turnover = gnt_lane_get(s->turnover, j),
        .cost_paid = gnt_lane_get(s->cost_paid, j),
        .overnight = gnt_lane_get(s->overnight, j),
        .intraday = gnt_lane_get(s->intraday, j),
        .ruined = gnt_lane_is(g->book.ruined, j),
    };
}

void GNT_SIMD_NAME(gnt_cpu_simulate)(const gnt_sim_lane *lanes, size_t first, size_t last, gnt_sim_totals *totals,
                                     const gnt_sim_path *paths)
{
    for (size_t at = first; at < last; at += GNT_LANES) {
        size_t n = last - at < GNT_LANES ? last - at : GNT_LANES;
        group g;
        group_open(&g, lanes + at, n);
        run(&g, paths ? paths + at : NULL, n);
        for (int j = 0; (size_t)j < n; j++) totals_get(&g, j, &totals[at + (size_t)j]);
    }
}
