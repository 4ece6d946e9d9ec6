/* Which part of a sweep this process does (layer 5): from the command line, or from what Kubernetes' indexed jobs and
 * Slurm's job arrays put in the environment. Pure. */
#ifndef GNT_SWEEP_SHARD_H
#define GNT_SWEEP_SHARD_H

#include <stdint.h>

#include "host/base/error.h"

/* Texts, NULL where not given. */
typedef struct gnt_shard_request {
    const char *shard, *shards;                                  /* --shard i/n, --shards n */
    const char *job_index, *job_completions;                     /* JOB_COMPLETION_INDEX, JOB_COMPLETIONS */
    const char *slurm_id, *slurm_min, *slurm_count, *slurm_step; /* SLURM_ARRAY_TASK_ID, _MIN, _COUNT, _STEP */
} gnt_shard_request;

/* 0 of 1 when nothing asks for a part. --shard wins over the environment. EUSAGE: an index without a count, a count
 * without an index, both schedulers at once, an index out of range. *from: who said so, static text. */
GNT_MUST_CHECK gnt_status gnt_shard_resolve(const gnt_shard_request *request, uint64_t *shard, uint64_t *n_shards,
                                            const char **from, gnt_error *why);

#endif
