/* The scores parser against any bytes: every score it accepts is a probability. */
#include <stdlib.h>

#include "host/eval/scores.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { N = 40 };
    gnt_error why;
    gnt_bars bars = {0};
    double score[N];
    if (gnt_bars_alloc(&bars, N, &why)) abort();
    for (size_t t = 0; t < N; t++) bars.day[t] = gnt_day_of(2020, 1, 2) + (gnt_day)t;
    if (gnt_scores_parse((const char *)data, size, "fuzz.csv", &bars, score, &why) == GNT_OK)
        for (size_t t = 0; t < N; t++)
            if (score[t] < 0 || score[t] > 1) abort();
    gnt_bars_free(&bars);
    return 0;
}
