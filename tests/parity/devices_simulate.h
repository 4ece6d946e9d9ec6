/* Rows of test_devices.c: simulate, on lanes of all kinds in no order, with and without paths. */
#ifndef GNT_PARITY_DEVICES_SIMULATE_H
#define GNT_PARITY_DEVICES_SIMULATE_H

#include "tests/parity/devices.h"
#include "tests/sim_books.h"

/* Output 0: totals; output 1: the paths, one after another. */
typedef struct simulate_call {
    lanes_mix mix;
    gnt_sim_lane *lane;
    gnt_sim_path *path;
    size_t n_doubles; /* at most, of paths */
} simulate_call;

static simulate_call *simulate_open(const parity_run *run)
{
    simulate_call *c = parity_array(1, sizeof *c);
    c->lane = parity_array(run->size, sizeof *c->lane);
    c->path = parity_array(run->size, sizeof *c->path);
    lanes_mix_make(&c->mix, run->size, c->lane, run->size);
    c->n_doubles = lanes_mix_paths(c->lane, run->size, c->path, NULL);
    return c;
}

static void simulate_close(simulate_call *c)
{
    free(c->lane);
    free(c->path);
    free(c);
}

static void simulate_run(parity_run *run, bool paths)
{
    gnt_error why = {0};
    simulate_call *c = simulate_open(run);
    gnt_sim_totals *totals = parity_out(run, PARITY_BYTES, run->size * sizeof *totals);
    if (paths) lanes_mix_paths(c->lane, run->size, c->path, parity_out(run, PARITY_F64, c->n_doubles));
    parity_call(run, gnt_engine_simulate(run->engine, c->lane, run->size, totals, paths ? c->path : NULL, &why), &why);
    simulate_close(c);
}

/* Every lane's totals by the oracle; with paths those too, any NaN being any other. */
static void simulate_check(parity_run *run, bool paths)
{
    simulate_call *c = simulate_open(run);
    const gnt_sim_totals *got = parity_data(&run->out[0]);
    double *want = parity_array(c->n_doubles, sizeof *want);
    if (paths) lanes_mix_paths(c->lane, run->size, c->path, want);
    for (size_t i = 0; i < run->size; i++) {
        gnt_sim_totals oracle;
        char a[600], b[600];
        ref_simulate(&c->lane[i], &oracle, paths ? &c->path[i] : NULL);
        run->n_compared += 17;
        if (sim_same_totals(&got[i], &oracle)) continue;
        sim_totals_print(a, sizeof a, &got[i]);
        sim_totals_print(b, sizeof b, &oracle);
        parity_fail(run, "lane %zu: %s, oracle %s", i, a, b);
    }
    const double *path = paths ? parity_data(&run->out[1]) : NULL;
    for (size_t i = 0; paths && i < c->n_doubles; i++) {
        run->n_compared++;
        if (!sim_same(path[i], want[i])) parity_fail(run, "path element %zu: %.17g, oracle %.17g", i, path[i], want[i]);
    }
    free(want);
    simulate_close(c);
}

static void simulate_lanes(parity_run *run)
{
    simulate_run(run, false);
}

static void simulate_paths(parity_run *run)
{
    simulate_run(run, true);
}

static void simulate_lanes_check(parity_run *run)
{
    simulate_check(run, false);
}

static void simulate_paths_check(parity_run *run)
{
    simulate_check(run, true);
}

#endif
