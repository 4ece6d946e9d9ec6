/* dropout.c: inverted dropout factors of 16 windows, each a pure function of (seed, epoch, row, element).
 *
 * idea     one Philox block gives four elements of one window; the loop over windows is the vector. A window's mask
 *          doesn't depend on the batch it is in, nor on the thread.
 * shapes   mask [L][D][16]
 * class    exact */
#include <math.h>

#include "kernels/cpu/lstm.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

gnt_dropout_fn GNT_SIMD_NAME(gnt_dropout);
void GNT_SIMD_NAME(gnt_dropout)(const gnt_layout *layout, double p, uint64_t seed, uint32_t epoch,
                                const uint32_t row[GNT_BLOCK], size_t layer, float *mask)
{
    size_t n = layout->net.window * layout->width, first = layer * n;
    uint32_t below = (uint32_t)ceil(p * 0x1p32);
    float kept = (float)(1 / (1 - p));
    for (size_t block = first / 4; block * 4 < first + n; block++) {
        uint32_t word[4][GNT_BLOCK];
        for (size_t w = 0; w < GNT_BLOCK; w++) {
            gnt_random at = gnt_random_at(seed, GNT_STREAM_DROPOUT, (uint64_t)epoch << 32 | row[w]);
            gnt_philox draw = gnt_philox_block(at, (uint32_t)block);
            for (size_t i = 0; i < 4; i++) word[i][w] = draw.w[i];
        }
        for (size_t i = 0; i < 4; i++) {
            size_t element = block * 4 + i;
            if (element < first || element >= first + n) continue;
            for (size_t w = 0; w < GNT_BLOCK; w++)
                mask[(element - first) * GNT_BLOCK + w] = word[i][w] < below ? 0 : kept;
        }
    }
}
