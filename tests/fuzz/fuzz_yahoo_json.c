/* Yahoo's chart JSON: no crash, a refusal says why. */
#include <stdint.h>

#include "host/market/yahoo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const gnt_checks checks = {GNT_CALENDAR_NONE, false, GNT_ALL_DAYS, 1709726400};
    gnt_text body = {(char *)(uintptr_t)data, size};
    gnt_raw_bars raw = {0};
    gnt_bars bars = {0};
    gnt_error why = {0};
    (void)gnt_yahoo_is_cut(&body, false);
    gnt_status st = gnt_yahoo_parse("http://y", &body, checks.now_unix, &raw, &why);
    if (!st) st = gnt_bars_validate(&raw, &checks, &bars, &why);
    if (st && !why.text[0]) __builtin_trap();
    gnt_raw_bars_free(&raw);
    gnt_bars_free(&bars);
    return 0;
}
