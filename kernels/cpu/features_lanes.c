/* features_lanes.c: feature rows of many symbols at once (SPEC 2).
 *
 * idea     GNT_LANES symbols side by side in vectors, time serial; the step is kernels/math/feature.h, the same text as
 *          features.c takes one symbol at a time through. A symbol past its last bar is fed that bar again and writes
 *          nothing; lanes without a symbol repeat the last one.
 * shapes   bars [S] of [T_s] -> out [S] of [T_s][stride], the set's columns first; NaN before the first valid row
 * mapping  8, 4 or 2 symbols a vector (AVX-512, AVX2, generic); groups of 8 symbols to threads, by the table
 * versions rows/s of gauntlet-35 on one core:
 *          1 one symbol, every window summed by itself, ring buffers: 2.6 M
 *          2 one chain of sums a series, windows side by side in memory (features.c): 7.2 M
 *          3 over lanes: two 12 M, four 21 M, eight 24 M; a third of the last is writing the rows (lanes to
 *            row-major), most of the rest 42 divisions a row
 * class    ulp; elementwise operations only, so grouping, threads and instruction set don't show in the bits */
#include "kernels/cpu/width.h" /* first: it sets GNT_LANES for kernels/math/lane.h */

#include "kernels/cpu/cpu.h"
#include "kernels/cpu/stages.h"
#include "kernels/math/feature.h"

typedef struct group {
    const gnt_bars_view *bars[GNT_LANES];
    float *out[GNT_LANES];
    size_t n[GNT_LANES]; /* rows to write; 0 for a repeated lane */
    size_t n_longest;
} group;

static group group_of(const gnt_bars_view *bars, float *const *out, size_t n_symbols)
{
    group g = {.n_longest = 0};
    for (size_t j = 0; j < GNT_LANES; j++) {
        size_t s = j < n_symbols ? j : n_symbols - 1;
        g.bars[j] = &bars[s];
        g.out[j] = out[s];
        g.n[j] = j < n_symbols ? bars[s].n : 0;
        if (bars[s].n > g.n_longest) g.n_longest = bars[s].n;
    }
    return g;
}

static inline gnt_bar bar_of(const group *g, size_t t)
{
    gnt_bar bar;
    for (int j = 0; j < GNT_LANES; j++) {
        const gnt_bars_view *b = g->bars[j];
        size_t row = t < b->n ? t : b->n - 1;
        gnt_lane_put(&bar.open, j, b->n ? b->open[row] : NAN);
        gnt_lane_put(&bar.high, j, b->n ? b->high[row] : NAN);
        gnt_lane_put(&bar.low, j, b->n ? b->low[row] : NAN);
        gnt_lane_put(&bar.close, j, b->n ? b->close[row] : NAN);
        gnt_lane_put(&bar.volume, j, b->n ? b->volume[row] : NAN);
    }
    return bar;
}

static inline void put_row(const group *g, size_t t, size_t stride, const gnt_column *row, size_t width)
{
    for (int j = 0; j < GNT_LANES; j++) {
        if (t >= g->n[j]) continue;
        float *out = g->out[j] + t * stride;
        for (size_t k = 0; k < width; k++) out[k] = row[k][j];
    }
}

typedef void put_columns(const gnt_feature_state *state, gnt_column *row);

/* Inlined for each set, so that its row function is. */
static inline __attribute__((always_inline)) void rows(const group *g, put_columns *columns, size_t first, size_t width,
                                                       size_t stride)
{
    gnt_feature_state state;
    gnt_column row[GNT_GAUNTLET_35_WIDTH], nothing[GNT_GAUNTLET_35_WIDTH];
    for (size_t k = 0; k < width; k++) nothing[k] = gnt_column_of(gnt_splat(NAN));
    gnt_feature_reset(&state);
    for (size_t t = 0; t < g->n_longest; t++) {
        gnt_bar bar = bar_of(g, t);
        gnt_feature_push(&state, &bar);
        if (t >= first) columns(&state, row);
        put_row(g, t, stride, t >= first ? row : nothing, width);
    }
}

void GNT_SIMD_NAME(gnt_cpu_features_lanes)(gnt_feature_set set, const gnt_bars_view *bars, size_t n_symbols,
                                           size_t stride, float *const *out)
{
    for (size_t s = 0; s < n_symbols; s += GNT_LANES) {
        group g = group_of(bars + s, out + s, n_symbols - s < GNT_LANES ? n_symbols - s : GNT_LANES);
        if (set == GNT_FEATURES_LEVELS_17)
            rows(&g, gnt_levels_17_row, GNT_LEVELS_17_FIRST, GNT_LEVELS_17_WIDTH, stride);
        else
            rows(&g, gnt_gauntlet_35_row, GNT_GAUNTLET_35_FIRST, GNT_GAUNTLET_35_WIDTH, stride);
    }
}
