/* The result object's frame and the manifest (layer 5; docs/FORMATS.md). */
#ifndef GNT_RUN_RESULT_H
#define GNT_RUN_RESULT_H

#include "host/run/inside.h"

/* Every key of result.json in its order, the parts still empty. */
json_t *gnt_result_frame(const gnt_run *run);

/* When a run began. */
typedef struct gnt_run_start {
    int64_t unix_s;
    double monotonic_s;
} gnt_run_start;
gnt_run_start gnt_run_start_now(void);

/* Who computed, where, when and for how long: version, commit, device (engine NULL: none), host, start, wall_seconds.
 */
void gnt_manifest_machine(json_t *manifest, const gnt_engine *engine, const gnt_run_start *start);

/* manifest.json in the result folder: the only file that knows time and machine. */
GNT_MUST_CHECK gnt_status gnt_manifest_write(const gnt_run *run, const gnt_run_start *start, gnt_error *why);

#endif
