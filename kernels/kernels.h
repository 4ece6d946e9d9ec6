/* The only door between host/ and a device: views, options, results and the table of operations.
 *
 * Letters: T bars, F features, L window, H hidden, B batch, M models, S lanes, R replicates.
 * Row t holds what is known at the close of bar t (SPEC 1). Only `simulate` knows the one-bar delay.
 *
 * Callers go through host/device/device.h, which checks shapes, ranges and overlaps once and gives
 * errors their sentence; backends rely on that. Every pointer is borrowed for the call unless said.
 * All operations are deterministic: the same bits for any thread count, chunking and CPU
 * instruction set. Number classes (exact, ulp, reduction) are defined in docs/NUMERICS.md. */
#ifndef GNT_KERNELS_H
#define GNT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GNT_KERNELS_ABI 4

/* ---- views ------------------------------------------------------------------------------- */

/* Bars of one symbol, oldest first. Prices in USD (already adjusted when `price: adj`). */
typedef struct gnt_bars_view {
    size_t n;                                         /* T */
    const double *open, *high, *low, *close, *volume; /* [T] */
} gnt_bars_view;

/* Rows of features, row-major. Rows before a schema's first valid row hold NaN. */
typedef struct gnt_panel {
    const float *x; /* [n_rows][n_features] */
    size_t n_rows, n_features;
} gnt_panel;

/* Row numbers; a model window is rows row-L+1..row of a panel: a view, never a copy.
 * [N, L, F] windows are a panel of N L rows with row[i] = i L + L - 1. */
typedef struct gnt_rows {
    const uint32_t *row; /* [n] */
    size_t n;
} gnt_rows;

/* Labels look forward, so they are a type of their own: only training and scoring accept it. */
typedef struct gnt_labels {
    const uint8_t *up; /* [T], 1 if close[t+1] > close[t]; borrowed */
    size_t n;          /* T - 1: the last bar has none */
} gnt_labels;

/* ---- features ---------------------------------------------------------------------------- */

typedef enum gnt_feature_set { GNT_FEATURES_GAUNTLET_35 = 0, GNT_FEATURES_LEVELS_17 = 1 } gnt_feature_set;

#define GNT_GAUNTLET_35_WIDTH 35
#define GNT_GAUNTLET_35_FIRST 49 /* first valid row, 0-based */
#define GNT_LEVELS_17_WIDTH 17
#define GNT_LEVELS_17_FIRST 19

/* ---- models ------------------------------------------------------------------------------ */

typedef enum gnt_pool {
    GNT_POOL_LAST = 0,      /* element L-1 of the output sequence, both directions */
    GNT_POOL_FINAL = 1,     /* each direction's own final state (ONNX Y_h as written) */
    GNT_POOL_ATTENTION = 2, /* a = softmax(v . tanh(W h + b)), context = sum a h */
} gnt_pool;

#define GNT_MAX_LAYERS 8

/* Architecture: stacked LSTM (PyTorch gate order i f g o, two biases), zero initial state, pooling,
 * one linear unit -> logit. D = hidden * (bidirectional ? 2 : 1). */
typedef struct gnt_net {
    uint32_t n_features, window, hidden, layers;
    bool bidirectional;
    gnt_pool pool;
    uint32_t attention; /* rows of W when pool is ATTENTION, else 0 */
} gnt_net;

/* Where a named tensor lies in a model's flat weight array (float32, PyTorch names and order):
 * per layer and direction weight_ih [4H][in], weight_hh [4H][H], bias_ih [4H], bias_hh [4H];
 * then attention.weight [A][D], attention.bias [A], attention.v [A]; then fc.weight [D], fc.bias [1]. */
typedef struct gnt_tensor {
    char name[40];
    size_t offset, rows, cols; /* cols 1 for vectors */
} gnt_tensor;

size_t gnt_net_n_tensors(const gnt_net *net);
void gnt_net_tensor(const gnt_net *net, size_t i, gnt_tensor *tensor);
size_t gnt_net_n_weights(const gnt_net *net); /* baseline at F = 35: 8,865; enhanced: 125,665 */

/* How a packed model computes its dot products: float32 throughout, or weights and what they meet rounded to bfloat16
 * with float32 sums, cells and activations (docs/NUMERICS.md has the error). */
typedef enum gnt_precision { GNT_FLOAT32 = 0, GNT_BF16 } gnt_precision;

/* ---- training ---------------------------------------------------------------------------- */

typedef enum gnt_optimiser { GNT_ADAM = 0, GNT_ADAMW = 1 } gnt_optimiser;

