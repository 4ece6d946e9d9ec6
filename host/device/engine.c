#include "engine.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "host/device/agree.h"
#include "host/device/module.h"

/* ---- opening ------------------------------------------------------------------------------------ */

static bool is_device(const char *word, const char *name)
{
    size_t n = strlen(name);
    if (strncmp(word, name, n) != 0) return false;
    if (word[n] == 0) return true;
    return strcmp(name, "cuda") == 0 && word[n] == ':' && word[n + 1] &&
           strspn(word + n + 1, "0123456789") == strlen(word + n + 1) && strlen(word + n + 1) <= 3;
}

/* The table and opened device that `word` names: "cpu", "emu", "cuda" or "cuda:n". */
static gnt_status open_named(gnt_engine *engine, const char *word, unsigned threads, gnt_error *why)
{
    const gnt_ops *ops = gnt_cpu_ops();
    const char *colon = strchr(word, ':');
    gnt_device *dev = NULL;
    if (is_device(word, "emu"))
        GNT_TRY(gnt_module_open("emu", &ops, why));
    else if (is_device(word, "cuda"))
        GNT_TRY(gnt_module_open("cuda", &ops, why));
    gnt_status st = ops->open(threads, colon ? colon + 1 : NULL, &dev);
    if (st) {
        const char *reason = dev ? ops->reason(dev) : "";
        (void)gnt_fail(why, st, "%s", *reason ? reason : gnt_status_text(st));
        if (dev) ops->close(dev);
        return st;
    }
    *engine = (gnt_engine){.ops = ops, .dev = dev};
    ops->info(dev, &engine->info);
    return GNT_OK;
}

/* CUDA, if it gives the CPU's bits in a few small calls: nobody asked for it by name. */
static gnt_status open_trusted(gnt_engine *engine, unsigned threads, gnt_error *why)
{
    GNT_TRY(open_named(engine, "cuda", threads, why));
    gnt_status st = gnt_device_agrees(engine->ops, engine->dev, why);
    if (st) gnt_engine_close(engine);
    return st;
}

static void say_chosen(const gnt_engine *engine, const gnt_progress *progress, const char *instead)
{
    const gnt_device_info *info = &engine->info;
    char line[768];
    if (!strcmp(info->name, "cpu"))
        snprintf(line, sizeof line, "device cpu (%s, %u thread%s); cuda: %s", info->simd, info->threads,
                 info->threads == 1 ? "" : "s", instead);
    else
        snprintf(line, sizeof line, "device %s (%s, %s, %u GPU%s)", info->name, info->chip, info->simd, info->threads,
                 info->threads == 1 ? "" : "s");
    gnt_progress_log(progress, line);
}

gnt_status gnt_engine_open(gnt_engine *engine, const char *device, unsigned threads, const gnt_progress *progress,
                           gnt_error *why)
{
    *engine = (gnt_engine){0};
    if (!device || is_device(device, "auto")) {
        gnt_error no_cuda = {0};
        if (open_trusted(engine, threads, &no_cuda)) GNT_TRY(open_named(engine, "cpu", threads, why));
        say_chosen(engine, progress, no_cuda.text);
        return GNT_OK;
    }
    if (!is_device(device, "cpu") && !is_device(device, "cuda") && !is_device(device, "emu"))
        return gnt_fail(why, GNT_EUSAGE, "device '%s' is not one of auto|cpu|cuda[:n]|emu", device);
    gnt_status st = open_named(engine, device, threads, why);
    return st ? gnt_error_prefix(why, "device %s", device) : GNT_OK;
}

void gnt_engine_close(gnt_engine *engine)
{
    if (engine->ops) engine->ops->close(engine->dev);
    *engine = (gnt_engine){0};
}

/* ---- checks --------------------------------------------------------------------------------------- */

static gnt_status after(const gnt_engine *engine, const char *what, gnt_status st, gnt_error *why)
{
    if (!st) return GNT_OK;
    const char *reason = engine->ops->reason(engine->dev);
    return gnt_fail(why, st, "%s on device %s: %s", what, engine->info.name, *reason ? reason : gnt_status_text(st));
}

