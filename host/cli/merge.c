/* gauntlet merge: shards of one sweep into the file that one run would have written. */
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/sweep/answer.h"
#include "host/sweep/merge.h"
#include "sweep_table.h"

static const gnt_option options[] = {
    {"out", GNT_OPT_FILE, "FILE.h5", NULL, "where the whole goes", true, false},
    {0},
};

static gnt_status run(const gnt_args *args, gnt_error *why)
{
    gnt_status st = GNT_OK;
    size_t n = gnt_n_words(args);
    const char **path = NULL, *out = gnt_arg(args, "out");
    gnt_sweep_collection c = {0};
    gnt_run_start start = gnt_run_start_now();
    GNT_ALLOC(path, n);
    for (size_t i = 0; i < n; i++) path[i] = gnt_word(args, i);
    GNT_GOTO(gnt_sweep_merge(path, n, out, &c, gnt_arg_progress(args), why));
    GNT_GOTO(gnt_sweep_manifest_write(out, "merge", &c, path, n, NULL, &start, why));
    gnt_say_sweep(args, &c, out);
    json_t *object = gnt_sweep_json(&c);
    gnt_json_count(object, "shards", n);
    gnt_json_text(object, "store", out);
    gnt_answer(args, object);
out:
    gnt_sweep_collection_free(&c);
    free(path);
    return st;
}

const gnt_verb gnt_verb_merge = {
    .name = "merge",
    .run = run,
    .summary = "join the shards of a sweep",
    .synopsis = "--out FILE.h5 SHARD.h5...",
    .detail =
        "Takes every shard exactly once, in any order, and writes the same bytes as one run of the whole grid would\n"
        "have. A shard missing, doubled or of another sweep is refused.\n"
        "\n"
        "Example:\n"
        "  gauntlet merge --out sweep.h5 part*.h5",
    .options = options,
    .min_words = 1,
    .max_words = 4096,
};
