/* What every lane of a sweep reads: bars, scores, and the slices cut from them. */
#include <stdlib.h>
#include <string.h>

#include "host/base/mem.h"
#include "host/eval/scores.h"
#include "host/sweep/sweep.h"

static gnt_status load(const char *bars, const char *scores, const gnt_sweep_spec *spec, gnt_sweep_symbol *symbol,
                       gnt_error *why)
{
    gnt_status st = GNT_OK;
    GNT_GOTO(gnt_bars_load(bars, spec->seed, &symbol->bars, why));
    GNT_GOTO(gnt_bars_load(bars, spec->seed, &symbol->raw, why));
    if (spec->adjusted) gnt_bars_adjust(&symbol->bars);
    GNT_ALLOC(symbol->score, symbol->bars.n);
    GNT_GOTO(gnt_scores_read(scores, &symbol->bars, symbol->score, why));
out:
    return st;
}

static gnt_status add_slice(gnt_sweep_market *market, const gnt_sweep_symbol *symbol, size_t begin, size_t end,
                            const gnt_sweep_spec *spec, gnt_sweep_slice *slice, gnt_error *why)
{
    const gnt_bars *bars = &symbol->bars;
    gnt_strategy demand = gnt_grid_demand(&spec->grid, spec->base);
    gnt_book_window *window = &market->window[market->n_slices];
    GNT_TRY(gnt_book_window_open(window, bars, &symbol->raw, begin, end, &demand, why));
    const double *score = symbol->score + begin - 1;
    market->score[market->n_slices++] = score;
    gnt_accuracy calls = gnt_accuracy_of_scores(window->market.bars.close, score, window->n);
    memcpy(slice->symbol, bars->symbol, sizeof slice->symbol);
    memcpy(slice->bars_sha256, bars->sha256, sizeof slice->bars_sha256);
    slice->provenance = bars->provenance;
    slice->from = bars->day[begin];
    slice->to = bars->day[end - 1];
    slice->n_bars = window->n;
    slice->n_scored = calls.n;
    slice->n_right = calls.n_right;
    slice->n_up = calls.n_up;
    return GNT_OK;
}

static gnt_status add_symbol(gnt_sweep_market *market, const gnt_sweep_inputs *in, size_t i, gnt_sweep_spec *spec,
                             gnt_error *why)
{
    char hash[GNT_SHA256_ROOM];
    size_t begin, end, folds = spec->n_folds;
    gnt_sweep_symbol *symbol = &market->symbol[market->n_symbols++];
    GNT_TRY(load(in->bars[i], in->scores[i], spec, symbol, why));
    GNT_TRY(gnt_sha256_file(in->scores[i], hash, why));
    GNT_TRY(gnt_bars_window(&symbol->bars, in->window, &begin, &end, why));
    if (end - begin < folds)
        return gnt_fail(why, GNT_EINVAL, "%s: %zu bars in the window can't be cut into %zu folds", symbol->bars.symbol,
                        end - begin, folds);
    for (size_t k = 0; k < folds; k++) {
        gnt_sweep_slice *slice = &spec->slice[market->n_slices];
        slice->fold = k;
        memcpy(slice->scores_sha256, hash, sizeof hash);
        GNT_TRY(add_slice(market, symbol, begin + k * (end - begin) / folds, begin + (k + 1) * (end - begin) / folds,
                          spec, slice, why));
    }
    return GNT_OK;
}

gnt_status gnt_sweep_market_open(const gnt_sweep_inputs *in, gnt_sweep_spec *spec, gnt_sweep_market *market,
                                 gnt_error *why)
{
    gnt_status st = GNT_OK;
    *market = (gnt_sweep_market){0};
    if (in->n > GNT_SWEEP_SLICES / spec->n_folds)
        return gnt_fail(why, GNT_EINVAL, "sweep: %zu symbols x %llu folds; at most %d together", in->n,
                        (unsigned long long)spec->n_folds, GNT_SWEEP_SLICES);
    spec->n_slices = in->n * spec->n_folds;
    if (spec->top > GNT_SWEEP_BEST / spec->n_slices)
        return gnt_fail(why, GNT_EINVAL, "sweep: the best %llu on %zu symbols and folds; at most %llu together",
                        (unsigned long long)spec->top, spec->n_slices, (unsigned long long)GNT_SWEEP_BEST);
    GNT_ALLOC(spec->slice, spec->n_slices);
    GNT_ALLOC(market->symbol, in->n);
    GNT_ALLOC(market->window, spec->n_slices);
    GNT_ALLOC(market->score, spec->n_slices);
    for (size_t i = 0; i < in->n; i++) GNT_GOTO(add_symbol(market, in, i, spec, why));
out:
    if (st) gnt_sweep_market_close(market);
    return st;
}

void gnt_sweep_market_close(gnt_sweep_market *market)
{
    for (size_t i = 0; i < market->n_symbols; i++) {
        gnt_bars_free(&market->symbol[i].bars);
        gnt_bars_free(&market->symbol[i].raw);
        free(market->symbol[i].score);
    }
    for (size_t i = 0; i < market->n_slices; i++) gnt_book_window_close(&market->window[i]);
    free(market->symbol);
    free(market->window);
    free(market->score);
    *market = (gnt_sweep_market){0};
}
