/* Every operation x shape x backend found, one body (devices.h). Rows of the table are the operations; backends that
 * aren't here are named with the number of cases they miss. Arguments are the operations to run; none: all. */
#include "tests/parity/devices.h"

#include "tests/parity/devices_draws.h"
#include "tests/parity/devices_forward.h"
#include "tests/parity/devices_probe.h"
#include "tests/parity/devices_rows.h"
#include "tests/parity/devices_simulate.h"
#include "tests/parity/devices_train.h"

#define ENTRY(op) #op, offsetof(gnt_ops, op)

static const gnt_op_case cases[] = {
    {"features, bars", ENTRY(features), rows_features_bars, rows_features_bars_check, rows_sizes, false},
    {"features, symbols", ENTRY(features), rows_features_symbols, rows_features_symbols_check, NULL, false},
    {"scale, rows", ENTRY(scale), rows_scale, rows_scale_check, rows_sizes, false},
    {"forward, kinds", ENTRY(forward), forward_kinds, forward_kinds_check, NULL, false},
    {"forward, variants", ENTRY(forward), forward_both, forward_both_check, forward_sizes_variants, false},
    {"train, windows", ENTRY(train), train_windows, NULL, parity_sizes_from_one, false},
    {"train, models", ENTRY(train), train_many, NULL, parity_sizes_small, false},
    {"simulate, lanes", ENTRY(simulate), simulate_lanes, simulate_lanes_check, NULL, false},
    {"simulate, paths", ENTRY(simulate), simulate_paths, simulate_paths_check, NULL, false},
    {"resample, replicates", ENTRY(resample), draws_replicates, draws_replicates_check, NULL, false},
    {"resample, positions", ENTRY(resample), draws_positions, draws_positions_check, parity_sizes_from_one, false},
    {"split, replicates", ENTRY(split), draws_split_replicates, draws_split_replicates_check, NULL, false},
    {"split, requests", ENTRY(split), draws_split_requests, draws_split_requests_check, NULL, false},
    {"probe", ENTRY(probe), probe_rates, NULL, probe_sizes, true},
};
#define N_CASES (sizeof cases / sizeof *cases)

/* Entries that a module's table may still lack; anything else that is missing fails. */
static const char *const missing[] = {NULL};

typedef struct backend {
    const char *name;
    const char *device, *simd;    /* of the engine; an instruction set of the CPU */
    const char *order;            /* of the emulated device's threads */
    const char *devices, *memory; /* of the emulated machine: how many, bytes of each */
    const char *only;             /* operations that are run; NULL: all */
} backend;

static const backend backends[] = {
    {"cpu", "cpu", NULL, NULL, NULL, NULL, NULL},
    {"cpu generic", "cpu", "generic", NULL, NULL, NULL, NULL},
    {"cpu avx2", "cpu", "avx2", NULL, NULL, NULL, NULL},
    {"emu ahead", "emu", NULL, "ahead", NULL, NULL, NULL},
    {"emu shuffle:20261", "emu", NULL, "shuffle:20261", NULL, NULL, NULL},
    {"emu reverse, two of 2 MiB", "emu", NULL, "reverse", "2", "2097152", NULL},
    /* every call in many chunks */
    {"emu forward, one of 64 KiB", "emu", NULL, "forward", "1", "65536", "features scale resample split"},
    {"cuda", "cuda", NULL, NULL, NULL, NULL, NULL},
};

static const size_t *sizes_of(const gnt_op_case *c)
{
    return c->sizes ? c->sizes : parity_sizes;
}

static size_t n_shapes(const gnt_op_case *c)
{
    size_t n = 0;
    while (sizes_of(c)[n] != PARITY_END) n++;
    return n;
}

static bool has_entry(const gnt_ops *ops, size_t offset)
{
    void *entry = NULL;
    memcpy(&entry, (const char *)ops + offset, sizeof entry);
    return entry != NULL;
}

static bool may_be_missing(const char *op)
{
    for (size_t i = 0; missing[i]; i++)
        if (strcmp(missing[i], op) == 0) return true;
    return false;
}

static void run_on(gnt_engine *engine, const char *name, const gnt_op_case *c, size_t size, parity_run *run)
{
    *run = (parity_run){.engine = engine, .backend = name, .op = c->name, .size = size};
    c->run(run);
    parity_check_guards(run);
}

