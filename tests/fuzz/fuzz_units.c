/* A units file against a small market of ten bars. */
#include <stdint.h>

#include "host/replay/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gnt_day day[10];
    for (int i = 0; i < 10; i++) day[i] = 18263 + i; /* from 2020-01-02 */
    gnt_bars bars = {.symbol = "FUZZ", .n = 10, .day = day};
    gnt_replay_units units = {0};
    gnt_error why = {0};
    if (gnt_replay_units_parse((const char *)data, size, "fuzz.csv", &bars, 2, 6, &units, &why) == GNT_OK) {
        for (size_t i = 0; i < units.n; i++)
            if (units.row[i] < 1 || units.row[i] > 4 || !units.unit[i][0]) __builtin_trap();
    } else if (!why.text[0]) {
        __builtin_trap();
    }
    gnt_replay_units_free(&units);
    return 0;
}
