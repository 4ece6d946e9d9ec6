/* A replay as the JSON object of `replay --json` and as arrays of a result file. */
#include <stdlib.h>

#include "host/base/mem.h"
#include "host/eval/moments.h"
#include "host/replay/replay.h"

static json_t *counts_json(const uint64_t count[GNT_N_ARMS])
{
    json_t *object = json_object();
    for (int arm = 0; arm < GNT_N_ARMS; arm++) gnt_json_count(object, gnt_arm_name[arm], count[arm]);
    return object;
}

static json_t *arm_json(const gnt_replay_arm *arm)
{
    json_t *object = json_object();
    gnt_json_put(object, "accuracy", gnt_accuracy_json(&arm->accuracy));
    gnt_json_flag(object, "constant_prediction", arm->constant_prediction);
    gnt_figure_json(object, "total_return", arm->total_return);
    return object;
}

static json_t *diff_json(const gnt_replay *r)
{
    json_t *object = json_object();
    gnt_figure_json(object, "value", r->diff);
    gnt_figure_json(object, "lo", r->diff_lo);
    gnt_figure_json(object, "hi", r->diff_hi);
    return object;
}

/* Quantiles of the splits in which the figure is defined, and how many those are. */
static json_t *quantiles_json(const double *x, size_t n)
{
    static const struct {
        const char *name;
        double q;
    } row[] = {{"p05", 0.05}, {"p50", 0.5}, {"p95", 0.95}};
    json_t *object = json_object();
    double *sorted = gnt_alloc(n, sizeof *sorted);
    size_t m = 0;
    for (size_t i = 0; sorted && i < n; i++)
        if (isfinite(x[i])) sorted[m++] = x[i];
    if (m) gnt_sort(sorted, m);
    for (size_t k = 0; k < sizeof row / sizeof *row; k++)
        gnt_json_figure(object, row[k].name, m ? gnt_quantile_sorted(sorted, m, row[k].q) : NAN, "no_observations");
    gnt_json_count(object, "n", m);
    free(sorted);
    return object;
}

static json_t *replicates_json(const gnt_replay_replicates *all)
{
    json_t *object = json_object();
    gnt_json_count(object, "n", all->n);
    gnt_json_put(object, "share_enhanced", quantiles_json(all->share_enhanced, all->n));
    gnt_json_put(object, "srm_p", quantiles_json(all->srm_p, all->n));
    gnt_json_put(object, "accuracy_baseline", quantiles_json(all->accuracy[GNT_BASELINE], all->n));
    gnt_json_put(object, "accuracy_enhanced", quantiles_json(all->accuracy[GNT_ENHANCED], all->n));
    gnt_json_put(object, "diff", quantiles_json(all->diff, all->n));
    gnt_json_put(object, "always_valid_p", quantiles_json(all->always_valid_p, all->n));
    gnt_json_put(object, "return_baseline", quantiles_json(all->total_return[GNT_BASELINE], all->n));
    gnt_json_put(object, "return_enhanced", quantiles_json(all->total_return[GNT_ENHANCED], all->n));
    return object;
}

static void put_tests(const gnt_replay *r, json_t *object)
{
    json_t *discordant = json_object();
    gnt_json_put(object, "diff", diff_json(r));
    gnt_json_count(discordant, "n10", r->mcnemar.n10);
    gnt_json_count(discordant, "n01", r->mcnemar.n01);
    gnt_json_put(object, "mcnemar", discordant);
    gnt_figure_json(object, "mcnemar_p", r->mcnemar.exact_p);
    gnt_figure_json(object, "always_valid_p", r->always_valid_p);
    gnt_json_put(object, "first_crossing", json_integer(r->first_crossing));
    gnt_figure_json(object, "power", r->power);
    gnt_figure_json_whole(object, "requests_for_80_power", r->requests_for_80_power);
}

json_t *gnt_replay_json(const gnt_replay *r)
{
    json_t *object = json_object(), *routed = json_object();
    gnt_json_text(object, "experiment", r->experiment);
    gnt_json_count(object, "seed", r->seed);
    gnt_json_count(object, "n", r->n);
    gnt_json_count(object, "n_unique", r->n_unique);
    gnt_json_put(object, "counts", counts_json(r->count));
    if (r->sticky) gnt_json_put(object, "units", counts_json(r->units));
    gnt_json_figure(object, "share_enhanced", r->share_enhanced, NULL);
    gnt_json_figure(object, "target_share", r->weight, NULL);
    gnt_figure_json(object, "srm_p", r->srm_p);
    for (int arm = 0; arm < GNT_N_ARMS; arm++) {
        gnt_json_put(object, gnt_arm_name[arm], arm_json(&r->all[arm]));
        gnt_json_put(routed, gnt_arm_name[arm], arm_json(&r->routed[arm]));
    }
    gnt_json_put(object, "routed", routed);
    gnt_figure_json(object, "buy_hold", r->buy_hold);
    put_tests(r, object);
    if (r->replicates.n) gnt_json_put(object, "replicates", replicates_json(&r->replicates));
    gnt_json_text(object, "provenance", gnt_provenance_name(r->data == GNT_SYNTHETIC ? GNT_SYNTHETIC : GNT_REPLAY));
    gnt_json_text(object, "data_provenance", gnt_provenance_name(r->data));
    return object;
}

static gnt_status put(gnt_h5 *file, const char *group, const char *name, gnt_h5_type type, const void *data, size_t n,
                      gnt_error *why)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", group, name);
    return gnt_h5_put(file, path, type, data, n, 0, why);
}

static gnt_status store_replicates(const gnt_replay_replicates *all, gnt_h5 *file, const char *group, gnt_error *why)
{
    char sub[240];
    snprintf(sub, sizeof sub, "%s/replicates", group);
    const struct {
        const char *name;
        const double *x;
    } row[] = {{"share_enhanced", all->share_enhanced},
               {"srm_p", all->srm_p},
               {"accuracy_baseline", all->accuracy[GNT_BASELINE]},
               {"accuracy_enhanced", all->accuracy[GNT_ENHANCED]},
               {"diff", all->diff},
               {"always_valid_p", all->always_valid_p},
               {"return_baseline", all->total_return[GNT_BASELINE]},
               {"return_enhanced", all->total_return[GNT_ENHANCED]}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        GNT_TRY(put(file, sub, row[i].name, GNT_H5_F64, row[i].x, all->n, why));
    return GNT_OK;
}

gnt_status gnt_replay_store(const gnt_replay *r, const gnt_bars *bars, gnt_h5 *file, const char *group, gnt_error *why)
{
    gnt_status st = GNT_OK;
    gnt_day *day = NULL;
    GNT_ALLOC(day, r->n);
    for (size_t j = 0; j < r->n; j++) day[j] = bars->day[r->row[j]];
    GNT_GOTO(put(file, group, "day", GNT_H5_I32, day, r->n, why));
    GNT_GOTO(put(file, group, "arm", GNT_H5_I8, r->arm, r->n, why));
    GNT_GOTO(put(file, group, "up", GNT_H5_I8, r->up, r->n, why));
    GNT_GOTO(put(file, group, "prob_baseline", GNT_H5_F64, r->prob[GNT_BASELINE], r->n, why));
    GNT_GOTO(put(file, group, "prob_enhanced", GNT_H5_F64, r->prob[GNT_ENHANCED], r->n, why));
    GNT_GOTO(put(file, group, "always_valid_p", GNT_H5_F64, r->always_valid_p_after, r->n, why));
    if (r->replicates.n) GNT_GOTO(store_replicates(&r->replicates, file, group, why));
out:
    free(day);
    return st;
}