/* Neither block may reach into the other. */
static bool overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    const char *p = a, *q = b;
    return a_bytes && b_bytes && p < q + b_bytes && q < p + a_bytes;
}

static gnt_status check_bars(const gnt_bars_view *bars, const char *what, gnt_error *why)
{
    if (bars->n > UINT32_MAX) return gnt_fail(why, GNT_EINVAL, "%s: %zu bars, more than 2^32 - 1", what, bars->n);
    if (bars->n && !(bars->open && bars->high && bars->low && bars->close && bars->volume))
        return gnt_fail(why, GNT_EINVAL, "%s: a column of the bars is missing", what);
    return GNT_OK;
}

static gnt_status check_panel(gnt_panel panel, const char *what, gnt_error *why)
{
    if (panel.n_features == 0 || panel.n_rows > UINT32_MAX || (panel.n_rows && !panel.x))
        return gnt_fail(why, GNT_EINVAL, "%s: a panel of %zu rows and %zu features can't be used", what, panel.n_rows,
                        panel.n_features);
    return GNT_OK;
}

/* Every window must lie inside the panel. */
static gnt_status check_rows(gnt_rows rows, gnt_panel panel, const gnt_net *net, const char *what, gnt_error *why)
{
    for (size_t i = 0; i < rows.n; i++)
        if (rows.row[i] >= panel.n_rows || rows.row[i] + 1 < net->window)
            return gnt_fail(why, GNT_EINVAL, "%s: window %zu ends at row %u; rows %u to %zu have a full window", what,
                            i, rows.row[i], net->window - 1, panel.n_rows ? panel.n_rows - 1 : 0);
    return GNT_OK;
}

static gnt_status check_net(const gnt_net *net, gnt_error *why)
{
    static const struct {
        const char *name;
        size_t offset;
        uint32_t most;
    } limits[] = {
        {"features", offsetof(gnt_net, n_features), 65536},
        {"window", offsetof(gnt_net, window), 4096},
        {"hidden units", offsetof(gnt_net, hidden), 4096},
        {"layers", offsetof(gnt_net, layers), GNT_MAX_LAYERS},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        uint32_t value = *(const uint32_t *)((const char *)net + limits[i].offset);
        if (value < 1 || value > limits[i].most)
            return gnt_fail(why, GNT_EINVAL, "model: %u %s; 1 to %u are possible", value, limits[i].name,
                            limits[i].most);
    }
    if ((net->pool == GNT_POOL_ATTENTION) != (net->attention > 0) || net->attention > 4096)
        return gnt_fail(why, GNT_EINVAL,
                        "model: %u attention rows don't fit its pooling; 1 to 4096 with attention, else 0",
                        net->attention);
    return GNT_OK;
}

static gnt_status check_weights(const gnt_net *net, const float *weights, gnt_error *why)
{
    GNT_TRY(check_net(net, why));
    size_t n = gnt_net_n_weights(net);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(weights[i])) return gnt_fail(why, GNT_EVALUE, "model: weight %zu of %zu is not finite", i, n);
    return GNT_OK;
}

/* ---- operations --------------------------------------------------------------------------------------- */

gnt_status gnt_engine_features(gnt_engine *engine, gnt_feature_set set, const gnt_bars_view *bars, size_t n_symbols,
                               size_t stride, float *const *out, gnt_error *why)
{
    size_t width = set == GNT_FEATURES_GAUNTLET_35 ? GNT_GAUNTLET_35_WIDTH : GNT_LEVELS_17_WIDTH;
    for (size_t s = 0; s < n_symbols; s++) {
        GNT_TRY(check_bars(&bars[s], "features", why));
        if (bars[s].n && !out[s])
            return gnt_fail(why, GNT_EINVAL, "features: symbol %zu of %zu has no place for its rows", s, n_symbols);
    }
    if (stride < width)
        return gnt_fail(why, GNT_EINVAL, "features: a row of %zu columns is asked into a stride of %zu", width, stride);
    return after(engine, "features", engine->ops->features(engine->dev, set, bars, n_symbols, stride, out), why);
}

