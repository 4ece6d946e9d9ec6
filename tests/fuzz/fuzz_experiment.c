/* Any bytes as an experiment file: parsed or refused with one line, never a crash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/run/experiment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gnt_error why = {0};
    gnt_experiment *experiment = malloc(sizeof *experiment);
    if (!experiment) return 0;
    gnt_status st = gnt_experiment_parse((const char *)data, size, "fuzz.yaml", experiment, &why);
    if (st && (!*why.text || strchr(why.text, '\n'))) abort(); /* a refusal is one line that says something */
    free(experiment);
    return 0;
}
