/* The simulator on every device against the CPU, byte for byte, and the oracle: any order of lanes, any mixture of what
 * they read, any chunks, any number of GPUs. */
#include "host/device/engine.h"
#include "tests/ref/ref_simulate.h"
#include "tests/test.h"

#include <stdio.h>

#include "tests/sim_books.h"

/* Where a device's engine can be opened; the emulated one in several orders of threads. */
typedef struct place {
    const char *name, *device, *order;
} place;

static const place places[] = {
    {"emu, ahead", "emu", "ahead"},
    {"emu, reverse", "emu", "reverse"},
    {"emu, shuffled", "emu", "shuffle:77"},
    {"cuda", "cuda", NULL},
};
#define N_PLACES (sizeof places / sizeof *places)

static bool place_open(const place *p, gnt_engine *engine)
{
    gnt_error why = {0};
    if (p->order) setenv("GNT_EMU_ORDER", p->order, 1);
    if (!gnt_engine_open(engine, p->device, 0, NULL, &why)) return true;
    if (p->order && !strstr(why.text, "there is no gauntlet-emu.so")) fail_msg("%s: %s", p->name, why.text);
    print_message("skip - %s: %s\n", p->name, why.text);
    return false;
}

static void engine_for(const char *device, gnt_engine *engine)
{
    gnt_error why = {0};
    if (gnt_engine_open(engine, device, 0, NULL, &why)) fail_msg("%s", why.text);
}

static bool emu_is_here(void)
{
    gnt_engine engine;
    if (!place_open(&places[0], &engine)) return false;
    gnt_engine_close(&engine);
    return true;
}

/* ---- a call ------------------------------------------------------------------------------------------------------ */

/* Lanes, and room for what one device and another say of them. */
typedef struct call {
    gnt_sim_lane *lane;
    gnt_sim_path *path[2];
    gnt_sim_totals *totals[2];
    double *doubles[2]; /* of the paths */
    size_t n, n_doubles;
    bool paths;
} call;

static void *need(size_t n, size_t bytes)
{
    void *memory = calloc(n + 1, bytes);
    if (!memory) fail_msg("no memory for the test");
    return memory;
}

static void call_free(call *c)
{
    free(c->lane);
    for (int k = 0; k < 2; k++) {
        free(c->path[k]);
        free(c->totals[k]);
        free(c->doubles[k]);
    }
}

static size_t lane_bars(const gnt_sim_lane *lane)
{
    return lane->end - lane->begin;
}

/* Room for the call's answers; totals and paths begin as 0xFF bytes. */
static void call_open(call *c, bool paths)
{
    size_t most = 0;
    c->paths = paths;
    for (size_t i = 0; i < c->n; i++) most += 8 * lane_bars(&c->lane[i]);
    for (int k = 0; k < 2; k++) {
        c->path[k] = need(c->n, sizeof *c->path[k]);
        c->totals[k] = need(c->n, sizeof *c->totals[k]);
        c->doubles[k] = need(paths ? most : 0, sizeof(double));
        if (paths) c->n_doubles = lanes_mix_paths(c->lane, c->n, c->path[k], c->doubles[k]);
    }
}

static void call_simulate(call *c, int k, gnt_engine *engine)
{
    gnt_error why = {0};
    memset(c->totals[k], 0xFF, c->n * sizeof *c->totals[k]);
    memset(c->doubles[k], 0xFF, c->n_doubles * sizeof *c->doubles[k]);
    if (gnt_engine_simulate(engine, c->lane, c->n, c->totals[k], c->paths ? c->path[k] : NULL, &why))
        fail_msg("%s", why.text);
}

static void differ(const char *where, size_t lane, const char *than, const gnt_sim_totals *got,
                   const gnt_sim_totals *expected)
{
    char a[600], b[600];
    sim_totals_print(a, sizeof a, got);
    sim_totals_print(b, sizeof b, expected);
    fail_msg("%s lane %zu\n  got %s\n  %s %s", where, lane, a, than, b);
}

