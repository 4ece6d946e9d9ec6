/* The operations that bench measures, from inside (layer 5, private to host/bench). */
#ifndef GNT_BENCH_OPS_H
#define GNT_BENCH_OPS_H

#include "host/bench/bench.h"

/* Everything a case works on; what an operation doesn't need stays NULL. Arrays are owned. */
typedef struct gnt_bench_work {
    gnt_engine *engine;
    const gnt_bench_case *what;
    gnt_panel panel;
    gnt_rows rows;
    gnt_labels labels;
    float *x;       /* panel's [n_rows][F], or the features written */
    uint32_t *row;  /* rows' */
    uint8_t *up;    /* labels' */
    float *weights; /* [n_weights] of the packed model */
    float *logit;   /* [n] */
    gnt_packed *packed;
    gnt_train_options options;
    gnt_train_job *jobs;        /* [n_jobs] */
    gnt_train_figures *figures; /* [n_jobs] of the last epoch */
    size_t n_jobs;
    float *state;        /* [n_jobs][3][n_weights]: weights and both moments */
    double *columns;     /* [n_symbols][6][n_bars]: open, high, low, close, volume, score */
    gnt_bars_view *bars; /* [n_symbols] */
    float **out;         /* [n_symbols] places in x */
    gnt_sim_market market;
    gnt_strategy *strategy; /* [n] */
    gnt_sim_lane *lanes;    /* [n] */
    gnt_sim_totals *totals; /* [n] */
} gnt_bench_work;

/* What an operation is given when nobody says: on CPUs, on GPUs, on the emulated device. */
enum { GNT_BENCH_ON_CPU = 0, GNT_BENCH_ON_GPU, GNT_BENCH_ON_EMU, GNT_BENCH_N_KINDS };
typedef struct gnt_bench_usual {
    size_t n[GNT_BENCH_N_KINDS], models[GNT_BENCH_N_KINDS];
} gnt_bench_usual;

struct gnt_bench_op {
    const char *name, *unit;
    const char *shapes;    /* of `--shape all`, blank between; NULL: it has no shape */
    const char *precision; /* NULL: the case's */
    gnt_bench_usual usual;
    size_t max_n; /* of a call */
    bool peer;    /* another library can do it */
    gnt_status (*prepare)(gnt_bench_work *work, gnt_error *why);
    gnt_status (*call)(gnt_bench_work *work, gnt_error *why);
    bool (*finite)(const gnt_bench_work *work); /* every output of the last call */
    double (*units)(const gnt_bench_case *what);
    double (*flops)(const gnt_bench_case *what); /* NULL: not counted */
    double (*bytes)(const gnt_bench_case *what); /* NULL: its arrays stay in caches */
    double (*cells)(const gnt_bench_case *what); /* NULL: not separable */
};

/* ---- cost.c: what the algorithm needs --------------------------------------------------------------- */

double gnt_bench_sliding_flops(const gnt_bench_case *what);
double gnt_bench_windows_flops(const gnt_bench_case *what);
double gnt_bench_train_flops(const gnt_bench_case *what);
double gnt_bench_cells(const gnt_bench_case *what);
double gnt_bench_sliding_bytes(const gnt_bench_case *what);
double gnt_bench_windows_bytes(const gnt_bench_case *what);

/* ---- inputs.c: synthetic, a pure function of the seed -------------------------------------------------- */

void gnt_bench_fill_uniform(uint64_t seed, uint64_t which, float low, float high, size_t n, float *x);
/* Uniform within 1/sqrt(H), as PyTorch starts. */
void gnt_bench_fill_weights(const gnt_net *net, uint64_t seed, uint64_t which, float *weights);
/* A random walk from 100 USD: columns [6][n] as gnt_bench_work has them. */
void gnt_bench_fill_bars(uint64_t seed, size_t symbol, size_t n, double *columns, gnt_bars_view *bars);

void gnt_bench_work_free(gnt_bench_work *work);

/* ---- peer.c: the library beside us ------------------------------------------------------------------------ */

/* Every way on the windows of the row's last call, whose logits are work->logit. A way that refuses is no error. */
GNT_MUST_CHECK gnt_status gnt_bench_peers(const gnt_bench_work *work, gnt_bench_row *row, gnt_error *why);
json_t *gnt_bench_peers_json(const gnt_bench_row *row);

#endif
