/* What follows from the learning curve alone: the best epoch, when to stop, the next learning rate. */
#include <math.h>

#include "fit.h"

enum { STEP_EPOCHS = 10, PLATEAU_EPOCHS = 4 };

unsigned gnt_fit_best(const gnt_fit_state *state)
{
    unsigned best = 0;
    for (unsigned e = 1; e < state->epochs_run; e++)
        if (!(state->epoch[e].val_loss >= state->epoch[best].val_loss)) best = e; /* NaN (no val rows): the last */
    return best;
}

bool gnt_fit_exhausted(const gnt_fit_state *state, unsigned patience)
{
    return patience && state->epochs_run && state->epochs_run - 1 - gnt_fit_best(state) >= patience;
}

/* Halvings so far: one after each PLATEAU_EPOCHS epochs in a row without a new lowest validation loss. */
static unsigned plateaus(const gnt_fit_state *state)
{
    unsigned halvings = 0, stale = 0;
    double lowest = INFINITY;
    for (unsigned e = 0; e < state->epochs_run; e++) {
        bool better = state->epoch[e].val_loss < lowest;
        if (better) lowest = state->epoch[e].val_loss;
        stale = better ? 0 : stale + 1;
        if (stale < PLATEAU_EPOCHS) continue;
        halvings++;
        stale = 0;
    }
    return halvings;
}

double gnt_fit_rate(const gnt_fit_options *options, const gnt_fit_state *state)
{
    double rate = options->train.learning_rate;
    switch (options->schedule) {
    case GNT_SCHEDULE_CONSTANT:
        break;
    case GNT_SCHEDULE_COSINE:
        return rate * 0.5 * (1 + cos(M_PI * state->epochs_run / options->epochs));
    case GNT_SCHEDULE_STEP:
        return ldexp(rate, -(int)(state->epochs_run / STEP_EPOCHS));
    case GNT_SCHEDULE_PLATEAU:
        return ldexp(rate, -(int)plateaus(state));
    }
    return rate;
}
