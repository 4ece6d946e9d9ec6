/* What an experiment's parts must say of each other, after every key was read by itself (layer 5). */
#ifndef GNT_EXPERIMENT_CHECK_H
#define GNT_EXPERIMENT_CHECK_H

#include "host/run/experiment.h"

/* Fills what a key's absence stands for (titles, walk-forward's epochs and arms). EVALUE "FILE:LINE: key: what". */
GNT_MUST_CHECK gnt_status gnt_experiment_check(gnt_experiment *experiment, const char *file, gnt_error *why);

#endif
