/* What came out, in sentences a sceptic accepts: counts, intervals, always-up and costs beside every figure (layer 5).
 */
#ifndef GNT_SENTENCES_H
#define GNT_SENTENCES_H

#include "host/base/json.h"
#include "host/run/experiment.h"

/* Appends to the array of texts, in reading order. */
void gnt_sentences_results(const gnt_experiment *experiment, const json_t *result, json_t *sentences);
/* The last ones: in-sample tests, tuning, what the built-in markets hold, provenance. window: the deciding one; found:
 * its verdict says that neither a coin nor always-up would have done the same. */
void gnt_sentences_limits(const gnt_experiment *experiment, const json_t *result, const char *window, bool found,
                          json_t *sentences);

#endif
