/* Row of test_devices.c: the limits of the device. A rate has no oracle; it is there, and it is a number. */
#ifndef GNT_PARITY_DEVICES_PROBE_H
#define GNT_PARITY_DEVICES_PROBE_H

#include "tests/parity/devices.h"

static const size_t probe_sizes[] = {1, PARITY_END};

static void probe_rates(parity_run *run)
{
    static const gnt_probe kinds[] = {GNT_PROBE_FMA, GNT_PROBE_CELLS, GNT_PROBE_TRIAD};
    gnt_error why = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        double rate = NAN;
        parity_call(run, gnt_engine_probe(run->engine, kinds[i], 1e-3, &rate, &why), &why);
        if (!(rate > 0 && isfinite(rate))) parity_fail(run, "probe %zu: a rate of %g", i, rate);
    }
}

#endif
