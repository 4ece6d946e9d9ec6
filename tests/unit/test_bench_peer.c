/* What bench makes of the library beside us: the fastest way that gives our scores on no coarser numbers counts,
 * refusals are listed, a missing library is said once. The library here is made up: it scores by our own forward. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/bench/ops.h"

#define KERNEL_SECONDS 3e-3

/* What a way of the library does; seconds 0: it fails with `status`. */
typedef struct fake_way {
    const char *name;
    bool half;
    double seconds;
    gnt_status status;
    float shift; /* added to every other score */
} fake_way;

static const fake_way all_ways[] = {
    {"slow", false, 9e-3, GNT_OK, 0},     {"refuses", false, 0, GNT_EUNSUPPORTED, 0},
    {"best", false, 6e-3, GNT_OK, 1e-6f}, {"wrong", false, 1e-3, GNT_OK, 5},
    {"half", true, 4e-3, GNT_OK, 1e-4f},  {"nan", false, 1e-3, GNT_OK, NAN},
    {"fails", false, 0, GNT_EDEVICE, 0},
};
static const fake_way no_library[] = {{"absent", false, 0, GNT_EIO, 0}, {"never asked", false, 1, GNT_OK, 0}};

static const fake_way *ways;
static size_t n_ways;
static gnt_engine engine;
static gnt_ops fake_ops;

static double fake_kernel_seconds(const gnt_device *dev)
{
    (void)dev;
    return KERNEL_SECONDS;
}

static gnt_status fake_peer(gnt_device *dev, const gnt_net *net, const float *weights, gnt_panel panel, gnt_rows rows,
                            gnt_peer *peer, float *logit)
{
    gnt_packed *packed = NULL;
    if (peer->way >= n_ways) return GNT_EINVAL;
    const fake_way *way = &ways[peer->way];
    snprintf(peer->name, sizeof peer->name, "%s", way->name);
    peer->half = way->half;
    if (way->status) return way->status;
    if (fake_ops.pack(dev, net, weights, GNT_FLOAT32, &packed)) return GNT_ENOMEM;
    const gnt_packed *model = packed;
    gnt_status st = fake_ops.forward(dev, &model, 1, panel, rows, logit);
    fake_ops.unpack(dev, packed);
    for (size_t i = 0; i < rows.n; i += 2) logit[i] += way->shift;
    for (unsigned r = 0; r < peer->repeats; r++) peer->seconds[r] = way->seconds;
    return st;
}

static int open_engine(void **state)
{
    (void)state;
    gnt_error why = {0};
    if (gnt_engine_open(&engine, "cpu", 1, NULL, &why)) return -1;
    fake_ops = *engine.ops;
    fake_ops.peer = fake_peer;
    fake_ops.kernel_seconds = fake_kernel_seconds;
    engine.ops = &fake_ops;
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    gnt_engine_close(&engine);
    return 0;
}

static gnt_bench_row measure(const fake_way *list, size_t n_list, size_t n, gnt_precision precision)
{
    gnt_error why = {0};
    gnt_bench_row row;
    gnt_bench_case what = {.op = gnt_bench_op_at(0),
                           .shape = "own",
                           .net = {.n_features = 2, .window = 2, .hidden = 4, .layers = 1},
                           .n = n,
                           .repeats = GNT_BENCH_MIN_REPEATS,
                           .seed = 1};
    ways = list;
    n_ways = n_list;
    if (gnt_bench_measure(&engine, &what, 1e9, &row, &why)) fail_msg("%s", why.text);
    row.what.precision = precision;
    return row;
}

static void best_way(void **state)
{
    (void)state;
    gnt_bench_row row = measure(all_ways, sizeof all_ways / sizeof *all_ways, GNT_BENCH_PEER_WINDOWS, GNT_FLOAT32);
    const gnt_bench_peer *best = gnt_bench_best_peer(&row);
    if (row.n_peers != 7) fail_msg("%zu ways, 7 expected", row.n_peers);
    assert_non_null(best);
    if (strcmp(best->name, "best") != 0) fail_msg("best is %s", best->name);
    double ratio = gnt_bench_peer_ratio(&row), expected = 6e-3 / KERNEL_SECONDS;
    if (!(fabs(ratio - expected) <= 1e-12)) fail_msg("ratio %.17g, expected %.17g", ratio, expected);
    if (!(row.kernel.median == KERNEL_SECONDS)) fail_msg("kernels %.17g", row.kernel.median);
    row.what.precision = GNT_BF16; /* 16-bit numbers are its opponent too */
    best = gnt_bench_best_peer(&row);
    assert_non_null(best);
    if (strcmp(best->name, "half") != 0) fail_msg("best for bf16 is %s", best->name);
}

/* One more check on every way: what it says of scores that differ, and of a refusal. */
static void each_way(void **state)
{
    (void)state;
    gnt_bench_row row = measure(all_ways, sizeof all_ways / sizeof *all_ways, 64, GNT_FLOAT32);
    for (size_t i = 0; i < row.n_peers; i++) {
        const gnt_bench_peer *p = &row.peer[i];
        const fake_way *way = &all_ways[i];
        if (strcmp(p->name, way->name) != 0) fail_msg("way %zu is %s, not %s", i, p->name, way->name);
        if ((p->refusal[0] != 0) != (way->status != GNT_OK)) fail_msg("%s: refusal '%s'", p->name, p->refusal);
        if (way->status) {
            if (!isnan(p->seconds.median) || !isnan(p->difference)) fail_msg("%s: a refused way has figures", p->name);
        } else if (isnan(way->shift) ? !isnan(p->difference) : !(fabs(p->difference - way->shift) <= 1e-6)) {
            fail_msg("%s: difference %g, made %g", p->name, p->difference, (double)way->shift);
        }
    }
    assert_non_null(gnt_bench_best_peer(&row));
    if (!isnan(gnt_bench_peer_ratio(&row))) fail_msg("64 windows have a ratio: %g", gnt_bench_peer_ratio(&row));
    json_t *o = gnt_bench_peers_json(&row);
    assert_int_equal(json_array_size(json_object_get(o, "ways")), 7);
    assert_true(json_is_null(json_object_get(o, "ratio")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(o, "reasons"), "ratio")), "too_few_windows");
    json_decref(o);
}

static void missing_library(void **state)
{
    (void)state;
    gnt_bench_row row = measure(no_library, 2, 64, GNT_FLOAT32);
    if (row.n_peers != 1 || !row.peer[0].refusal[0])
        fail_msg("%zu ways, the first says '%s'", row.n_peers, row.peer[0].refusal);
    assert_null(gnt_bench_best_peer(&row));
    row = measure(NULL, 0, 64, GNT_FLOAT32);
    assert_int_equal(row.n_peers, 0);
    json_t *o = gnt_bench_peers_json(&row);
    assert_true(json_is_null(o));
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_way),
        cmocka_unit_test(each_way),
        cmocka_unit_test(missing_library),
    };
    return cmocka_run_group_tests(tests, open_engine, close_engine);
}
