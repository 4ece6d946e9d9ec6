/* Shards of one sweep into the file that one run would have written (layer 5). */
#ifndef GNT_SWEEP_MERGE_H
#define GNT_SWEEP_MERGE_H

#include "host/sweep/file.h"

/* path [n], in any order: every shard exactly once. Writes `out` and leaves the whole in *c. EUSAGE: a shard doubled or
 * missing, out is one of them; EVALUE: a file of another sweep, with what differs. */
GNT_MUST_CHECK gnt_status gnt_sweep_merge(const char *const *path, size_t n, const char *out, gnt_sweep_collection *c,
                                          const gnt_progress *progress, gnt_error *why);

#endif
