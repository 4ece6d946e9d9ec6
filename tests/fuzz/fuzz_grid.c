/* The text of --grid: refused with a reason, or a grid whose text and points go round. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/sweep/grid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_dim(const gnt_grid_dim *dim)
{
    char text[GNT_GRID_TEXT], whole[GNT_GRID_TEXT + 64];
    gnt_grid again = {0};
    snprintf(whole, sizeof whole, "%s=%s", dim->parameter->name, gnt_grid_dim_text(dim, text, sizeof text));
    if (gnt_grid_add(&again, whole, NULL) || again.dim[0].n != dim->n) __builtin_trap();
    for (int i = 0; i < 2; i++) {
        double a = gnt_grid_value(dim, i ? dim->n - 1 : 0), b = gnt_grid_value(&again.dim[0], i ? dim->n - 1 : 0);
        bool inside =
            gnt_parameter_is_words(dim->parameter) || (a >= dim->parameter->smallest && a <= dim->parameter->largest);
        if (a != b || !inside) __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[GNT_GRID_TEXT + 16] = "";
    gnt_grid grid = {0};
    gnt_error why = {0};
    gnt_strategy base;
    gnt_grid_point a, b;
    memcpy(text, data, size < sizeof text ? size : sizeof text - 1);
    if (gnt_grid_add(&grid, text, &why)) {
        if (!why.text[0]) __builtin_trap();
        return 0;
    }
    if (grid.n_points < 1 || grid.n_points > GNT_GRID_POINTS) __builtin_trap();
    for (size_t d = 0; d < grid.n_dims; d++) check_dim(&grid.dim[d]);
    gnt_strategy_default(&base);
    gnt_grid_seek(&grid, &base, grid.n_points - 1, &a);
    gnt_grid_next(&grid, &a);
    gnt_grid_seek(&grid, &base, 0, &b);
    for (size_t d = 0; d < grid.n_dims; d++)
        if (a.at[d] != b.at[d]) __builtin_trap();
    return 0;
}
