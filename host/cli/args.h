/* Parsed command line of one verb; the inside of gnt_args (cli.h has what verbs see). */
#ifndef GNT_ARGS_H
#define GNT_ARGS_H

#include "cli.h"
#include "host/base/nearest.h"

enum { GNT_MAX_OPTIONS = 96, GNT_MAX_GIVEN = 4096, GNT_MAX_WORDS = 4096 };

struct gnt_args {
    const gnt_verb *verb;
    gnt_option option[GNT_MAX_OPTIONS]; /* the verb's own, then the strategy's, then the common ones */
    size_t n_options;
    struct {
        const gnt_option *option;
        const char *value;
    } given[GNT_MAX_GIVEN]; /* in command-line order; value borrowed from argv */
    size_t n_given;
    const char *word[GNT_MAX_WORDS];
    size_t n_words;
    gnt_progress progress;
    json_t *answer; /* owned */
};

/* Lists every option of the verb into args, without parsing. */
void gnt_args_init(gnt_args *args, const gnt_verb *verb);
/* argv[0] is the first word after the verb. EUSAGE names the option and the nearest valid one. */
GNT_MUST_CHECK gnt_status gnt_args_parse(gnt_args *args, int argc, char **argv, gnt_error *why);

/* Verbs in the order of the help page; ends with NULL. */
extern const gnt_verb *const gnt_verbs[];
const gnt_verb *gnt_verb_find(const char *name);

/* help.c */
void gnt_help_program(FILE *out);
void gnt_help_verb(FILE *out, const gnt_verb *verb);

/* terminal.c */
void gnt_terminal_progress(gnt_progress *progress, bool quiet);
void gnt_terminal_clear(void);           /* wipes the bar before a message */
void gnt_terminal_install_signals(void); /* SIGINT, SIGTERM: discard temporary files, then die by the signal */

#endif
