/* Oracle of the simulation: SPEC 5 and 10 read once more, one book, scalar, with branches. Shares the contract's types
 * (kernels.h) and nothing of kernels/math. Same bits expected, not a tolerance: the order of operations is SPEC's. */
#ifndef REF_SIMULATE_H
#define REF_SIMULATE_H

#include "kernels/kernels.h"

/* path NULL or with any arrays NULL. */
void ref_simulate(const gnt_sim_lane *lane, gnt_sim_totals *totals, const gnt_sim_path *path);

#endif
