/* The verbs, in the order of the help page: the order in which a newcomer needs them. */
#include "args.h"

extern const gnt_verb gnt_verb_demo, gnt_verb_run, gnt_verb_ingest, gnt_verb_features, gnt_verb_train, gnt_verb_predict,
    gnt_verb_backtest, gnt_verb_report, gnt_verb_replay, gnt_verb_model, gnt_verb_stats, gnt_verb_bench, gnt_verb_info,
    gnt_verb_completion, gnt_verb_sweep, gnt_verb_merge;

/* one verb a line */
/* clang-format off */
const gnt_verb *const gnt_verbs[] = {
    &gnt_verb_demo,
    &gnt_verb_ingest,
    &gnt_verb_features,
    &gnt_verb_train,
    &gnt_verb_predict,
    &gnt_verb_backtest,
    &gnt_verb_run,
    &gnt_verb_sweep,
    &gnt_verb_merge,
    &gnt_verb_replay,
    &gnt_verb_report,
    &gnt_verb_model,
    &gnt_verb_stats,
    &gnt_verb_bench,
    &gnt_verb_info,
    &gnt_verb_completion,
    NULL,
};
/* clang-format on */
