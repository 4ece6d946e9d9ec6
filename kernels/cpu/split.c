/* split.c: the arm of every request under every re-randomised split (SPEC 6 and 10, Replay).
 *
 * idea     one Philox block per (request counter, replicate); enhanced iff its first uniform is below the weight.
 * shapes   counter [n], enhanced [R][n]; seed is already seed' (XOR the hash of the experiment's name)
 * class    exact */
#include "kernels/cpu/stages.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

void gnt_cpu_split(uint64_t seed, double weight, const uint32_t *counter, size_t n, uint64_t first_replicate,
                   size_t first, size_t last, uint8_t *enhanced)
{
    for (size_t r = first; r < last; r++) {
        gnt_random at = gnt_random_at(seed, GNT_STREAM_SPLIT, first_replicate + r);
        for (size_t j = 0; j < n; j++)
            enhanced[r * n + j] = gnt_uniform(gnt_philox_x(gnt_philox_block(at, counter[j]))) < weight;
    }
}
