/* Inside of sweep files: everything but rows (layer 5). */
#ifndef GNT_SWEEP_FILE_PARTS_H
#define GNT_SWEEP_FILE_PARTS_H

#include "host/store/h5.h"
#include "host/sweep/collect.h"

#define GNT_SWEEP_FORMAT "gauntlet-sweep"
#define GNT_SWEEP_SHARD_FORMAT "gauntlet-sweep-shard"

GNT_MUST_CHECK gnt_status gnt_sweep_put_parts(gnt_h5 *file, const gnt_sweep_collection *c, gnt_error *why);
/* c: as initialised from the file's spec and range. */
GNT_MUST_CHECK gnt_status gnt_sweep_get_parts(gnt_h5 *file, const char *path, gnt_sweep_collection *c, gnt_error *why);

#endif