/* One shape: its own run, the yardstick's, the oracle. */
static bool run_shape(gnt_engine *engine, gnt_engine *cpu, const backend *b, const gnt_op_case *c, parity_run *run)
{
    parity_run yardstick = {0};
    size_t size = run->size;
    double error = run->error, share = run->share;
    size_t n_compared = run->n_compared;
    run_on(engine, b->name, c, size, run);
    run->error = error;
    run->share = share;
    run->n_compared = n_compared;
    if (!c->own_class) {
        run_on(cpu, "cpu", c, size, &yardstick);
        if (!run->failed && !yardstick.failed) parity_check_same(run, &yardstick);
    }
    if (c->check && !run->failed) c->check(run);
    bool ok = !run->failed && !yardstick.failed;
    parity_free(run);
    parity_free(&yardstick);
    return ok;
}

/* Number of failed rows. */
static int run_case(gnt_engine *engine, gnt_engine *cpu, const backend *b, const gnt_op_case *c)
{
    if (!has_entry(engine->ops, c->entry)) {
        bool may = may_be_missing(c->op);
        printf("%s - %s: %s: %zu cases (the table has no %s)\n", may ? "skip" : "not ok", b->name, c->name, n_shapes(c),
               c->op);
        return !may;
    }
    parity_run run = {0};
    for (const size_t *size = sizes_of(c); *size != PARITY_END; size++) {
        run.size = *size;
        if (!run_shape(engine, cpu, b, c, &run)) return 1;
    }
    printf("ok - %s: %s: %zu shapes, %s", b->name, c->name, n_shapes(c),
           c->own_class ? "a class of its own" : "the CPU's bits");
    if (c->check)
        printf("; oracle: %zu numbers, largest error %.3g, %.3g of its bound", run.n_compared, run.error, run.share);
    printf("\n");
    return 0;
}

/* An instruction set of the CPU isn't an engine's name: its device is opened by hand. */
static gnt_status open_backend(const backend *b, gnt_engine *engine, gnt_error *why)
{
    const char *const variables[][2] = {
        {"GNT_EMU_ORDER", b->order}, {"GNT_EMU_DEVICES", b->devices}, {"GNT_EMU_MEMORY", b->memory}};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (variables[i][1])
            setenv(variables[i][0], variables[i][1], 1);
        else
            unsetenv(variables[i][0]);
    if (!b->simd) return gnt_engine_open(engine, b->device, 2, NULL, why);
    *engine = (gnt_engine){.ops = gnt_cpu_ops()};
    gnt_status st = engine->ops->open(2, b->simd, &engine->dev);
    if (st) {
        *engine = (gnt_engine){0};
        return gnt_fail(why, st, "this processor has no %s", b->simd);
    }
    engine->ops->info(engine->dev, &engine->info);
    return GNT_OK;
}

static bool asked_for(const char *op, int n, char **ops)
{
    for (int i = 0; i < n; i++)
        if (strcmp(op, ops[i]) == 0) return true;
    return n == 0;
}

int main(int argc, char **argv)
{
    gnt_engine cpu = {0}, engine = {0};
    gnt_error why = {0};
    size_t n_all = 0;
    int failed = 0;
    for (size_t i = 0; i < N_CASES; i++) n_all += n_shapes(&cases[i]);
    if (gnt_engine_open(&cpu, "cpu", 2, NULL, &why)) {
        printf("not ok - %s\n", why.text);
        return 1;
    }
    for (size_t b = 0; b < sizeof backends / sizeof *backends; b++) {
        if (open_backend(&backends[b], &engine, &why)) {
            bool broken = !strcmp(backends[b].device, "emu") && !strstr(why.text, "there is no gauntlet-emu.so");
            printf("%s - %s: %zu cases (%s)\n", broken ? "not ok" : "skip", backends[b].name, n_all, why.text);
            failed += broken;
            continue;
        }
        for (size_t i = 0; i < N_CASES; i++)
            if (asked_for(cases[i].op, argc - 1, argv + 1) &&
                (!backends[b].only || strstr(backends[b].only, cases[i].op)))
                failed += run_case(&engine, &cpu, &backends[b], &cases[i]);
        gnt_engine_close(&engine);
    }
    gnt_engine_close(&cpu);
    return failed > 0;
}
