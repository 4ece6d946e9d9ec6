/* What follows from a learning curve, one epoch at a time: the best epoch, when to stop, the next learning rate. The
 * same text on the host, the CPU and CUDA. Class exact: comparisons and table look-ups only. */
#ifndef GNT_MATH_CURVE_H
#define GNT_MATH_CURVE_H

#include <math.h>

#include "fn.h"
#include "kernels/kernels.h"

#define GNT_PLATEAU_EPOCHS 4

/* NaN (no val rows) is never lower than anything, and never stops being the best. */
GNT_FN void gnt_curve_step(gnt_train_curve *curve, double val_loss)
{
    bool first = curve->epochs == 0;
    double lowest = first ? (double)INFINITY : curve->lowest;
    bool lower = val_loss < lowest;
    if (first || !(val_loss >= curve->best_loss)) {
        curve->best = curve->epochs;
        curve->best_loss = val_loss;
    }
    curve->lowest = lower ? val_loss : lowest;
    curve->stale = lower ? 0 : curve->stale + 1;
    if (curve->stale == GNT_PLATEAU_EPOCHS) {
        curve->halvings++;
        curve->stale = 0;
    }
    curve->epochs++;
}

/* Early stopping: `patience` epochs since the best one. */
GNT_FN bool gnt_curve_exhausted(const gnt_train_curve *curve, uint32_t patience)
{
    return patience && curve->epochs && curve->epochs - 1 - curve->best >= patience;
}

/* Learning rate of the next epoch. */
GNT_FN double gnt_curve_rate(const gnt_train_curve *curve, const gnt_train_rule *rule, double otherwise)
{
    if (!rule->rate) return otherwise;
    return rule->rate[rule->plateau ? curve->halvings : curve->epochs];
}

/* Whether an epoch's losses can be gone on from. */
GNT_FN bool gnt_figures_finite(const gnt_train_figures *figures, bool has_val)
{
    double most = 1.7976931348623157e308;
    return fabs(figures->train_loss) <= most && (!has_val || fabs(figures->val_loss) <= most);
}

#endif
