/* The best of a sweep for a person: what sweep and merge both say (layer 9). */
#ifndef GNT_CLI_SWEEP_TABLE_H
#define GNT_CLI_SWEEP_TABLE_H

#include "cli.h"
#include "host/sweep/file.h"

void gnt_say_sweep(const gnt_args *args, const gnt_sweep_collection *c, const char *file);

#endif
