/* The verdict, computed from the rule and the finished figures alone (layer 5).
 *
 * Fills result.checks and result.verdict from result's other parts: what was asked, what came out, would a coin
 * or always-up have done the same. A figure that is undefined fails its row: only proof passes. */
#ifndef GNT_VERDICT_H
#define GNT_VERDICT_H

#include "host/base/json.h"
#include "host/run/experiment.h"

void gnt_verdict_make(const gnt_experiment *experiment, json_t *result);

#endif