/* What every epoch of a job needs. */
typedef struct gnt_train_options {
    gnt_optimiser optimiser;
    double learning_rate, weight_decay, beta1, beta2, epsilon; /* PyTorch's meaning and defaults; a job's rule may
                                                                  give each epoch its own rate */
    double clip_norm;                                          /* global gradient norm; 0 = off */
    double dropout;                                            /* between layers, train only, inverted scaling */
    double pos_weight;                                         /* weight of label 1 in the loss; 1 = calibrated */
    uint32_t batch;                                            /* B */
    uint64_t seed; /* order and dropout are a function of (seed, epoch, row), Philox */
} gnt_train_options;

/* The learning curve as far as rules look at it (kernels/math/curve.h); zero before the first epoch. */
typedef struct gnt_train_curve {
    uint32_t epochs;          /* run: the 0-based number of the next one */
    uint32_t best;            /* number of the epoch with the lowest validation loss; the last one without val rows */
    double best_loss, lowest; /* validation loss of the best epoch; lowest so far, infinite without val rows */
    uint32_t stale, halvings; /* epochs since the lowest or a halving; halvings of the plateau schedule */
} gnt_train_curve;

/* How epochs follow each other. What needs a cosine or a power is a table, so that every device has the same bits. */
typedef struct gnt_train_rule {
    const double *rate; /* [n_rates] learning rate by number of epoch or of halvings; NULL: the options' throughout */
    uint32_t n_rates;   /* more than any number that a call can reach */
    bool plateau;       /* rate goes by halvings, one after each 4 epochs in a row without a new lowest val loss */
    uint32_t patience;  /* epochs since the best one that end the training; 0: none do */
} gnt_train_rule;

/* What an epoch showed. */
typedef struct gnt_train_figures {
    double learning_rate;
    double train_loss;                   /* mean over the epoch's batches as they were trained */
    double val_loss;                     /* mean on val with the weights after the epoch; NaN if val.n = 0 */
    uint32_t train_correct, val_correct; /* prediction 1 iff logit >= 0 */
} gnt_train_figures;

/* One model in training. Arrays are the caller's and live across calls; how many epochs a call runs doesn't show in
 * the bits. */
typedef struct gnt_train_job {
    const gnt_net *net;
    const gnt_train_options *options;
    gnt_panel panel; /* scaled */
    gnt_labels labels;
    gnt_rows train, val;
    float *weights;           /* [n_weights] in/out */
    float *moment1, *moment2; /* [n_weights] in/out, optimiser moments */
    float *best;              /* [n_weights] out: weights of the best epoch when it is one of this call's,
                                 else untouched; NULL: not wanted */
    uint64_t step;            /* optimiser steps done, in/out */
    gnt_train_rule rule;
    gnt_train_curve curve;      /* in/out */
    uint32_t n_epochs;          /* to run in this call; fewer when patience ends or a loss is not finite */
    uint32_t n_run;             /* out: epochs run */
    gnt_train_figures *figures; /* [n_epochs] out, [n_run] are written */
} gnt_train_job;

/* ---- simulation (SPEC 5 and 10) ------------------------------------------------------------- */

typedef enum gnt_fill { GNT_FILL_NEXT_OPEN = 0, GNT_FILL_NEXT_CLOSE, GNT_FILL_SAME_CLOSE } gnt_fill;
typedef enum gnt_rebalance { GNT_REBALANCE_ON_CHANGE = 0, GNT_REBALANCE_DAILY } gnt_rebalance;
typedef enum gnt_between { GNT_BETWEEN_FLAT = 0, GNT_BETWEEN_HOLD } gnt_between;
typedef enum gnt_size { GNT_SIZE_FIXED = 0, GNT_SIZE_VOL_TARGET, GNT_SIZE_KELLY } gnt_size;

/* One strategy configuration, every parameter of SPEC 5 under its own name. */
typedef struct gnt_strategy {
    double upper, lower; /* probability */
    bool shorts;
    gnt_between between;
    gnt_size size;
    double target_vol, max_leverage, kelly_fraction;
    gnt_fill fill;
    gnt_rebalance rebalance;
    double commission_bp, half_spread_bp, slippage_bp; /* one way, on traded notional */
    double impact_bp, fee_per_trade;                   /* bp; USD */
    double borrow_bp, margin_bp;                       /* a year */
    double cash_rate;                                  /* fraction a year */
    double capital;                                    /* USD */
    double periods;                                    /* bars a year */
    bool close_at_end;
} gnt_strategy;

