#include "agree.h"

#include <string.h>

#include "host/base/mem.h"
#include "kernels/math/philox.h"
#include "kernels/math/streams.h"

enum {
    BARS = 96,
    WINDOWS = 67,
    LANES = 5,
    DRAWS = 37,
    REPLICATES = 3,
    EPOCHS = 2,
    MOST_WEIGHTS = 8192,
    WIDTH = GNT_GAUNTLET_35_WIDTH
};
#define FIRST ((uint32_t)GNT_GAUNTLET_35_FIRST + 5) /* of the rows whose whole window has features */

static const gnt_net small_net = {.n_features = WIDTH,
                                  .window = 6,
                                  .hidden = 9,
                                  .layers = 2,
                                  .bidirectional = true,
                                  .pool = GNT_POOL_ATTENTION,
                                  .attention = 5};

/* Inputs of all calls, and one device's outputs; MOST_WEIGHTS is more than small_net has. */
typedef struct inputs {
    double open[BARS], high[BARS], low[BARS], close[BARS], volume[BARS], score[BARS];
    float center[WIDTH], scale[WIDTH];
    uint32_t row[WINDOWS], counter[DRAWS];
    gnt_strategy strategy[LANES];
    float weights[MOST_WEIGHTS];
    uint8_t up[BARS];
} inputs;

typedef struct outputs {
    float features[BARS * WIDTH], scaled[BARS * WIDTH], logit[WINDOWS];
    struct {
        float weights[MOST_WEIGHTS], moment1[MOST_WEIGHTS], moment2[MOST_WEIGHTS];
        gnt_train_figures figures[EPOCHS];
    } trained;
    gnt_sim_totals totals[LANES];
    uint32_t index[REPLICATES * DRAWS];
    uint8_t enhanced[REPLICATES * DRAWS];
} outputs;

static double draw(uint32_t which, size_t i)
{
    return gnt_uniform(gnt_philox_x(gnt_philox_block(gnt_random_at(1, GNT_STREAM_BENCH, which), (uint32_t)i)));
}

static void fill(inputs *in)
{
    for (size_t t = 0; t < BARS; t++) {
        double before = t ? in->close[t - 1] : 100;
        in->open[t] = before * (0.99 + 0.02 * draw(0, t));
        in->close[t] = before * (0.97 + 0.06 * draw(1, t));
        in->high[t] = 1.01 * (in->open[t] > in->close[t] ? in->open[t] : in->close[t]);
        in->low[t] = 0.99 * (in->open[t] < in->close[t] ? in->open[t] : in->close[t]);
        in->volume[t] = 1e6 * (1 + draw(2, t));
        in->score[t] = draw(3, t);
        in->up[t] = draw(7, t) < 0.5;
    }
    for (size_t k = 0; k < WIDTH; k++) {
        in->center[k] = (float)(0.01 * draw(4, k));
        in->scale[k] = (float)(0.01 + draw(5, k));
    }
    for (size_t i = 0; i < WINDOWS; i++) in->row[i] = FIRST + (uint32_t)(i * 29) % (BARS - FIRST);
    for (size_t j = 0; j < DRAWS; j++) in->counter[j] = (uint32_t)(j * 7);
    for (size_t i = 0; i < LANES; i++)
        in->strategy[i] = (gnt_strategy){.upper = 0.5 + 0.02 * (double)i,
                                         .lower = 0.5 - 0.02 * (double)i,
                                         .shorts = i % 2,
                                         .between = i % 3 ? GNT_BETWEEN_HOLD : GNT_BETWEEN_FLAT,
                                         .max_leverage = 1,
                                         .kelly_fraction = 0.5,
                                         .size = i == 4 ? GNT_SIZE_KELLY : GNT_SIZE_FIXED,
                                         .rebalance = i == 2 ? GNT_REBALANCE_DAILY : GNT_REBALANCE_ON_CHANGE,
                                         .commission_bp = 1,
                                         .half_spread_bp = 2,
                                         .borrow_bp = 50,
                                         .cash_rate = 0.02,
                                         .capital = 1e5,
                                         .periods = 252,
                                         .close_at_end = true};
    for (size_t i = 0, n = gnt_net_n_weights(&small_net); i < n; i++) in->weights[i] = (float)(draw(6, i) - 0.5);
}

/* Rows that have features; the rest of the panel is NaN, as in every run. */
static gnt_panel panel_of(const outputs *out)
{
    return (gnt_panel){out->scaled, BARS, WIDTH};
}

static gnt_status forward(const gnt_ops *ops, gnt_device *dev, const inputs *in, outputs *out)
{
    gnt_packed *model = NULL;
    gnt_status st = ops->pack(dev, &small_net, in->weights, GNT_FLOAT32, &model);
    if (st) return st;
    const gnt_packed *models[] = {model};
    st = ops->forward(dev, models, 1, panel_of(out), (gnt_rows){in->row, WINDOWS}, out->logit);
    ops->unpack(dev, model);
    return st;
}

