/* What follows from the learning curve alone: the best epoch, when to stop, the next learning rate. The rules stand in
 * kernels/math/curve.h, where devices find them; here is what they need from the options. */
#include <math.h>

#include "fit.h"
#include "kernels/math/curve.h"

enum { STEP_EPOCHS = 10 };

gnt_train_curve gnt_fit_curve(const gnt_fit_state *state)
{
    gnt_train_curve curve = {0};
    for (unsigned e = 0; e < state->epochs_run; e++) gnt_curve_step(&curve, state->epoch[e].val_loss);
    return curve;
}

unsigned gnt_fit_best(const gnt_fit_state *state)
{
    return gnt_fit_curve(state).best;
}

bool gnt_fit_exhausted(const gnt_fit_state *state, unsigned patience)
{
    gnt_train_curve curve = gnt_fit_curve(state);
    return gnt_curve_exhausted(&curve, patience);
}

void gnt_fit_rates(const gnt_fit_options *options, double *rate)
{
    double first = options->train.learning_rate;
    for (unsigned i = 0; i < options->epochs; i++) {
        switch (options->schedule) {
        case GNT_SCHEDULE_CONSTANT:
            rate[i] = first;
            break;
        case GNT_SCHEDULE_COSINE:
            rate[i] = first * 0.5 * (1 + cos(M_PI * i / options->epochs));
            break;
        case GNT_SCHEDULE_STEP:
            rate[i] = ldexp(first, -(int)(i / STEP_EPOCHS));
            break;
        case GNT_SCHEDULE_PLATEAU:
            rate[i] = ldexp(first, -(int)i); /* i halvings */
            break;
        }
    }
}
