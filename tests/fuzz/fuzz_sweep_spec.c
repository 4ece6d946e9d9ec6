/* The description of a sweep, as its file keeps it: refused with a reason, or one that goes round. */
#include <stdint.h>
#include <string.h>

#include "host/sweep/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gnt_sweep_spec spec, again;
    gnt_error why = {0};
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL), *text;
    if (!json) return 0;
    if (gnt_sweep_spec_parse(json, "fuzz.h5", &spec, &why)) {
        if (!why.text[0]) __builtin_trap();
    } else {
        text = gnt_sweep_spec_json(&spec);
        if (gnt_sweep_spec_parse(text, "again.h5", &again, &why) || again.grid.n_points != spec.grid.n_points ||
            again.n_slices != spec.n_slices || again.n_heatmaps != spec.n_heatmaps)
            __builtin_trap();
        gnt_sweep_spec_free(&again);
        gnt_sweep_spec_free(&spec);
        json_decref(text);
    }
    json_decref(json);
    return 0;
}
