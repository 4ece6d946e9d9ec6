/* The command line's own frame (layer 9): verbs and options are table rows; only this room prints and exits. */
#ifndef GNT_CLI_H
#define GNT_CLI_H

#include "host/base/date.h"
#include "host/base/error.h"
#include "host/base/json.h"
#include "host/base/progress.h"
#include "host/device/engine.h"
#include "host/eval/backtest.h"

typedef enum gnt_option_kind {
    GNT_OPT_FLAG,  /* --json, no value */
    GNT_OPT_TEXT,  /* any non-empty text */
    GNT_OPT_FILE,  /* a path (completion offers files) */
    GNT_OPT_COUNT, /* whole number >= 0, up to 2^63-1 */
    GNT_OPT_REAL,  /* finite decimal number */
    GNT_OPT_DATE,  /* YYYY-MM-DD */
    GNT_OPT_RANGE, /* A..B */
    GNT_OPT_WORD,  /* one of `words`, "a|b|c" */
} gnt_option_kind;

typedef struct gnt_option {
    const char *name; /* without the dashes */
    gnt_option_kind kind;
    const char *value;    /* "FILE", "N", or "a|b|c" for WORD */
    const char *fallback; /* shown in help and used when absent; NULL: none */
    const char *help;
    bool required, repeats;
} gnt_option;

typedef struct gnt_args gnt_args;

typedef struct gnt_verb {
    const char *name;
    gnt_status (*run)(const gnt_args *args, gnt_error *why); /* output by gnt_say / gnt_answer */
    const char *summary;                                     /* one line */
    const char *synopsis;                                    /* "--bars FILE --scores FILE [options]" */
    const char *detail;            /* paragraphs for `gauntlet VERB --help`, examples included; may be NULL */
    const gnt_option *options;     /* ends with a zero row; the common options come by themselves */
    unsigned min_words, max_words; /* positional words after the verb */
    bool computes;                 /* takes --device --threads --seed */
    bool simulates;                /* takes every row of gnt_strategy_parameters as an option of kind TEXT */
} gnt_verb;

/* Common options every verb has: --json --quiet --help; verbs that compute: --device --threads --seed. */

/* Values; the name must be in the verb's table (asserted). Absent without fallback: NULL / false. */
const char *gnt_arg(const gnt_args *args, const char *name);
bool gnt_arg_given(const gnt_args *args, const char *name); /* on the command line, not by fallback */
bool gnt_arg_flag(const gnt_args *args, const char *name);
uint64_t gnt_arg_count(const gnt_args *args, const char *name);
double gnt_arg_real(const gnt_args *args, const char *name);
gnt_day gnt_arg_date(const gnt_args *args, const char *name);
gnt_range gnt_arg_range(const gnt_args *args, const char *name);
size_t gnt_arg_n(const gnt_args *args, const char *name); /* times given */
const char *gnt_arg_at(const gnt_args *args, const char *name, size_t i);
size_t gnt_n_words(const gnt_args *args);
const char *gnt_word(const gnt_args *args, size_t i);

/* The strategy that the options of a verb with `simulates` describe, over `strategy` as it is (EINVAL -> exit 2). */
GNT_MUST_CHECK gnt_status gnt_arg_strategy(const gnt_args *args, gnt_strategy *strategy, gnt_error *why);

/* Opens the engine by --device and --threads. */
GNT_MUST_CHECK gnt_status gnt_arg_engine(const gnt_args *args, gnt_engine *engine, gnt_error *why);
uint64_t gnt_arg_seed(const gnt_args *args);
/* Progress bar and log lines on stderr (none with --quiet; no bar when stderr is no terminal). Knows about Ctrl-C. */
const gnt_progress *gnt_arg_progress(const gnt_args *args);

/* A line for a person on stdout; nothing with --json. */
void gnt_say(const gnt_args *args, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The verb's one JSON object: printed on stdout with --json, dropped otherwise. Takes over `object`. */
void gnt_answer(const gnt_args *args, json_t *object);

#endif
