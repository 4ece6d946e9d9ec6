/* gather.c: rows of a panel for a block of 16 windows, window last.
 *
 * idea     tiles of lanes x lanes numbers are turned in registers; the last tile of a row reaches back over numbers
 *          that have been moved already, so that no row is read past its end
 * shapes   x [n_steps][F][16]
 * class    exact (numbers are moved)
 * versions share of training 1 x 24 and 1 x 32:
 *          1 number by number: 4 %
 *          2 tiles: 1 % */
#include "kernels/cpu/lstm.h"
#include "kernels/cpu/transpose.h"

/* Where bar row[w] + s - (n_steps - 1) begins, for lanes windows from w on; bars clamped to the panel. */
static void starts(gnt_panel panel, const uint32_t *row, size_t back, const float *from[GNT_F32_LANES])
{
    for (size_t i = 0; i < GNT_F32_LANES; i++) {
        size_t bar = (size_t)row[i] - back;
        from[i] = panel.x + (bar < panel.n_rows ? bar : panel.n_rows - 1) * panel.n_features;
    }
}

gnt_gather_fn GNT_SIMD_NAME(gnt_gather);
void GNT_SIMD_NAME(gnt_gather)(gnt_panel panel, const uint32_t row[GNT_BLOCK], size_t n_steps, float *x)
{
    size_t n_k = panel.n_features;
    for (size_t s = 0; s < n_steps; s++, x += n_k * GNT_BLOCK)
        for (size_t w = 0; w < GNT_BLOCK; w += GNT_F32_LANES) {
            const float *from[GNT_F32_LANES];
            starts(panel, row + w, n_steps - 1 - s, from);
            if (n_k < GNT_F32_LANES) {
                for (size_t k = 0; k < n_k; k++)
                    for (size_t i = 0; i < GNT_F32_LANES; i++) x[k * GNT_BLOCK + w + i] = from[i][k];
                continue;
            }
            for (size_t k = 0; k < n_k; k += GNT_F32_LANES) {
                size_t first = k + GNT_F32_LANES <= n_k ? k : n_k - GNT_F32_LANES;
                tile_gather(from, first, x + first * GNT_BLOCK + w, GNT_BLOCK);
            }
        }
}
