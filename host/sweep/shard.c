#include "host/sweep/shard.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "host/sweep/collect.h"

/* A whole number below 10^9. */
static bool parse(const char *text, size_t length, uint64_t *value)
{
    *value = 0;
    if (length < 1 || length > 9) return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *value = *value * 10 + (uint64_t)(text[i] - '0');
    }
    return true;
}

static gnt_status parse_pair(const char *text, uint64_t *shard, uint64_t *n, gnt_error *why)
{
    const char *slash = strchr(text, '/');
    if (!slash || !parse(text, (size_t)(slash - text), shard) || !parse(slash + 1, strlen(slash + 1), n))
        return gnt_fail(why, GNT_EUSAGE, "sweep: --shard: '%.40s' is not i/n, two whole numbers", text);
    return GNT_OK;
}

static gnt_status parse_named(const char *name, const char *text, uint64_t *value, gnt_error *why)
{
    if (parse(text, strlen(text), value)) return GNT_OK;
    return gnt_fail(why, GNT_EUSAGE, "sweep: %s: '%.40s' is not a whole number", name, text);
}

/* The n of n shards: --shards, or the scheduler's own count. */
static gnt_status count(const gnt_shard_request *r, const char *name, const char *text, uint64_t *n, gnt_error *why)
{
    if (r->shards) return parse_named("--shards", r->shards, n, why);
    if (text) return parse_named(name, text, n, why);
    return gnt_fail(why, GNT_EUSAGE, "sweep: an index of a shard, but of how many? Give --shards N (%s is not set)",
                    name);
}

static gnt_status slurm(const gnt_shard_request *r, uint64_t *shard, uint64_t *n, gnt_error *why)
{
    uint64_t id, min = 0, step = 1;
    GNT_TRY(parse_named("SLURM_ARRAY_TASK_ID", r->slurm_id, &id, why));
    if (r->slurm_min) GNT_TRY(parse_named("SLURM_ARRAY_TASK_MIN", r->slurm_min, &min, why));
    if (r->slurm_step) GNT_TRY(parse_named("SLURM_ARRAY_TASK_STEP", r->slurm_step, &step, why));
    if (id < min || step == 0 || (id - min) % step)
        return gnt_fail(why, GNT_EUSAGE, "sweep: SLURM_ARRAY_TASK_ID %s is not SLURM_ARRAY_TASK_MIN plus whole steps",
                        r->slurm_id);
    *shard = (id - min) / step;
    return count(r, "SLURM_ARRAY_TASK_COUNT", r->slurm_count, n, why);
}

static gnt_status choose(const gnt_shard_request *r, uint64_t *shard, uint64_t *n, const char **from, gnt_error *why)
{
    if (r->shard && r->shards)
        return gnt_fail(why, GNT_EUSAGE, "sweep: --shard i/n already says how many; no --shards");
    if (r->shard) return *from = "--shard", parse_pair(r->shard, shard, n, why);
    if (r->job_index && r->slurm_id)
        return gnt_fail(why, GNT_EUSAGE,
                        "sweep: both JOB_COMPLETION_INDEX and SLURM_ARRAY_TASK_ID are set; give --shard i/n");
    if (r->job_index) {
        *from = "JOB_COMPLETION_INDEX";
        GNT_TRY(parse_named(*from, r->job_index, shard, why));
        return count(r, "JOB_COMPLETIONS", r->job_completions, n, why);
    }
    if (r->slurm_id) return *from = "SLURM_ARRAY_TASK_ID", slurm(r, shard, n, why);
    if (r->shards) {
        *from = "--shards";
        GNT_TRY(parse_named("--shards", r->shards, n, why));
        if (*n != 1)
            return gnt_fail(
                why, GNT_EUSAGE,
                "sweep: --shards %s, but which? Neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set; "
                "give --shard i/n",
                r->shards);
    }
    return GNT_OK;
}

gnt_status gnt_shard_resolve(const gnt_shard_request *r, uint64_t *shard, uint64_t *n, const char **from,
                             gnt_error *why)
{
    *shard = 0;
    *n = 1;
    *from = "";
    GNT_TRY(choose(r, shard, n, from, why));
    if (*n < 1 || *n > GNT_SWEEP_SHARDS || *shard >= *n)
        return gnt_fail(why, GNT_EUSAGE, "sweep: %s: shard %llu of %llu; 0 <= i < n <= %d is expected", *from,
                        (unsigned long long)*shard, (unsigned long long)*n, GNT_SWEEP_SHARDS);
    return GNT_OK;
}
