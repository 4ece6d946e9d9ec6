/* What a success rule, a gate or a claim may speak of: names of figures and where they stand in a result (layer 5). */
#ifndef GNT_METRIC_H
#define GNT_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "host/base/json.h"

/* Where a metric lives. */
typedef enum gnt_metric_scope {
    GNT_METRIC_ARM,    /* an arm of a test window, or of "folds": all walk-forward test pieces as one window */
    GNT_METRIC_WINDOW, /* a test window as a whole */
    GNT_METRIC_AB,     /* the A/B comparison as a whole */
} gnt_metric_scope;

typedef struct gnt_metric {
    const char *name;
    gnt_metric_scope scope;
    const char *path; /* keys below the scope's object, separated by '.' */
    const char *help;
} gnt_metric;

extern const gnt_metric gnt_metrics[];
extern const size_t gnt_n_metrics;

/* The scope that "ab" or a window's name and an arm ("" for none) stand for. */
gnt_metric_scope gnt_metric_scope_of(const char *window, const char *arm);
const gnt_metric *gnt_metric_find(gnt_metric_scope scope, const char *name);

/* The value in a finished result; NaN when it is null or not there. arm "" where the scope has none. */
double gnt_metric_value(const json_t *result, const char *window, const char *arm, const char *name);
/* windows[] entry by name, or NULL. */
const json_t *gnt_result_window(const json_t *result, const char *window);

#endif