static gnt_status train(const gnt_ops *ops, gnt_device *dev, const inputs *in, outputs *out)
{
    gnt_train_options options = {.optimiser = GNT_ADAMW,
                                 .learning_rate = 0.01,
                                 .weight_decay = 0.01,
                                 .beta1 = 0.9,
                                 .beta2 = 0.999,
                                 .epsilon = 1e-8,
                                 .clip_norm = 1,
                                 .dropout = 0.2,
                                 .pos_weight = 1.1,
                                 .batch = 20,
                                 .seed = 42};
    size_t n_val = WINDOWS / 3;
    memcpy(out->trained.weights, in->weights, sizeof in->weights);
    gnt_train_job job = {.net = &small_net,
                         .options = &options,
                         .panel = panel_of(out),
                         .labels = {in->up, BARS},
                         .train = {in->row + n_val, WINDOWS - n_val},
                         .val = {in->row, n_val},
                         .weights = out->trained.weights,
                         .moment1 = out->trained.moment1,
                         .moment2 = out->trained.moment2,
                         .n_epochs = EPOCHS,
                         .figures = out->trained.figures};
    return ops->train(dev, &job, 1);
}

static gnt_status features(const gnt_ops *ops, gnt_device *dev, const inputs *in, outputs *out)
{
    gnt_bars_view bars = {BARS, in->open, in->high, in->low, in->close, in->volume};
    float *const rows[] = {out->features};
    return ops->features(dev, GNT_FEATURES_GAUNTLET_35, &bars, 1, WIDTH, rows);
}

static gnt_status scale(const gnt_ops *ops, gnt_device *dev, const inputs *in, outputs *out)
{
    return ops->scale(dev, (gnt_panel){out->features, BARS, WIDTH}, in->center, in->scale, 5, out->scaled);
}

static gnt_status simulate(const gnt_ops *ops, gnt_device *dev, const inputs *in, outputs *out)
{
    gnt_sim_market market = {.bars = {BARS, in->open, in->high, in->low, in->close, in->volume}};
    gnt_sim_lane lanes[LANES];
    for (size_t i = 0; i < LANES; i++)
        lanes[i] = (gnt_sim_lane){&market, &in->strategy[i], in->score, NULL, 1 + i, BARS};
    return ops->simulate(dev, lanes, LANES, out->totals, NULL);
}

static gnt_status resample(const gnt_ops *ops, gnt_device *dev, const inputs *in, outputs *out)
{
    (void)in;
    gnt_resample_plan plan = {.method = GNT_RESAMPLE_STATIONARY, .block = 5, .seed = 42, .stream = 1};
    return ops->resample(dev, &plan, DRAWS, REPLICATES, out->index);
}

static gnt_status split(const gnt_ops *ops, gnt_device *dev, const inputs *in, outputs *out)
{
    return ops->split(dev, 42, 0.3, in->counter, DRAWS, 0, REPLICATES, out->enhanced);
}

/* Each look is at what its call wrote; the next call's inputs are the CPU's where they come from one before. */
typedef struct look {
    const char *name;
    gnt_status (*call)(const gnt_ops *ops, gnt_device *dev, const inputs *in, outputs *out);
    size_t offset, bytes;
} look;

#define PART(field) offsetof(outputs, field), sizeof((outputs *)0)->field
static const look looks[] = {
    {"features", features, PART(features)}, {"scale", scale, PART(scaled)},       {"forward", forward, PART(logit)},
    {"training", train, PART(trained)},     {"simulate", simulate, PART(totals)}, {"resample", resample, PART(index)},
    {"split", split, PART(enhanced)},
};

/* Totals end in padding, which is nobody's. */
static bool same_bytes(const look *l, const outputs *want, const outputs *got)
{
    size_t n = l->call == simulate ? LANES : 1, stride = l->bytes / n;
    size_t bytes = l->call == simulate ? offsetof(gnt_sim_totals, ruined) + sizeof(bool) : stride;
    const char *a = (const char *)want + l->offset, *b = (const char *)got + l->offset;
    for (size_t i = 0; i < n; i++)
        if (memcmp(a + i * stride, b + i * stride, bytes) != 0) return false;
    return true;
}

static gnt_status look_at(const look *l, const gnt_ops *ops, gnt_device *dev, gnt_device *cpu, const inputs *in,
                          outputs *want, outputs *got, gnt_error *why)
{
    gnt_status st = l->call(gnt_cpu_ops(), cpu, in, want);
    if (st) return gnt_fail(why, st, "%s on the CPU: %s", l->name, gnt_status_text(st));
    st = l->call(ops, dev, in, got);
    if (st) return gnt_fail(why, st, "%s: %s", l->name, *ops->reason(dev) ? ops->reason(dev) : gnt_status_text(st));
    if (!same_bytes(l, want, got))
        return gnt_fail(why, GNT_EDEVICE, "%s differs from the CPU's bits in a small test: ./run.sh gpu says where",
                        l->name);
    return GNT_OK;
}

gnt_status gnt_device_agrees(const gnt_ops *ops, gnt_device *dev, gnt_error *why)
{
    gnt_status st = GNT_OK;
    inputs *in = NULL;
    outputs *want = NULL, *got = NULL;
    gnt_device *cpu = NULL;
    GNT_ALLOC(in, 1);
    GNT_ALLOC(want, 1);
    GNT_ALLOC(got, 1);
    st = gnt_cpu_ops()->open(1, NULL, &cpu);
    if (st) {
        (void)gnt_fail(why, st, "the CPU: %s", gnt_status_text(st));
        goto out;
    }
    fill(in);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
        GNT_GOTO(look_at(&looks[i], ops, dev, cpu, in, want, got, why));
out:
    gnt_cpu_ops()->close(cpu);
    free(got);
    free(want);
    free(in);
    return st;
}
