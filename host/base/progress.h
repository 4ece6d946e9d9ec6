/* Progress and log lines (layer 0): values handed up, never printed here.
 *
 * A long call takes a gnt_progress by pointer (NULL: silent) and reports through it; cli/ draws the bar
 * on stderr. It is also how a stop is asked for: `report` returns false, the call ends with
 * GNT_EINTERRUPTED and leaves files whole. */
#ifndef GNT_PROGRESS_H
#define GNT_PROGRESS_H

#include <stdbool.h>

typedef struct gnt_progress {
    /* what: "training baseline"; detail: "loss 0.6912 accuracy 52.1 %" or "". done <= total; total 0: unknown. */
    bool (*report)(void *self, const char *what, double done, double total, const char *detail);
    void (*log)(void *self, const char *line); /* one line for stderr */
    void *self;
} gnt_progress;

/* True to go on; NULL-safe. */
static inline bool gnt_progress_report(const gnt_progress *p, const char *what, double done, double total,
                                       const char *detail)
{
    return !p || !p->report || p->report(p->self, what, done, total, detail);
}
static inline void gnt_progress_log(const gnt_progress *p, const char *line)
{
    if (p && p->log) p->log(p->self, line);
}

#endif
