/* Speed of the engine's operations beside the device's own limits, probed in the same seconds (layer 5; SPEC 7, bench).
 *
 * An operation is a row of a table: what it is given (synthetic, by seed), what one call is, what its algorithm needs
 * in FLOPs and bytes. Measuring: calls until everything is warm, then `repeats` rounds of {probe the fma peak, probe
 * the cell step, call the operation for at least 2 ms}, so that a clock or a neighbour that changes shows in all three.
 * Wall time, from host memory to host memory; the process's CPU time stands beside it. Devices that time their own
 * kernels get a second rate, of kernels alone, and forward is measured there beside another maker's library (kernels.h,
 * gnt_peer). The emulated device runs the same rows, marked: they say nothing about speed. */
#ifndef GNT_BENCH_H
#define GNT_BENCH_H

#include "host/base/json.h"
#include "host/device/engine.h"

#define GNT_BENCH_MIN_REPEATS 20
#define GNT_BENCH_MAX_REPEATS 10000
#define GNT_BENCH_MIN_SECONDS 2e-3 /* of calls in one repeat */
#define GNT_BENCH_MAX_PEERS 32
#define GNT_BENCH_PEER_WINDOWS 65536 /* a ratio to the library needs as many windows in a call: a GPU filled */
#define GNT_BENCH_PEER_SAME 0.1      /* rms difference of its logits from ours, over their sd: the same model */

/* Architectures by name: F 35, L 10, last step; lstm_a: STAC-ML's, F 100, L 50. 1x64 is none of SPEC's, but GPUs are
 * often judged by it: measured when it is named. */
typedef struct gnt_bench_shape {
    const char *name;
    gnt_net net;
} gnt_bench_shape;
extern const gnt_bench_shape gnt_bench_shapes[];
extern const size_t gnt_n_bench_shapes;

typedef struct gnt_bench_op gnt_bench_op; /* ops.h */

/* What is measured. */
typedef struct gnt_bench_case {
    const gnt_bench_op *op;
    const char *shape;       /* its name, or the model's file; NULL: the operation has none */
    gnt_net net;             /* of the shape */
    const float *weights;    /* [gnt_net_n_weights], borrowed; NULL: drawn by seed */
    gnt_precision precision; /* of the packed model; operations without one have their own */
    size_t n;      /* windows, samples an epoch, configurations or bars a symbol of one call; 0: the operation's own */
    size_t models; /* trained at once; set by gnt_bench_measure */
    unsigned repeats;
    uint64_t seed;
} gnt_bench_case;

/* First quartile, median, third quartile (linear between order statistics). */
typedef struct gnt_quartiles {
    double q1, median, q3;
} gnt_quartiles;
gnt_quartiles gnt_quartiles_of(double *x, size_t n); /* sorts x; n >= 1 */

/* The library's time for the windows of a row, one way. */
typedef struct gnt_bench_peer {
    char name[48];
    bool half;                      /* 16-bit numbers: no opponent of a float32 row */
    gnt_quartiles seconds;          /* of its kernels, windows on the device */
    double difference, rms_over_sd; /* of its logits from ours: the largest; rms over the sd of ours */
    char refusal[192];              /* why it has no figures; "" when it has */
} gnt_bench_peer;

typedef struct gnt_bench_row {
    gnt_bench_case what; /* n resolved; borrowed as the case was */
    char device[32], simd[16];
    unsigned threads;
    unsigned calls;        /* in a repeat */
    gnt_quartiles seconds; /* of one call, wall */
    double cpu_seconds;    /* of one call, all threads, median */
    double units;          /* of one call, in the operation's unit */
    double flops, bytes;   /* of one call, what the algorithm needs; NaN: not counted */
    gnt_quartiles peak;    /* FLOP/s by the probe between the repeats */
    double cell_seconds;   /* of the call's cell steps alone, median; NaN: not separable */
    double bandwidth;      /* bytes/s, the caller's probe */
    gnt_quartiles kernel;  /* seconds of one call's kernels; NaN where the device doesn't time them */
    double p50, p99;       /* seconds of single calls; NaN: the operation isn't one window */
    bool emulated;         /* says nothing about speed */
    gnt_bench_peer peer[GNT_BENCH_MAX_PEERS];
    size_t n_peers;
} gnt_bench_row;

size_t gnt_n_bench_ops(void);
const gnt_bench_op *gnt_bench_op_at(size_t i);
const char *gnt_bench_op_name(const gnt_bench_op *op);
const char *gnt_bench_op_unit(const gnt_bench_op *op); /* "windows": what per_s counts */
bool gnt_bench_op_has_shape(const gnt_bench_op *op);
/* Is the shape part of `--shape all` for this operation? */
bool gnt_bench_op_usual(const gnt_bench_op *op, const char *shape);

/* EVALUE when an output is not finite, EINVAL when n is out of range. */
GNT_MUST_CHECK gnt_status gnt_bench_measure(gnt_engine *engine, const gnt_bench_case *what, double bandwidth,
                                            gnt_bench_row *row, gnt_error *why);
json_t *gnt_bench_row_json(const gnt_bench_row *row);
/* The fastest way that gave the model's scores, on numbers no coarser in memory than the row's; NULL: none did. */
const gnt_bench_peer *gnt_bench_best_peer(const gnt_bench_row *row);
/* How many times faster the row's kernels are than that; NaN below GNT_BENCH_PEER_WINDOWS. */
double gnt_bench_peer_ratio(const gnt_bench_row *row);

/* The limits of one thread count, the median of three probes each. */
typedef struct gnt_bench_limits {
    unsigned threads;
    double flops, bandwidth; /* FLOP/s, bytes/s */
} gnt_bench_limits;
GNT_MUST_CHECK gnt_status gnt_bench_probe(gnt_engine *engine, gnt_bench_limits *limits, gnt_error *why);

/* Processor, caches, memory, compiler, commit, load, time: the manifest of a measurement. */
json_t *gnt_bench_machine(const gnt_engine *engine, const gnt_bench_limits *limits, size_t n_limits);

#endif