gnt_status gnt_engine_scale(gnt_engine *engine, gnt_panel panel, const float *center, const float *scale, float limit,
                            float *out, gnt_error *why)
{
    GNT_TRY(check_panel(panel, "scale", why));
    if (!(limit > 0)) return gnt_fail(why, GNT_EINVAL, "scale: the limit is %g; it must be above 0", (double)limit);
    for (size_t k = 0; k < panel.n_features; k++)
        if (!isfinite(center[k]) || !isfinite(scale[k]) || scale[k] == 0)
            return gnt_fail(why, GNT_EVALUE, "scale: column %zu has center %g and scale %g", k, (double)center[k],
                            (double)scale[k]);
    size_t bytes = panel.n_rows * panel.n_features * sizeof(float);
    if (out != panel.x && overlap(out, bytes, panel.x, bytes))
        return gnt_fail(why, GNT_EINVAL, "scale: output and input overlap in part");
    return after(engine, "scale", engine->ops->scale(engine->dev, panel, center, scale, limit, out), why);
}

gnt_status gnt_engine_pack(gnt_engine *engine, const gnt_net *net, const float *weights, gnt_precision precision,
                           gnt_packed **packed, gnt_error *why)
{
    *packed = NULL;
    GNT_TRY(check_weights(net, weights, why));
    if (precision == GNT_BF16 && !engine->info.bf16)
        return gnt_fail(why, GNT_EUNSUPPORTED, "device %s (%s): no bf16 here, it needs %s; use precision float32",
                        engine->info.name, engine->info.simd,
                        strcmp(engine->info.name, "cpu") == 0
                            ? "a processor with AVX512-BF16"
                            : "sm_80 or later, and GNT_CUDA_BF16=1, because no GPU has confirmed these kernels yet");
    return after(engine, "pack", engine->ops->pack(engine->dev, net, weights, precision, packed), why);
}

void gnt_engine_unpack(gnt_engine *engine, gnt_packed *packed)
{
    if (packed) engine->ops->unpack(engine->dev, packed);
}

gnt_status gnt_engine_forward(gnt_engine *engine, const gnt_packed *const *models, size_t n_models, gnt_panel panel,
                              gnt_rows rows, float *logit, gnt_error *why)
{
    GNT_TRY(check_panel(panel, "forward", why));
    const gnt_net *first = n_models ? engine->ops->packed_net(models[0]) : NULL;
    for (size_t m = 0; m < n_models; m++) {
        const gnt_net *net = engine->ops->packed_net(models[m]);
        if (net->n_features != panel.n_features || net->window != first->window)
            return gnt_fail(why, GNT_EINVAL, "forward: model %zu takes windows [%u, %u], the call has [%u, %zu]", m,
                            net->window, net->n_features, first->window, panel.n_features);
    }
    if (first) GNT_TRY(check_rows(rows, panel, first, "forward", why));
    if (overlap(logit, n_models * rows.n * sizeof *logit, panel.x, panel.n_rows * panel.n_features * sizeof(float)))
        return gnt_fail(why, GNT_EINVAL, "forward: the output overlaps the panel");
    return after(engine, "forward", engine->ops->forward(engine->dev, models, n_models, panel, rows, logit), why);
}

static gnt_status check_options(const gnt_train_options *o, gnt_error *why)
{
    const struct {
        const char *name;
        double value, low, high;
    } ranges[] = {
        {"learning rate", o->learning_rate, 0, 1e3}, {"weight decay", o->weight_decay, 0, 1e3},
        {"beta1", o->beta1, 0, 0.999999999},         {"beta2", o->beta2, 0, 0.999999999},
        {"epsilon", o->epsilon, 1e-30, 1},           {"clip norm", o->clip_norm, 0, 1e30},
        {"dropout", o->dropout, 0, 0.999},           {"pos_weight", o->pos_weight, 1e-9, 1e9},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value <= ranges[i].high))
            return gnt_fail(why, GNT_EINVAL, "training: %s is %g; %g to %g is possible", ranges[i].name,
                            ranges[i].value, ranges[i].low, ranges[i].high);
    if (o->batch < 1 || o->batch > 65536)
        return gnt_fail(why, GNT_EINVAL, "training: batch is %u; 1 to 65536 is possible", o->batch);
    return GNT_OK;
}

