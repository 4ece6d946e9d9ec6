/* simulate.c: many books at once (SPEC 5).
 *
 * idea     GNT_LANES lanes side by side in vectors, time serial; the step is kernels/math/trade.h, the same text as in
 *          CUDA. Lanes of a group may differ in everything: each input is loaded through a feed that knows its lane's
 *          array, and a lane beyond its last bar is frozen by its mask. A group's missing lanes repeat the last lane;
 *          what they compute is dropped.
 *          Lanes that read the same market and score over the same window are stepped from trade to trade
 *          (sim_stretch.h), vectors that decide alike as a team, so that their latencies overlap and a branch is
 *          predicted once; every other group, and every group whose paths are asked for, bar by bar.
 * shapes   lanes [S] -> totals [S], paths [S][n_bars] when asked
 * mapping  8, 4 or 2 lanes a vector (AVX-512, AVX2, generic); ranges of lanes to threads, by the table
 * class    exact: elementwise operations only, so grouping, threads and instruction set don't show in the bits
 *
 * versions 8-lane bars, cycles at 3.6 GHz (Zen 4, AVX-512, shared machine); 512 lanes of thresholds x 16 costs:
 *
 *          1 every bar whole, masks as vectors: 122 to 165, that is 170 to 240 M costed bars a second and core
 *
 *          2 masks in mask registers, drawdown divided when needed: 85 to 120, 245 to 350 M
 *
 *          3 from trade to trade, rests skipped: long/flat 20, hold 15, long/short 40, daily 41, kelly 55, impact 21
 *
 *          4 the step inlined: long/flat 17 (1,740 M), hold 13 (2,240 M), long/short 35 (835 M), daily 32 (907 M),
 *          vol_target and kelly 48 (600 M), impact 17 (1,670 M), cash rate 51 (565 M), mixed thresholds 59 (485 M)
 *
 *          5 teams of 4 vectors that decide alike, bars of new targets as kernels/math/turn.h, drawdowns divided
 *          when their peak ends. M costed bars a second and core (version 4 in brackets), quiet machine: 6,320 bars,
 *          scores AR(1) 0.73 around 0.519, sd 0.022, 64 thresholds in 0.48 to 0.56 x 64 costs, costs fastest,
 *          938 fills: 974 (754); kept between thresholds 0.02 apart 1,416 (1,167), long/short 794 (607), daily 462
 *          (438), thresholds fastest 520 (504); scores uniform, 3,010 fills: 394 (301)
 *
 *          6 teams of 8: `gauntlet bench --op sweep`, that first grid, one thread: 1,016 (teams of 4: 878; of 6: 909)
 *
 * 1,500 M would be 19 cycles a vector's bar. On that grid's 938 fills in 6,320 bars a fill costs a vector some 150
 * cycles: the divisions are 18 to 36 of them, so not the wall; the chain through one book is (equity, value, units,
 * cash, equity, return), and every stretch begins and ends in memory. With 285 fills (version 4) it is reached. A held
 * bar alone takes 10 to 14 cycles, 9 of them one division; the rest goes into whole steps and into stretches whose end
 * was predicted wrongly. */
#include "kernels/cpu/width.h" /* first: it sets GNT_LANES for kernels/math/lane.h */

#include "kernels/cpu/cpu.h"
#include "kernels/cpu/sim_group.h"
#include "kernels/cpu/sim_stretch.h"
#include "kernels/cpu/stages.h"

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

/* Every bar as a whole step: lanes of any kind, with their paths if asked. */
static void group_run(group *g, const gnt_sim_path *paths, size_t n_lanes)
{
    gnt_book book = g->book;
    gnt_sums sums = g->sums;
    group_decide(g, &book, -1);
    for (size_t i = 0; i < g->n_longest; i++) {
        gnt_f64 target = book.target;
        group_bar(g, &book, &sums, i);
        if (paths)
            for (int j = 0; (size_t)j < n_lanes; j++)
                if (i < g->n[j]) path_put(&paths[j], &book, sums.ret, j, i, target);
        group_decide(g, &book, (ptrdiff_t)i);
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

/* Opens groups of lanes [at, last) while they decide as the first does; their number, at most `most`. */
static size_t team_open(group *g, const gnt_sim_lane *lanes, size_t n_lanes, size_t most)
{
    size_t n = 0;
    while (n < most && n * GNT_LANES < n_lanes) {
        size_t left = n_lanes - n * GNT_LANES;
        group_open(&g[n], lanes + n * GNT_LANES, left < GNT_LANES ? left : GNT_LANES);
        if (n > 0 && !groups_decide_alike(&g[0], &g[n])) break;
        n++;
    }
    return n;
}

void GNT_SIMD_NAME(gnt_cpu_simulate)(const gnt_sim_lane *lanes, size_t first, size_t last, gnt_sim_totals *totals,
                                     const gnt_sim_path *paths)
{
    group g[TEAM];
    for (size_t at = first, n; at < last; at += n * GNT_LANES) {
        n = team_open(g, lanes + at, last - at, paths ? 1 : TEAM);
        if (g[0].alike && !paths)
            team_run(g, n);
        else
            group_run(&g[0], paths ? paths + at : NULL, last - at < GNT_LANES ? last - at : GNT_LANES);
        for (size_t k = 0; k < n; k++) gnt_sums_close(&g[k].sums);
        for (size_t i = at; i < last && i < at + n * GNT_LANES; i++)
            totals_get(&g[(i - at) / GNT_LANES], (int)((i - at) % GNT_LANES), &totals[i]);
    }
}
