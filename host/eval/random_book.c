/* The random benchmark: the strategy's own runs of positions and its gaps, each in random order (SPEC 5 and 10).
 *
 * It trades as often, as long and as large as the strategy does; only when is left to chance. A run is a maximal
 * stretch of one sign, a gap a stretch without a position. The pattern of run and gap stays, so that no two long
 * runs ever join over a vanished gap; docs/decisions/random-benchmark.md. */
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/book.h"
#include "host/eval/moments.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

enum { BOOKS_A_CALL = 250 }; /* replicates simulated at once: bounds memory to 250 windows */

void gnt_book_exposure(const double *target, const double *position, size_t n, double *exposure)
{
    double held = 0, before = 0;
    for (size_t i = 0; i < n; i++) {
        if (position[i] != before) held = target[i]; /* units change at a fill only */
        before = position[i];
        exposure[i] = position[i] != 0 ? held : 0;
    }
}

static int sign(double x)
{
    return (x > 0) - (x < 0);
}

/* Fisher-Yates from the end; *block counts the draws of the replicate. */
static void shuffle(size_t *list, size_t n, gnt_random at, uint32_t *block)
{
    for (size_t i = n; i-- > 1;) {
        size_t k = (size_t)gnt_bounded(at, (*block)++, i + 1), other = list[i];
        list[i] = list[k];
        list[k] = other;
    }
}

void gnt_random_exposure(const double *exposure, size_t n, uint64_t seed, uint64_t replicate, size_t *scratch,
                         double *out)
{
    size_t *start = scratch, *run = scratch + n + 1, *gap, n_segments = 0, n_runs = 0, n_gaps = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && sign(exposure[i]) == sign(exposure[i - 1])) continue;
        n_runs += exposure[i] != 0;
        start[n_segments++] = i;
    }
    start[n_segments] = n;
    gap = run + n_runs;
    n_runs = 0;
    for (size_t s = 0; s < n_segments; s++) {
        if (exposure[start[s]] != 0)
            run[n_runs++] = s;
        else
            gap[n_gaps++] = s;
    }
    gnt_random at = gnt_random_at(seed, GNT_STREAM_RANDOM_BOOK, replicate);
    uint32_t block = 0;
    shuffle(run, n_runs, at, &block);
    shuffle(gap, n_gaps, at, &block);
    for (size_t s = 0; s < n_segments; s++) {
        size_t from = exposure[start[s]] != 0 ? *run++ : *gap++;
        for (size_t i = start[from]; i < start[from + 1]; i++) *out++ = exposure[i];
    }
}

/* Replicates first .. first + n_books - 1 into total_return. */
static gnt_status simulate(gnt_engine *engine, const gnt_book_window *w, const gnt_strategy *strategy,
                           const double *target, size_t n_books, double *total_return, gnt_error *why)
{
    gnt_sim_lane lanes[BOOKS_A_CALL];
    gnt_sim_totals totals[BOOKS_A_CALL];
    for (size_t r = 0; r < n_books; r++) lanes[r] = gnt_book_lane(w, strategy, NULL, target + r * (w->n + 1));
    GNT_TRY(gnt_engine_simulate(engine, lanes, n_books, totals, NULL, why));
    for (size_t r = 0; r < n_books; r++) total_return[r] = totals[r].equity / strategy->capital - 1;
    return GNT_OK;
}

gnt_status gnt_random_books(gnt_engine *engine, const gnt_book_window *w, const gnt_strategy *strategy,
                            const double *exposure, uint64_t seed, double *total_return, gnt_error *why)
{
    gnt_status st = GNT_OK;
    double *target = NULL;
    size_t *scratch = NULL;
    GNT_ALLOC(target, BOOKS_A_CALL * (w->n + 1));
    GNT_ALLOC(scratch, 2 * w->n + 1);
    for (size_t first = 0; first < GNT_RANDOM_BOOKS; first += BOOKS_A_CALL) {
        /* row i decides for window bar i; the last row decides nothing any more and stays 0 */
        for (size_t r = 0; r < BOOKS_A_CALL; r++)
            gnt_random_exposure(exposure, w->n, seed, first + r, scratch, target + r * (w->n + 1));
        GNT_GOTO(simulate(engine, w, strategy, target, BOOKS_A_CALL, total_return + first, why));
    }
    gnt_sort(total_return, GNT_RANDOM_BOOKS);
out:
    free(target);
    free(scratch);
    return st;
}
