/* Bars from CSV text: no crash; what is accepted satisfies what every later room relies on; the short way that plain
 * files take gives what the long way gives. */
#include <stdint.h>
#include <string.h>

#include "host/market/csv_bars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_row(const gnt_raw_bar *a, const gnt_raw_bar *b)
{
    return a->line == b->line && a->day == b->day && a->null == b->null && !memcmp(a->value, b->value, sizeof a->value);
}

static void check_slow(const gnt_text *text, gnt_status st, const gnt_raw_bars *raw, const gnt_error *why)
{
    gnt_raw_bars slow = {0};
    gnt_error reason = {0};
    if (gnt_csv_bars_parse_slow("f.csv", text, &slow, &reason) != st || strcmp(reason.text, why->text) ||
        slow.n != raw->n || slow.no_adj_close != raw->no_adj_close)
        __builtin_trap();
    for (size_t i = 0; i < slow.n; i++)
        if (!same_row(&slow.row[i], &raw->row[i])) __builtin_trap();
    gnt_raw_bars_free(&slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The first byte picks calendar and dates; all else is the file. 2024-03-06 12:00 UTC. */
    gnt_checks checks = {GNT_CALENDAR_NYSE, false, GNT_ALL_DAYS, 1709726400};
    gnt_raw_bars raw = {0};
    gnt_bars bars = {0};
    gnt_error why = {0};
    if (size < 1) return 0;
    checks.calendar = (gnt_calendar)(data[0] % 3);
    checks.no_weekends = data[0] & 4;
    gnt_text text = {(char *)(uintptr_t)(data + 1), size - 1};
    gnt_status st = gnt_csv_bars_parse("f.csv", &text, &raw, &why);
    check_slow(&text, st, &raw, &why);
    if (!st) st = gnt_bars_validate(&raw, &checks, &bars, &why);
    if (st && !why.text[0]) __builtin_trap(); /* a refusal must say why */
    if (!st && bars.n == 0) __builtin_trap();
    for (size_t t = 0; t < bars.n; t++) {
        double v[] = {bars.open[t], bars.high[t], bars.low[t], bars.close[t], bars.adj_close[t], bars.volume[t]};
        if (!gnt_bar_possible(v) || (t && bars.day[t] <= bars.day[t - 1])) __builtin_trap();
    }
    gnt_raw_bars_free(&raw);
    gnt_bars_free(&bars);
    return 0;
}