/* The rates a job's next n_epochs epochs may ask for. */
static gnt_status check_rule(const gnt_train_job *job, gnt_error *why)
{
    const gnt_train_rule *rule = &job->rule;
    uint64_t last = (uint64_t)job->curve.epochs + job->n_epochs;
    if (job->n_epochs && !job->figures)
        return gnt_fail(why, GNT_EINVAL, "training: no place for the figures of %u epochs", job->n_epochs);
    if (!rule->rate) return GNT_OK;
    if (rule->n_rates < last)
        return gnt_fail(why, GNT_EINVAL, "training: %u learning rates for %llu epochs", rule->n_rates,
                        (unsigned long long)last);
    for (uint32_t i = 0; i < rule->n_rates; i++)
        if (!(rule->rate[i] >= 0 && rule->rate[i] <= 1e3))
            return gnt_fail(why, GNT_EINVAL, "training: learning rate %u is %g; 0 to 1000 is possible", i,
                            rule->rate[i]);
    return GNT_OK;
}

static gnt_status check_job(const gnt_train_job *job, gnt_error *why)
{
    const gnt_rows sets[2] = {job->train, job->val};
    static const char *const names[2] = {"training rows", "validation rows"};
    GNT_TRY(check_net(job->net, why));
    GNT_TRY(check_options(job->options, why));
    GNT_TRY(check_rule(job, why));
    GNT_TRY(check_panel(job->panel, "training", why));
    if (job->net->n_features != job->panel.n_features)
        return gnt_fail(why, GNT_EINVAL, "training: the model takes %u features, the panel has %zu",
                        job->net->n_features, job->panel.n_features);
    if (job->train.n == 0) return gnt_fail(why, GNT_EFEW, "training: no train row");
    for (size_t s = 0; s < 2; s++) {
        GNT_TRY(check_rows(sets[s], job->panel, job->net, names[s], why));
        for (size_t i = 0; i < sets[s].n; i++)
            if (sets[s].row[i] >= job->labels.n)
                return gnt_fail(why, GNT_EINVAL, "%s: row %u has no label; the last labelled row is %zu", names[s],
                                sets[s].row[i], job->labels.n ? job->labels.n - 1 : 0);
    }
    return GNT_OK;
}

gnt_status gnt_engine_train(gnt_engine *engine, gnt_train_job *jobs, size_t n_jobs, gnt_error *why)
{
    for (size_t m = 0; m < n_jobs; m++)
        if (check_job(&jobs[m], why)) return gnt_error_prefix(why, "job %zu", m);
    return after(engine, "training", engine->ops->train(engine->dev, jobs, n_jobs), why);
}

static gnt_status check_lane(const gnt_sim_lane *lane, size_t i, gnt_error *why)
{
    const gnt_sim_market *market = lane->market;
    const gnt_strategy *s = lane->strategy;
    GNT_TRY(check_bars(&market->bars, "simulate", why));
    if (lane->begin < 1 || lane->begin >= lane->end || lane->end > market->bars.n)
        return gnt_fail(
            why, GNT_EINVAL,
            "simulate: lane %zu has window bars %zu to %zu of %zu; at least one bar with one before it is needed", i,
            lane->begin, lane->end, market->bars.n);
    if (!lane->score && !lane->target)
        return gnt_fail(why, GNT_EINVAL, "simulate: lane %zu has neither scores nor targets", i);
    if (s->impact_bp > 0 && !market->dollar_volume_20)
        return gnt_fail(why, GNT_EINVAL, "simulate: lane %zu has impact but no dollar volume", i);
    if (s->size == GNT_SIZE_VOL_TARGET && !lane->target && !market->vol_20)
        return gnt_fail(why, GNT_EINVAL, "simulate: lane %zu sizes by volatility but has none", i);
    return GNT_OK;
}

/* Every bar a lane with impact trades on has a dollar volume. Neighbours mostly share market and window: a stretch of
 * bars just seen isn't looked at again for every lane of a sweep. */
