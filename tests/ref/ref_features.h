/* Oracle of the feature schemas: SPEC 2's formulas as written, each column from the whole history, in long double. */
#ifndef REF_FEATURES_H
#define REF_FEATURES_H

#include <stddef.h>

typedef struct ref_bars {
    size_t n;
    const double *open, *high, *low, *close, *volume; /* [n] */
} ref_bars;

enum { REF_GAUNTLET = 35, REF_GAUNTLET_FIRST = 49, REF_LEVELS = 17, REF_LEVELS_FIRST = 19 };

/* Row t; needs t >= the schema's first valid row. */
void ref_gauntlet_35(const ref_bars *bars, size_t t, double row[REF_GAUNTLET]);
void ref_levels_17(const ref_bars *bars, size_t t, double row[REF_LEVELS]);

/* How far rounding in float64 may move each column of gauntlet-35 (a multiple of 2^-53): the condition of its formula,
 * derived in docs/decisions/feature-bounds.md. */
void ref_gauntlet_35_condition(const ref_bars *bars, size_t t, double condition[REF_GAUNTLET]);

#endif
