/* A statistic's file: the first byte picks the row of the table, the rest is the CSV. */
#include <stdint.h>

#include "host/eval/stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gnt_csv csv = {0};
    gnt_error why = {0};
    size_t n = 0;
    if (size < 1) return 0;
    while (gnt_stats[n].name) n++;
    const gnt_stat *stat = &gnt_stats[data[0] % n];
    if (stat->resamples || !stat->columns[0].name) stat = &gnt_stats[0]; /* those read a file without an engine */
    json_t *out = json_object();
    if (gnt_csv_parse((const char *)data + 1, size - 1, "fuzz.csv", &csv, &why) == GNT_OK) {
        gnt_status st = gnt_stat_run(NULL, stat, &csv, NULL, 0, 42, out, &why);
        if (st && !why.text[0]) __builtin_trap(); /* a refusal must say why */
    } else if (!why.text[0]) {
        __builtin_trap();
    }
    gnt_csv_free(&csv);
    json_decref(out);
    return 0;
}