static gnt_status check_impact(const gnt_sim_lane *lanes, size_t n_lanes, gnt_error *why)
{
    const gnt_sim_lane *seen = NULL;
    for (size_t i = 0; i < n_lanes; i++) {
        const gnt_sim_lane *lane = &lanes[i];
        if (!(lane->strategy->impact_bp > 0)) continue;
        if (seen && seen->market == lane->market && seen->begin <= lane->begin && lane->end <= seen->end) continue;
        for (size_t t = lane->begin; t < lane->end; t++)
            if (!(lane->market->dollar_volume_20[t] >= 0))
                return gnt_fail(why, GNT_EDATA, "simulate: impact needs 20 bars before bar %zu of the history", t);
        seen = lane;
    }
    return GNT_OK;
}

gnt_status gnt_engine_simulate(gnt_engine *engine, const gnt_sim_lane *lanes, size_t n_lanes, gnt_sim_totals *totals,
                               const gnt_sim_path *paths, gnt_error *why)
{
    for (size_t i = 0; i < n_lanes; i++) GNT_TRY(check_lane(&lanes[i], i, why));
    GNT_TRY(check_impact(lanes, n_lanes, why));
    return after(engine, "simulate", engine->ops->simulate(engine->dev, lanes, n_lanes, totals, paths), why);
}

gnt_status gnt_engine_resample(gnt_engine *engine, const gnt_resample_plan *plan, size_t n, size_t n_replicates,
                               uint32_t *index, gnt_error *why)
{
    if (n < 1 || n > UINT32_MAX)
        return gnt_fail(why, GNT_EINVAL, "resample: %zu observations; 1 to 2^32 - 1 are possible", n);
    if (plan->method != GNT_RESAMPLE_IID && !(plan->block >= 1 && plan->block <= 1e9))
        return gnt_fail(why, GNT_EINVAL, "resample: the block length is %g; it must be at least 1", plan->block);
    if (plan->stream >= 65536)
        return gnt_fail(why, GNT_EINVAL, "resample: stream %u; streams are below 65536", plan->stream);
    return after(engine, "resample", engine->ops->resample(engine->dev, plan, n, n_replicates, index), why);
}

gnt_status gnt_engine_split(gnt_engine *engine, uint64_t seed, double weight, const uint32_t *counter, size_t n,
                            uint64_t first_replicate, size_t n_replicates, uint8_t *enhanced, gnt_error *why)
{
    if (!(weight >= 0 && weight <= 1))
        return gnt_fail(why, GNT_EINVAL, "split: weight is %g; 0 to 1 is possible", weight);
    return after(engine, "split",
                 engine->ops->split(engine->dev, seed, weight, counter, n, first_replicate, n_replicates, enhanced),
                 why);
}

gnt_status gnt_engine_probe(gnt_engine *engine, gnt_probe what, double seconds, double *rate, gnt_error *why)
{
    if (!(seconds > 0 && seconds <= 60))
        return gnt_fail(why, GNT_EINVAL, "probe: %g seconds; more than 0 and at most 60 are possible", seconds);
    return after(engine, "probe", engine->ops->probe(engine->dev, what, seconds, rate), why);
}

gnt_status gnt_engine_peer(gnt_engine *engine, const gnt_net *net, const float *weights, gnt_panel panel, gnt_rows rows,
                           gnt_peer *peer, float *logit, gnt_error *why)
{
    if (!engine->ops->peer)
        return gnt_fail(why, GNT_EUNSUPPORTED, "device %s: there is no other library to compare with",
                        engine->info.name);
    GNT_TRY(check_weights(net, weights, why));
    GNT_TRY(check_panel(panel, "peer", why));
    GNT_TRY(check_rows(rows, panel, net, "peer", why));
    if (net->n_features != panel.n_features || rows.n < 1 || rows.n > INT32_MAX)
        return gnt_fail(why, GNT_EINVAL, "peer: %zu windows of %zu features for a model of %u", rows.n,
                        panel.n_features, net->n_features);
    return after(engine, "peer", engine->ops->peer(engine->dev, net, weights, panel, rows, peer, logit), why);
}
