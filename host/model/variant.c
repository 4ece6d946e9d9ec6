/* The two variants of SPEC 4 and what both are trained with. The training defaults are the same for both on purpose:
 * neither arm of a comparison may have been tuned more than the other (docs/decisions/training.md). */
#include <string.h>

#include "host/model/model.h"

typedef struct variant_row {
    const char *name;
    uint32_t layers, hidden;
    double dropout;
} variant_row;

static const variant_row variants[] = {
    {"baseline", 1, 32, 0},
    {"enhanced", 2, 96, 0.25},
};

void gnt_fit_default(gnt_fit_options *options)
{
    *options = (gnt_fit_options){
        .train = {.optimiser = GNT_ADAM,
                  .learning_rate = 3e-3,
                  .weight_decay = 5e-3,
                  .beta1 = 0.9,
                  .beta2 = 0.999,
                  .epsilon = 1e-8,
                  .clip_norm = 1.0,
                  .pos_weight = 1.0,
                  .batch = 64,
                  .seed = 42},
        .epochs = 40,
        .patience = 10,
    };
}

gnt_status gnt_variant(const char *name, uint32_t n_features, uint32_t window, gnt_net *net, gnt_fit_options *options,
                       gnt_error *why)
{
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        if (strcmp(variants[i].name, name) != 0) continue;
        *net = (gnt_net){.n_features = n_features,
                         .window = window,
                         .hidden = variants[i].hidden,
                         .layers = variants[i].layers,
                         .pool = GNT_POOL_LAST};
        gnt_fit_default(options);
        options->train.dropout = variants[i].dropout;
        return GNT_OK;
    }
    return gnt_fail(why, GNT_EINVAL, "variant '%s' is not known: baseline or enhanced", name);
}
