#include "host/eval/book.h"

#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/moments.h"

enum { LOOK_BACK = 20 }; /* bars of SPEC 5's mean dollar volume and of vol_20 */

/* Mean raw close x volume over bars t-20..t-1, for every bar that may trade. */
static gnt_status fill_dollar_volume(gnt_book_window *w, const gnt_bars *raw, size_t begin, gnt_error *why)
{
    char date[GNT_DATE_ROOM];
    if (begin < LOOK_BACK)
        return gnt_fail(why, GNT_EDATA, "impact-bp needs %d bars before the window, %s has %zu", LOOK_BACK, raw->symbol,
                        begin);
    for (size_t i = 1; i <= w->n; i++) {
        gnt_sum sum = {0};
        size_t t = begin - 1 + i;
        for (size_t k = t - LOOK_BACK; k < t; k++) gnt_sum_add(&sum, raw->close[k] * raw->volume[k]);
        w->dollar_volume[i] = gnt_sum_get(sum) / LOOK_BACK;
        if (!(w->dollar_volume[i] > 0))
            return gnt_fail(why, GNT_EDATA, "impact-bp: no volume in the %d bars before %s, impact is undefined there",
                            LOOK_BACK, gnt_date_format(raw->day[t], date));
    }
    return GNT_OK;
}

/* Sample sd of the last 20 returns, for every row that decides. */
static gnt_status fill_vol(gnt_book_window *w, const gnt_bars *bars, size_t begin, gnt_error *why)
{
    double ret[LOOK_BACK];
    if (begin < LOOK_BACK + 1)
        return gnt_fail(why, GNT_EDATA, "size vol_target needs %d bars before the window, %s has %zu", LOOK_BACK + 1,
                        bars->symbol, begin);
    for (size_t i = 0; i <= w->n; i++) {
        size_t t = begin - 1 + i;
        for (size_t k = 0; k < LOOK_BACK; k++) ret[k] = bars->close[t - k] / bars->close[t - k - 1] - 1;
        w->vol[i] = gnt_sd(ret, LOOK_BACK, gnt_mean(ret, LOOK_BACK));
    }
    return GNT_OK;
}

gnt_status gnt_book_window_open(gnt_book_window *w, const gnt_bars *bars, const gnt_bars *raw, size_t begin, size_t end,
                                const gnt_strategy *strategy, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_bars_view all = gnt_bars_as_view(bars);
    size_t first = begin - 1;
    *w = (gnt_book_window){.n = end - begin};
    w->market.bars = (gnt_bars_view){.n = w->n + 1,
                                     .open = all.open + first,
                                     .high = all.high + first,
                                     .low = all.low + first,
                                     .close = all.close + first,
                                     .volume = all.volume + first};
    GNT_ALLOC(w->dollar_volume, w->n + 1);
    GNT_ALLOC(w->vol, w->n + 1);
    GNT_ALLOC(w->ones, w->n + 1);
    for (size_t i = 0; i <= w->n; i++) w->ones[i] = 1;
    if (strategy->impact_bp > 0) {
        GNT_GOTO(fill_dollar_volume(w, raw, begin, why));
        w->market.dollar_volume_20 = w->dollar_volume;
    }
    if (strategy->size == GNT_SIZE_VOL_TARGET) {
        GNT_GOTO(fill_vol(w, bars, begin, why));
        w->market.vol_20 = w->vol;
    }
out:
    if (st) gnt_book_window_close(w);
    return st;
}

void gnt_book_window_close(gnt_book_window *w)
{
    free(w->dollar_volume);
    free(w->vol);
    free(w->ones);
    *w = (gnt_book_window){0};
}

gnt_sim_lane gnt_book_lane(const gnt_book_window *w, const gnt_strategy *strategy, const double *score,
                           const double *target)
{
    return (gnt_sim_lane){
        .market = &w->market, .strategy = strategy, .score = score, .target = target, .begin = 1, .end = w->n + 1};
}