/* The answers of a device are the CPU's bytes: totals up to their padding, paths whole. */
static void call_same(const call *c, const char *where)
{
    for (size_t i = 0; i < c->n; i++)
        if (!sim_same_totals(&c->totals[1][i], &c->totals[0][i]))
            differ(where, i, "cpu", &c->totals[1][i], &c->totals[0][i]);
    for (size_t i = 0; i < c->n_doubles; i++)
        if (memcmp(&c->doubles[1][i], &c->doubles[0][i], sizeof(double)))
            fail_msg("%s path element %zu: %.17g (%a), cpu %.17g (%a)", where, i, c->doubles[1][i], c->doubles[1][i],
                     c->doubles[0][i], c->doubles[0][i]);
}

static void call_mix(call *c, size_t n, uint64_t seed, bool paths)
{
    static lanes_mix mix;
    *c = (call){.n = n, .lane = need(n, sizeof *c->lane)};
    lanes_mix_make(&mix, seed, c->lane, n);
    call_open(c, paths);
}

static void each_place(call *c, const char *what)
{
    gnt_engine cpu, engine;
    char where[64];
    engine_for("cpu", &cpu);
    call_simulate(c, 0, &cpu);
    gnt_engine_close(&cpu);
    for (size_t p = 0; p < N_PLACES; p++) {
        if (!place_open(&places[p], &engine)) continue;
        call_simulate(c, 1, &engine);
        gnt_engine_close(&engine);
        snprintf(where, sizeof where, "%s, %s", places[p].name, what);
        call_same(c, where);
    }
}

/* ---- tests ---------------------------------------------------------------------------------------------------------
 */

static void any_number_of_lanes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 31, 32, 33, 1000, 1009};
    char what[40];
    for (size_t k = 0; k < 2 * sizeof sizes / sizeof *sizes; k++) {
        call c;
        bool paths = k % 2;
        call_mix(&c, sizes[k / 2], k / 2, paths);
        snprintf(what, sizeof what, "%zu lanes%s", c.n, paths ? " and paths" : "");
        each_place(&c, what);
        call_free(&c);
    }
}

/* Sweeps: one feed, from trade to trade; and the oracle. */
static void books_from_trade_to_trade(void **state)
{
    (void)state;
    static books b;
    gnt_engine emu;
    gnt_error why = {0};
    gnt_sim_totals got[LANES];
    size_t n_ruined = 0, n_fills = 0, n_bars = 0;
    if (!place_open(&places[2], &emu)) skip();
    for (uint64_t round = 0; round < 60; round++) {
        books_make(&b, round);
        if (gnt_engine_simulate(&emu, b.lane, b.n, got, NULL, &why)) fail_msg("%s", why.text);
        for (size_t i = 0; i < b.n; i++) {
            if (!sim_same_totals(&got[i], &b.expected[i])) differ("emu", i, "oracle", &got[i], &b.expected[i]);
            n_ruined += b.expected[i].ruined;
            n_fills += b.expected[i].n_fills;
            n_bars += b.expected[i].n_bars;
        }
    }
    gnt_engine_close(&emu);
    if (n_ruined < 8 || n_fills < 8000 || n_bars < 2 * n_fills)
        fail_msg("%zu ruined, %zu fills in %zu bars: the books prove too little", n_ruined, n_fills, n_bars);
}

