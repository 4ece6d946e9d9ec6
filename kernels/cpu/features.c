/* features.c: feature rows of one symbol (SPEC 2).
 *
 * idea     one state, pushed bar by bar; a row is read once the schema's longest window is full.
 * shapes   bars [T] -> out [T][stride], the set's columns first; NaN before the first valid row
 * mapping  serial in time, one symbol; features_lanes.c takes several at once through the same step
 * class    ulp; independent of the instruction set (compiled once) */
#include "kernels/cpu/stages.h"
#include "kernels/math/feature.h"

typedef struct set_shape {
    size_t width, first;
    void (*row)(const gnt_feature_state *state, float *row);
} set_shape;

static set_shape shape_of(gnt_feature_set set)
{
    if (set == GNT_FEATURES_LEVELS_17) return (set_shape){GNT_LEVELS_17_WIDTH, GNT_LEVELS_17_FIRST, gnt_levels_17_row};
    return (set_shape){GNT_GAUNTLET_35_WIDTH, GNT_GAUNTLET_35_FIRST, gnt_gauntlet_35_row};
}

void gnt_cpu_features(gnt_feature_set set, const gnt_bars_view *bars, size_t stride, float *out)
{
    set_shape shape = shape_of(set);
    gnt_feature_state state;
    gnt_feature_reset(&state);
    for (size_t t = 0; t < bars->n; t++) {
        gnt_bar bar = {bars->open[t], bars->high[t], bars->low[t], bars->close[t], bars->volume[t]};
        gnt_feature_push(&state, &bar);
        float *row = out + t * stride;
        if (t >= shape.first)
            shape.row(&state, row);
        else
            for (size_t k = 0; k < shape.width; k++) row[k] = NAN;
    }
}