/* One symbol's market data over all its bars; window bars are [begin, end). */
typedef struct gnt_sim_market {
    gnt_bars_view bars;
    const double *dollar_volume_20; /* [T] mean of raw close * volume over bars t-20..t-1; NaN if fewer;
                                       may be NULL when no lane has impact */
    const double *vol_20;           /* [T] sample sd of the last 20 returns, float64, NaN before;
                                       may be NULL when no lane sizes by volatility */
} gnt_sim_market;

/* A lane: one symbol x one configuration. Decisions of bar t come from `score[t]` (NaN: none, keep w)
 * unless `target` is given: then the target decided at the close of t is target[t] (NaN: keep). */
typedef struct gnt_sim_lane {
    const gnt_sim_market *market;
    const gnt_strategy *strategy;
    const double *score;  /* [T] probability or NaN */
    const double *target; /* [T] exposure or NaN; NULL: decide from score */
    size_t begin, end;    /* window bars; begin >= 1 */
} gnt_sim_lane;

/* What a lane keeps (memory O(lanes)); currency in USD, R[t] = E[t]/E[t-1] - 1. */
typedef struct gnt_sim_totals {
    double equity;                                                  /* after the closing trade */
    double sum_r, sum_r2;                                           /* of R */
    double sum_down2;                                               /* of min(R, 0)^2 */
    double max_drawdown;                                            /* <= 0, capital included in the peak */
    uint64_t max_drawdown_bars;                                     /* longest stretch below the running maximum */
    uint64_t n_bars, n_fills, n_trades, n_exposed, n_up, n_nonzero; /* n_up: R > 0 */
    double turnover, cost_paid;                                     /* sum |dU| P / E'; proportional + fees + impact */
    double overnight, intraday; /* P&L in USD by part of the bar: C[t-1]->O[t], O[t]->C[t] */
    bool ruined;
} gnt_sim_totals;

/* A lane's path when asked for; any pointer may be NULL. Index 0 is the window's first bar. units, cash, equity, ret
 * and cost stand after the closing trade on the last bar; docs/decisions/simulation-readings.md. */
typedef struct gnt_sim_path {
    double *price_fill; /* NaN where no fill; the closing trade's when it is the bar's only one */
    double *target;     /* what acted on the bar, decided at the close before */
    double *units, *cash, *equity, *ret, *cost;
    double *position; /* units at the mark of step 3, before the closing trade */
} gnt_sim_path;

/* ---- resampling and A/B split (statistics.md 15, SPEC 6 and 10) -------------------------------- */

typedef enum gnt_resample_method {
    GNT_RESAMPLE_STATIONARY = 0,
    GNT_RESAMPLE_CIRCULAR,
    GNT_RESAMPLE_IID
} gnt_resample_method;

typedef struct gnt_resample_plan {
    gnt_resample_method method;
    double block; /* mean block length, or the block length; ignored for iid */
    uint64_t seed;
    uint32_t stream;
    uint64_t first_replicate;
} gnt_resample_plan;

/* ---- limits of the device, for benchmarks -------------------------------------------------------- */

typedef enum gnt_probe {
    GNT_PROBE_FMA = 0, /* float32 fma from registers: FLOPs a second, two a fma */
    GNT_PROBE_CELLS,   /* LSTM cell steps from cache: units x windows a second */
    GNT_PROBE_TRIAD,   /* a = b + s c beyond the last cache: bytes a second, 12 an element */
} gnt_probe;

/* ---- the opponent of benchmarks --------------------------------------------------------------------- */

/* One way in which another maker's library does forward on this device. Never a source of results. */
typedef struct gnt_peer {
    unsigned way;     /* in: 0, 1, ..; past the last one EINVAL */
    unsigned repeats; /* in: timed passes, after some that aren't */
    double *seconds; /* [repeats] out: the library's kernels of a pass; windows lie on the device, copies don't count */
    bool half;       /* out: works on 16-bit numbers, so it isn't float32's opponent */
    char name[48];   /* out: "cuDNN 9.19.0 standard float32"; said also when the way fails */
} gnt_peer;

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct gnt_device gnt_device; /* a backend's own state */
typedef struct gnt_packed gnt_packed; /* a model packed for a backend */

typedef struct gnt_device_info {
    char name[32]; /* "cpu", "cuda", "emu" */
    char simd[16]; /* of the CPU "generic", "avx2", "avx512"; else the architecture, "sm_90" */
    char chip[64]; /* the maker's name of a GPU; "" for the CPU */
    unsigned threads;
    bool bf16; /* pack takes GNT_BF16 */
} gnt_device_info;