/* Random lanes with whole paths, against the oracle. */
static void paths_of_the_oracle(void **state)
{
    (void)state;
    enum { N = 100 };
    static sim_case cases[N];
    static sim_paths expected[N], got[N];
    gnt_engine emu;
    gnt_error why = {0};
    gnt_sim_lane lanes[N];
    gnt_sim_path paths[N];
    gnt_sim_totals totals[N], oracle[N];
    if (!place_open(&places[1], &emu)) skip();
    for (size_t i = 0; i < N; i++) {
        sim_case_make(&cases[i], 500 + i);
        lanes[i] = cases[i].lane;
        gnt_sim_path path = sim_path(&expected[i]);
        ref_simulate(&lanes[i], &oracle[i], &path);
        paths[i] = sim_path(&got[i]);
    }
    if (gnt_engine_simulate(&emu, lanes, N, totals, paths, &why)) fail_msg("%s", why.text);
    gnt_engine_close(&emu);
    for (size_t i = 0; i < N; i++) {
        if (!sim_same_totals(&totals[i], &oracle[i])) differ("emu", i, "oracle", &totals[i], &oracle[i]);
        for (int k = 0; k < 8; k++)
            for (int t = 0; t < SIM_T; t++)
                if (!sim_same(got[i].x[k][t], expected[i].x[k][t]))
                    fail_msg("lane %zu field %d bar %d: %.17g, oracle %.17g", i, k, t, got[i].x[k][t],
                             expected[i].x[k][t]);
    }
}

/* Runs the call on the emulated device with a variable of its own set. */
static void emu_with(call *c, const char *name, const char *value, const char *what)
{
    gnt_engine cpu, emu;
    setenv(name, value, 1);
    engine_for("cpu", &cpu);
    engine_for("emu", &emu);
    call_simulate(c, 0, &cpu);
    call_simulate(c, 1, &emu);
    gnt_engine_close(&cpu);
    gnt_engine_close(&emu);
    unsetenv(name);
    call_same(c, what);
}

/* So little memory that lanes go in many chunks, and what they read in several sets. */
static void chunks_change_no_bit(void **state)
{
    (void)state;
    static const char *const bytes[] = {"1000000", "500000", "200000"};
    if (!emu_is_here()) skip();
    for (size_t k = 0; k < sizeof bytes / sizeof *bytes; k++) {
        call c;
        call_mix(&c, 1009, 20 + k, true);
        emu_with(&c, "GNT_EMU_MEMORY", bytes[k], bytes[k]);
        call_free(&c);
    }
}

static void devices_change_no_bit(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 33, 1009};
    if (!emu_is_here()) skip();
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        call c;
        call_mix(&c, sizes[k], 30 + k, k % 2);
        emu_with(&c, "GNT_EMU_DEVICES", "2", "two devices");
        call_free(&c);
    }
}

/* A lane whose bars don't fit is refused with both sizes; the device goes on. */
static void too_little_memory(void **state)
{
    (void)state;
    enum { N = 60000 };
    gnt_engine emu;
    gnt_error why = {0};
    gnt_sim_totals totals;
    if (!emu_is_here()) skip();
    double *x = need(6 * N, sizeof *x);
    gnt_strategy strategy = sim_plain();
    gnt_sim_market view = {.bars = synth_bars(3, N, .02, x)};
    gnt_sim_lane lane = {&view, &strategy, x + 5 * (size_t)N, NULL, 1, N};
    setenv("GNT_EMU_MEMORY", "1000000", 1);
    engine_for("emu", &emu);
    unsetenv("GNT_EMU_MEMORY");
    if (gnt_engine_simulate(&emu, &lane, 1, &totals, NULL, &why) != GNT_ENOMEM) fail_msg("60,000 bars fit into 1 MB");
    if (!strstr(why.text, "needs") || !strstr(why.text, "free")) fail_msg("%s", why.text);
    lane.end = 200;
    view.bars.n = 200;
    if (gnt_engine_simulate(&emu, &lane, 1, &totals, NULL, &why)) fail_msg("%s", why.text);
    gnt_engine_close(&emu);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_lanes),   cmocka_unit_test(books_from_trade_to_trade),
        cmocka_unit_test(paths_of_the_oracle),   cmocka_unit_test(chunks_change_no_bit),
        cmocka_unit_test(devices_change_no_bit), cmocka_unit_test(too_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