typedef struct gnt_ops {
    uint32_t abi;  /* GNT_KERNELS_ABI */
    uint32_t size; /* sizeof(gnt_ops) */

    /* threads 0: all cores. kind: of the CPU an instruction set, NULL the best it has; of CUDA a device's number, NULL
     * all there are. After an error *dev is NULL, or a device that answers only reason and close. */
    gnt_status (*open)(unsigned threads, const char *kind, gnt_device **dev);
    void (*close)(gnt_device *dev);
    /* One line on why the last failed call failed; "" when its status says it all. Valid until the next call. */
    const char *(*reason)(const gnt_device *dev);
    /* Seconds the device's kernels took in the last call, copies left out; NaN where that isn't measured. */
    double (*kernel_seconds)(const gnt_device *dev);
    void (*info)(const gnt_device *dev, gnt_device_info *info);

    /* Feature columns of every symbol, each as if alone: out[s][t * stride + k], k < the set's width; rows
     * before the first valid one are NaN. Class ulp against the rounded float64 oracle. */
    gnt_status (*features)(gnt_device *dev, gnt_feature_set set, const gnt_bars_view *bars, size_t n_symbols,
                           size_t stride, float *const *out);

    /* out = clip((x - center) / scale, -limit, +limit) in float32, one Sub, Div, Clip each, as the ONNX
     * graph does; limit INFINITY: no clip. NaN rows stay NaN. center, scale [F]. out [n_rows][F], may be x. */
    gnt_status (*scale)(gnt_device *dev, gnt_panel panel, const float *center, const float *scale, float limit,
                        float *out);

    /* Pack once per model; the packed form is freed with unpack and owns a copy of the weights. EUNSUPPORTED when the
     * device doesn't have that precision (info says), never another one instead. */
    gnt_status (*pack)(gnt_device *dev, const gnt_net *net, const float *weights, gnt_precision precision,
                       gnt_packed **packed);
    void (*unpack)(gnt_device *dev, gnt_packed *packed);
    const gnt_net *(*packed_net)(const gnt_packed *packed); /* the architecture it was packed with */

    /* logit[m][i] of model m for the window ending at rows[i]; all models share F and L. Class reduction;
     * the same bits for any split of rows. */
    gnt_status (*forward)(gnt_device *dev, const gnt_packed *const *models, size_t n_models, gnt_panel panel,
                          gnt_rows rows, float *logit);

    /* Up to n_epochs epochs of each of M jobs, each bit-identical to running it alone. Class reduction. */
    gnt_status (*train)(gnt_device *dev, gnt_train_job *jobs, size_t n_jobs);

    /* Class exact. paths NULL or [n_lanes]. */
    gnt_status (*simulate)(gnt_device *dev, const gnt_sim_lane *lanes, size_t n_lanes, gnt_sim_totals *totals,
                           const gnt_sim_path *paths);

    /* index[r][t], r < n_replicates, t < n: statistics.md 15. Class exact. */
    gnt_status (*resample)(gnt_device *dev, const gnt_resample_plan *plan, size_t n, size_t n_replicates,
                           uint32_t *index);

    /* enhanced[r][j] = 1 iff the uniform of (seed', stream 101, replicate first+r, counter[j]) < weight. */
    gnt_status (*split)(gnt_device *dev, uint64_t seed, double weight, const uint32_t *counter, size_t n,
                        uint64_t first_replicate, size_t n_replicates, uint8_t *enhanced);

    /* The rate of the whole device over about `seconds`, with the instruction set the other entries use. */
    gnt_status (*probe)(gnt_device *dev, gnt_probe what, double seconds, double *rate);

    /* logit[i] of the window ending at rows[i] by peer->way; weights flat (gnt_tensor). NULL: no library here. EIO: it
     * can't be loaded; EUNSUPPORTED and EDEVICE: it refuses this model, or failed. */
    gnt_status (*peer)(gnt_device *dev, const gnt_net *net, const float *weights, gnt_panel panel, gnt_rows rows,
                       gnt_peer *peer, float *logit);
} gnt_ops;

/* The CPU backend: linked in, always there. */
const gnt_ops *gnt_cpu_ops(void);

/* The one symbol a backend's module exports. */
#define GNT_MODULE_SYMBOL "gnt_module_ops"
typedef const gnt_ops *gnt_module_fn(void);

#ifdef __cplusplus
}
#endif

#endif
